import { randomUUID } from "node:crypto";
import { cp, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, parseAllDocuments, stringify } from "yaml";
import type { Manifest } from "../../src/manifest.ts";
import type { ControlPlane } from "../bed/control-plane.ts";
import { helm } from "../bed/helm.ts";

export const CHART = "charts/telehealth-operator";

/** What `helm template` makes of the chart with `values`, in the namespace `operators`. */
export async function rendered(values: object = {}): Promise<Manifest[]> {
  const text = await helm(["template", "op", CHART, "--namespace", "operators", "--values", "-"], {
    input: stringify(values),
  });
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

/** A copy of the chart as a former release could have been: another version, and a definition without `field` in the spec. */
export async function formerChart(field: string): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), "telehealth-chart-"));
  await cp(CHART, copy, { recursive: true });
  await edit(join(copy, "Chart.yaml"), (chart) => ({ ...chart, version: "0.0.9" }));
  await edit(join(copy, "files/crd.yaml"), (definition) => {
    delete propertiesOfSpec(definition)[field];
    return definition;
  });
  return copy;
}

/** A kubeconfig for somebody with a token, such as the operator's ServiceAccount. */
export async function kubeconfigWithToken(
  own: Pick<ControlPlane, "server" | "adminConnection" | "directory">,
  namespace: string,
  token: string,
): Promise<string> {
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "token",
    clusters: [
      {
        name: "bed",
        cluster: {
          server: own.server,
          "certificate-authority-data": Buffer.from(own.adminConnection.ca).toString("base64"),
        },
      },
    ],
    users: [{ name: "token", user: { token } }],
    contexts: [{ name: "token", context: { cluster: "bed", user: "token", namespace } }],
  };
  // One for each token: several may be in use at a time.
  const file = join(own.directory, `${randomUUID()}.kubeconfig`);
  await writeFile(file, stringify(config), { mode: 0o600 });
  return file;
}

interface Definition {
  readonly spec?: {
    versions: { schema: { openAPIV3Schema: { properties: { spec: { properties: Record<string, unknown> } } } } }[];
  };
}

/** The fields that a definition knows in the spec of a practice. */
export function propertiesOfSpec(definition: Definition): Record<string, unknown> {
  return definition.spec?.versions[0]?.schema.openAPIV3Schema.properties.spec.properties ?? {};
}

async function edit(file: string, change: (content: Definition) => object): Promise<void> {
  await writeFile(file, stringify(change(parse(await readFile(file, "utf8")) as Definition)));
}
