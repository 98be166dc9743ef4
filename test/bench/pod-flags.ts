import { readFileSync } from "node:fs";

const deployment = new URL("../../charts/telehealth-operator/templates/deployment.yaml", import.meta.url);
const [, flags] = /command: \[node, (.+), src\/main\.ts\]/.exec(readFileSync(deployment, "utf8")) ?? [];
if (flags === undefined) throw new Error("The chart's deployment does not say how it starts the operator.");

/** The options of Node with which the chart starts the operator, so that a bench measures what runs in a pod. */
export const POD_FLAGS: readonly string[] = flags.split(", ");

/**
 * The same for an operator of so many practices: in a container Node takes half of the memory limit for its heap, and the
 * limit is what docs/fleet.md says. Measured with Node 24: 268 MiB of 512, 640 of 1256.
 */
export function podFlags(practices: number): readonly string[] {
  const limitMiB = Math.max(512, 256 + practices);
  return [...POD_FLAGS, `--max-old-space-size=${Math.round(limitMiB / 2)}`];
}
