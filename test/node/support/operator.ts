import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import type { Manifest } from "../../../src/manifest.ts";
import { helm } from "../../bed/helm.ts";
import { BED_IMAGES } from "../../bed/node/images.ts";
import type { NodeData } from "../../bed/node/start.ts";
import { run } from "../../bed/run.ts";
import { CHART } from "../../support/chart.ts";

/** Where the operator runs, under Pod Security `restricted` as its practices. */
export const OPERATORS = "operators";

/** The namespace of the front door's pods. */
export const EDGE = "edge";

/** Who may knock at practices here: pods of the front door, and who stands outside of the cluster. */
const FRONT_DOOR = [
  { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": EDGE } } },
  { ipBlock: { cidr: "10.200.0.254/32" } },
];

const { operator, ...images } = BED_IMAGES;
const [repository = "", tag = ""] = operator.split(":");

/** The chart's values with which the operator of the tests runs; the ports of the name server are those of its pods. */
export const VALUES = {
  image: { repository, tag },
  config: { images, frontDoor: FRONT_DOOR, dns: { ports: [53, 5353] }, probe: { everyHours: 0 } },
};

/** Installs the chart, all of its objects, and returns once the operator's pod is ready. */
export async function installOperator(data: NodeData): Promise<void> {
  const kubectl = (args: readonly string[], input = "") =>
    run(join(data.binaries, "kubectl"), [`--kubeconfig=${data.kubeconfig}`, ...args], { input });
  const namespace = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: OPERATORS, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
  };
  await kubectl(["apply", "--server-side", "-f", "-"], stringify(namespace));
  const args = ["template", "op", CHART, "--namespace", OPERATORS, "--values", "-"];
  const objects = parseAllDocuments(await helm(args, { input: stringify(VALUES) }))
    .map((document) => document.toJS() as Manifest | null)
    .filter((object) => object !== null && object.kind !== "CustomResourceDefinition"); // it is there
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  await kubectl(["apply", "--server-side", "-n", OPERATORS, "-f", "-"], list);
  await kubectl(["-n", OPERATORS, "rollout", "status", "deployment/op", "--timeout=180s"]);
}
