import { join } from "node:path";
import { inject } from "vitest";
import { commandIn, type Place, runIn } from "../../bed/node/places.ts";
import { run } from "../../bed/run.ts";
import { handOn } from "../../support/own-cluster.ts";

/** The node that all tests of a run share. */
export const node = inject("node");

export const hand = handOn(node.adminConnection);

/** Runs kubectl as the administrator, from outside of the cluster. `input` is its standard input, for `-f -`. */
export function kubectl(args: readonly string[], input?: string): Promise<string> {
  const env = { KUBECONFIG: node.kubeconfig, KUBECACHEDIR: join(node.directory, "kubectl-cache") };
  return run(join(node.binaries, "kubectl"), args, { env, ...(input !== undefined && { input }) });
}

/** Server-side apply of plain objects, as a user would. */
export function apply(...items: readonly object[]): Promise<string> {
  return kubectl(["apply", "--server-side", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
}

/** Runs a program of this machine in the network of a place: the node, a pod, or outside of the cluster. */
export function runAt(place: Place, ...command: readonly string[]): Promise<string> {
  return runIn(node, place, command);
}

/** The same as a command line, for programs that stay. */
export function commandTo(place: Place, ...command: readonly string[]): Promise<string[]> {
  return commandIn(node, place, command);
}
