import { readFileSync } from "node:fs";

const deployment = new URL("../../charts/telehealth-operator/templates/deployment.yaml", import.meta.url);
const [, flags] = /command: \[node, (.+), src\/main\.ts\]/.exec(readFileSync(deployment, "utf8")) ?? [];
if (flags === undefined) throw new Error("The chart's deployment does not say how it starts the operator.");

/** The options of Node with which the chart starts the operator, so that a bench measures what runs in a pod. */
export const POD_FLAGS: readonly string[] = flags.split(", ");
