import { copyFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { apiClient, type ApiClient, type Connection } from "./api.ts";
import { cacheEntry, kept } from "./cache.ts";
import { goModule } from "./go.ts";
import { say } from "./progress.ts";
import { waitFor } from "./wait.ts";

interface Source {
  readonly module: string;
  readonly version: string;
  readonly folder: string;
  readonly release: string;
  /** Some projects have many more definitions than we meet; these are enough. */
  readonly files?: readonly string[];
}

/**
 * Other projects' definitions that a practice uses when they are there, or that the chart and the pages on GitOps speak
 * of. Taken from the projects, never copied here.
 */
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
  "admin-network-policy": {
    module: "sigs.k8s.io/network-policy-api",
    version: "v0.1.1",
    folder: "config/crd",
    release: "https://github.com/kubernetes-sigs/network-policy-api/releases/download/v0.1.1/install.yaml",
    files: ["policy.networking.k8s.io_adminnetworkpolicies.yaml"],
  },
  "cluster-network-policy": {
    module: "sigs.k8s.io/network-policy-api",
    version: "v0.3.0",
    folder: "config/crd/standard",
    release: "https://github.com/kubernetes-sigs/network-policy-api/releases/download/v0.3.0/standard-install.yaml",
    files: ["policy.networking.k8s.io_clusternetworkpolicies.yaml"],
  },
  "prometheus-operator": {
    module: "github.com/prometheus-operator/prometheus-operator",
    version: "v0.85.0",
    folder: "example/prometheus-operator-crd",
    release:
      "https://github.com/prometheus-operator/prometheus-operator/releases/download/v0.85.0/stripped-down-crds.yaml",
    files: ["monitoring.coreos.com_prometheusrules.yaml", "monitoring.coreos.com_servicemonitors.yaml"],
  },
  "argo-cd": {
    module: "github.com/argoproj/argo-cd/v3",
    version: "v3.4.0",
    folder: "manifests/crds",
    release: "https://raw.githubusercontent.com/argoproj/argo-cd/v3.4.0/manifests/crds/application-crd.yaml",
    files: ["application-crd.yaml"],
  },
  "flux-kustomize": {
    module: "github.com/fluxcd/kustomize-controller",
    version: "v1.7.3",
    folder: "config/crd/bases",
    release: "https://github.com/fluxcd/kustomize-controller/releases/download/v1.7.3/kustomize-controller.crds.yaml",
  },
  "flux-source": {
    module: "github.com/fluxcd/source-controller",
    version: "v1.8.0",
    folder: "config/crd/bases",
    release: "https://github.com/fluxcd/source-controller/releases/download/v1.8.0/source-controller.crds.yaml",
    files: ["source.toolkit.fluxcd.io_gitrepositories.yaml"],
  },
  "flux-helm": {
    module: "github.com/fluxcd/helm-controller",
    version: "v1.4.0",
    folder: "config/crd/bases",
    release: "https://github.com/fluxcd/helm-controller/releases/download/v1.4.0/helm-controller.crds.yaml",
  },
} as const satisfies Readonly<Record<string, Source>>;

export type CrdSource = keyof typeof sources;

interface Definition {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

const collection = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

async function fetchInto(into: string, name: CrdSource): Promise<void> {
  const { module, version, folder, release, files }: Source = sources[name];
  try {
    const from = join(await goModule(module, version), folder);
    for (const file of await readdir(from)) {
      if (files?.includes(file) ?? file.endsWith(".yaml")) await copyFile(join(from, file), join(into, file));
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
  const { module, version, folder, files = [] }: Source = sources[name];
  return kept(cacheEntry(`crds-${name}`, [module, version, folder, ...files]), (into) => fetchInto(into, name));
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

/** How long a removal may take before the API server is reminded of it. */
const PATIENCE_MS = 50_000;

/** Removes them with everything that was stored in their kinds; returns once they are gone. */
export function removeCrds(connection: Connection, name: CrdSource): Promise<void> {
  return withClient(connection, async (client) => {
    const remove = async ({ metadata }: Definition) => {
      const path = `${collection}/${metadata.name}`;
      await client.request("DELETE", path);
      let remindAt = Date.now() + PATIENCE_MS;
      const gone = async () => {
        if ((await client.request("GET", path)).status === 404) return true;
        // Its objects are looked for every five seconds, for five definitions at a time. A conflict between two writers of its
        // status ends that until the next resync, after five minutes, or the next change (apiextensions-apiserver,
        // finalizer/crd_finalizer.go).
        if (Date.now() > remindAt) {
          remindAt = Date.now() + PATIENCE_MS;
          const annotations = { "tests.example/reminded": new Date().toISOString() };
          await client.request("PATCH", path, { metadata: { annotations } }, "application/merge-patch+json");
        }
        return false;
      };
      await waitFor(gone, { timeout: 200_000, interval: 1000, what: `${metadata.name} to be gone` });
    };
    await Promise.all((await definitions(name)).map(remove));
  });
}
