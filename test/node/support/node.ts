import { inject } from "vitest";
import { ENFORCER_RULES, NO_ENFORCER_RULES } from "../../bed/node/enforcer.ts";
import { commandAt, commandIn, type Place, runIn, startProgram, stopProgram } from "../../bed/node/places.ts";
import { run } from "../../bed/run.ts";
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

/** What is done meanwhile is done on a network that knows no policies; then it obeys them again. */
export async function withoutEnforcer<Result>(meanwhile: () => Promise<Result>): Promise<Result> {
  await stopProgram(node, "policies");
  await setRules(NO_ENFORCER_RULES);
  try {
    return await meanwhile();
  } finally {
    await setRules(ENFORCER_RULES);
    await startProgram(node, "policies");
  }
}

async function setRules(rules: string): Promise<void> {
  const [command = "", ...args] = commandAt(node, "node", ["iptables-restore", "-w", "--noflush"]);
  await run(command, args, { input: rules });
}
