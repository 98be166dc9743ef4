import { copyFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { apiClient, type ApiClient, type Connection } from "./api.ts";
import { cacheEntry, kept } from "./cache.ts";
import { goModule } from "./go.ts";
import { say } from "./progress.ts";
import { waitFor } from "./wait.ts";

/** Other projects' definitions that a practice uses when they are there. Taken from the projects, never copied here. */
const sources = {
  "cert-manager": {
    module: "github.com/cert-manager/cert-manager",
    version: "v1.21.2",
    folder: "deploy/crds",
    release: "https://github.com/cert-manager/cert-manager/releases/download/v1.21.2/cert-manager.crds.yaml",
  },
  "gateway-api": {
    module: "sigs.k8s.io/gateway-api",
    version: "v1.6.0",
    folder: "config/crd/standard",
    release: "https://github.com/kubernetes-sigs/gateway-api/releases/download/v1.6.0/standard-install.yaml",
  },
} as const;

export type CrdSource = keyof typeof sources;

interface Definition {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

const collection = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

async function fetchInto(into: string, name: CrdSource): Promise<void> {
  const { module, version, folder, release } = sources[name];
  try {
    const from = join(await goModule(module, version), folder);
    for (const file of await readdir(from)) {
      if (file.endsWith(".yaml")) await copyFile(join(from, file), join(into, file));
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    say(`no Go module for the definitions of ${name} (${reason}); trying ${release}`);
    const answer = await fetch(release, { signal: AbortSignal.timeout(10_000) });
    if (!answer.ok) throw new Error(`${release} answered ${answer.status}.`, { cause: error });
    await writeFile(join(into, "release.yaml"), await answer.text());
  }
}

/** Fetches another project's definitions; returns the folder of their YAML. */
export function provisionCrds(name: CrdSource): Promise<string> {
  const { module, version, folder } = sources[name];
  return kept(cacheEntry(`crds-${name}`, [module, version, folder]), (into) => fetchInto(into, name));
}

async function definitions(name: CrdSource): Promise<Definition[]> {
  const folder = await provisionCrds(name);
  const files = await readdir(folder);
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return texts
    .flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as Definition | null))
    .filter((object): object is Definition => object?.kind === "CustomResourceDefinition");
}

async function withClient(connection: Connection, use: (client: ApiClient) => Promise<void>): Promise<void> {
  const client = apiClient(connection);
  await use(client).finally(() => client.close());
}

async function isEstablished(client: ApiClient, path: string): Promise<boolean> {
  const { body } = await client.request("GET", path);
  const { status } = body as { status?: { conditions?: readonly { type: string; status: string }[] } };
  return status?.conditions?.some(({ type, status }) => type === "Established" && status === "True") ?? false;
}

/** Installs or updates another project's definitions and returns once the API server serves them. */
export function installCrds(connection: Connection, name: CrdSource): Promise<void> {
  return withClient(connection, async (client) => {
    const install = async (definition: Definition) => {
      const path = `${collection}/${definition.metadata.name}`;
      const query = "?fieldManager=test-bed&force=true";
      const { status, body } = await client.request("PATCH", path + query, definition, "application/apply-patch+yaml");
      if (status >= 300) throw new Error(`${definition.metadata.name} was refused: ${JSON.stringify(body)}`);
      await waitFor(() => isEstablished(client, path), { what: `${definition.metadata.name} to be served` });
    };
    await Promise.all((await definitions(name)).map(install));
  });
}

/** Removes them with everything that was stored in their kinds; returns once they are gone. */
export function removeCrds(connection: Connection, name: CrdSource): Promise<void> {
  return withClient(connection, async (client) => {
    const remove = async ({ metadata }: Definition) => {
      const path = `${collection}/${metadata.name}`;
      await client.request("DELETE", path);
      const gone = async () => (await client.request("GET", path)).status === 404;
      // Its objects are looked for every five seconds, for five definitions at a time.
      await waitFor(gone, { timeout: 200_000, what: `${metadata.name} to be gone` });
    };
    await Promise.all((await definitions(name)).map(remove));
  });
}
