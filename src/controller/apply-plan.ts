import { LABEL } from "../api/group.ts";
import { describe, type LiveObject, type Manifest } from "../manifest.ts";
import type { Practice } from "../practice/practice.ts";
import { PHASES, phaseOf } from "../render/order.ts";
import type { Rendering } from "../render/render.ts";
import { type Change, type ChangeSet, NameTaken } from "../runtime/changes.ts";
import type { Cache } from "../runtime/cluster.ts";
import { Stalled } from "../runtime/errors.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Context, PracticeResource } from "./context.ts";
import type { ApplyPlan } from "./gate.ts";
import { liveChildren } from "./live.ts";
import { mountedBy, type PodVolumes } from "./mounts.ts";
import { isOurs } from "./ownership.ts";

/** How long somebody who fights us may keep a wall as he made it; other objects longer. */
const LONGEST_FIGHT_FOR_WALLS_MS = 10_000;

/**
 * Applies what may be applied now, phase by phase: a phase begins when the one before it is through. What was done is added
 * to `done`, also when the rest could not be.
 * @throws Stalled `NameTaken` when a foreign object stands in a name; it is left as it is.
 */
export async function applyPlan(
  context: Context,
  resource: PracticeResource,
  plan: ApplyPlan,
  done: Change[],
): Promise<ChangeSet> {
  const changes: Change[] = [];
  const told = (change: Change) => {
    done.push(change);
    announceOthers(context, resource, change);
  };
  for (const phase of PHASES) {
    try {
      const only = (object: Manifest) => phaseOf(object) === phase;
      const ours = (live: LiveObject) => isOurs(context, resource, live);
      const limit = phase === "walls" ? { longestFightMs: LONGEST_FIGHT_FOR_WALLS_MS } : {};
      changes.push(...(await context.applier.apply(plan.now, { only, ours, ...limit, told, signal: context.signal })));
    } catch (error) {
      if (!(error instanceof NameTaken)) throw error;
      throw new Stalled(
        "NameTaken",
        `${error.ref.kind}/${error.ref.name} exists and does not belong to this practice. Rename or remove it, or rename the practice.`,
      );
    }
  }
  return changes;
}

/** Tells of whoever changes what is ours, so that the admin can end the fight. */
function announceOthers(context: Context, regarding: PracticeResource, change: Change): void {
  const { object, action, tookOverFrom, rivals = [] } = change;
  const what = `${object.kind}/${object.name}`;
  const warn = (reason: string, note: string) =>
    context.events.emit({ regarding, type: "Warning", reason, action: "Repair", note });
  if (tookOverFrom) {
    const who = tookOverFrom.join(", ");
    warn("ChangedByOthers", `${who} changed ${what}; it was put back. Change the practice's manifest instead.`);
  }
  if (action === "contested") {
    const advice =
      rivals.length > 0
        ? `The last to change it: ${rivals.join(", ")}. Stop that.`
        : "Find out what does that and stop it.";
    warn("Contested", `${what} is changed or deleted again and again, so it is put back less often. ${advice}`);
  }
}

/** Deletes what this practice no longer consists of; of a suspended one only the routes that a closed door takes away. */
export async function prune(
  context: Context,
  practice: Practice,
  rendering: Rendering,
  plan: ApplyPlan,
  done: Change[],
): Promise<void> {
  if (practice.suspend) {
    if (plan.withdraw) await withdrawRoutes(context, practice, done);
    return;
  }
  await remove(context, superfluousChildren(context.cache, practice, rendering, plan), done);
}

/** Closes the door: takes every route away. */
export async function withdrawRoutes(context: Context, practice: Practice, done: Change[]): Promise<void> {
  await remove(context, liveRoutes(context.cache, practice), done);
}

/** The routes by which a practice can be reached now. */
export function liveRoutes(cache: Cache, { namespace, uid }: Practice): LiveObject[] {
  return uid ? liveChildren(cache, { namespace, uid }).filter((child) => phaseOf(child) === "routes") : [];
}

async function remove({ applier, signal }: Context, objects: readonly LiveObject[], done: Change[]): Promise<void> {
  if (objects.length > 0) await applier.prune(objects, { told: (change) => done.push(change), signal });
}

/** One line for a reconcile that changed something, none for one that did not. */
export function logChanges({ logger }: Context, changes: ChangeSet): void {
  const counts: Partial<Record<Change["action"], number>> = {};
  for (const { action } of changes) counts[action] = (counts[action] ?? 0) + 1;
  const { unchanged: _, ...changed } = counts;
  if (Object.keys(changed).length > 0) logger.info(counts, "Objects changed");
}

/**
 * Live children that the practice no longer consists of. Never: volumes, what is born once, what a waiting component
 * consists of, and a configuration that a pod or workload still mounts. `withdraw` adds every route. A trial is part of a
 * practice only while it is to be applied.
 */
export function superfluousChildren(
  cache: Cache,
  practice: Practice,
  rendering: Rendering,
  { now, withdraw }: Pick<ApplyPlan, "now" | "withdraw">,
): LiveObject[] {
  if (!practice.uid) return [];
  const wanted = new Set([...rendering.manifests, ...now].map(describe));
  const awaited = new Set(rendering.awaits.map(({ component }) => component));
  const mounted = mountedConfigurations(cache, practice);
  const children = liveChildren(cache, { namespace: practice.namespace, uid: practice.uid });
  return children.filter((child) => {
    if (withdraw && phaseOf(child) === "routes") return true;
    if (wanted.has(describe(child))) return false;
    if (child.kind === "PersistentVolumeClaim" || child.metadata.name === practice.names.identity) return false;
    if (awaited.has(child.metadata.labels?.[LABEL.component] ?? "")) return false;
    return child.kind !== "ConfigMap" || !mounted.has(child.metadata.name);
  });
}

/** Names of ConfigMaps that a pod of the practice, or a workload that may restart one, refers to. */
function mountedConfigurations(cache: Cache, practice: Practice): ReadonlySet<string> {
  const { namespace } = practice;
  const templates = [RESOURCES.StatefulSet, RESOURCES.Deployment].flatMap((resource) =>
    cache.list(resource, namespace).map((workload) => templateOf(workload)),
  );
  const pods = cache.list(RESOURCES.Pod, namespace).map((pod) => pod["spec"] as PodVolumes);
  return new Set([...templates, ...pods].flatMap((spec) => (spec ? mountedBy(spec) : [])));
}

function templateOf(workload: LiveObject): PodVolumes | undefined {
  return (workload["spec"] as { template?: { spec?: PodVolumes } } | undefined)?.template?.spec;
}
