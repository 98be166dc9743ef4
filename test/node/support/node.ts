import { inject } from "vitest";
import { commandIn, type Place, runIn } from "../../bed/node/places.ts";
import { handOn } from "../../support/own-cluster.ts";

/** The node that all tests of a run share; kubectl and the like are in test/support/bed.ts. */
export const node = inject("node");

export const hand = handOn(node.adminConnection);

/** Runs a program of this machine in the network of a place: the node, a pod, or outside of the cluster. */
export function runAt(place: Place, ...command: readonly string[]): Promise<string> {
  return runIn(node, place, command);
}

/** The same as a command line, for programs that stay. */
export function commandTo(place: Place, ...command: readonly string[]): Promise<string[]> {
  return commandIn(node, place, command);
}
