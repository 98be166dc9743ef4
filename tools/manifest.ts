/** Prints the operator as one plain file: its Namespace, and the chart rendered with its defaults. `npm run manifest`. */
import { stringify } from "yaml";
import { helm } from "../test/bed/helm.ts";

const name = "telehealth-operator";
const namespace = {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
};
process.stdout.write(stringify(namespace));
process.stdout.write(await helm(["template", name, `charts/${name}`, "--namespace", name]));
