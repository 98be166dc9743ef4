import { backup } from "./matrix/backup.ts";
import { bridge } from "./bridge/bridge.ts";
import type { Component, Walls } from "./component.ts";
import type { Practice } from "../practice/practice.ts";
import { entry } from "./entry/entry.ts";
import { exposure } from "./exposure.ts";
import { front } from "./front/front.ts";
import { postgres } from "./matrix/postgres.ts";
import { pruner } from "./matrix/pruner.ts";
import { synapse } from "./matrix/synapse.ts";
import { network } from "./network.ts";
import { signalling } from "./signalling/signalling.ts";
import { tls } from "./tls.ts";
import { trial } from "./trial.ts";

const PODS: readonly Component[] = [postgres, synapse, pruner, backup, signalling, bridge, entry, front];

/** What a practice consists of, in apply order: the table of contents of the product. */
export const COMPONENTS: readonly Component[] = [network(PODS), tls, trial, ...PODS, exposure];

/** What may go in and out of every pod of a practice. */
export function wallsOf(practice: Practice): readonly Walls[] {
  return COMPONENTS.flatMap((component) => component.walls?.({ practice }) ?? []);
}
