import { createHash } from "node:crypto";
import { describe, type LiveObject, type Manifest, type VerifiedManifests } from "../manifest.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { type Clock, sleep, systemClock } from "./clock.ts";
import type { Cache, Cluster, Ref } from "./cluster.ts";
import { type Difference, differences } from "./differences.ts";
import { createFights } from "./fights.ts";
import { createLedger, reached } from "./ledger.ts";
import { createLimiter } from "./limiter.ts";
import { hasLeftovers, managersOf } from "./managed-fields.ts";
import { guarded, isRefusedByGuard } from "./precondition.ts";
import { resourceOf } from "./resources.ts";

/** An object by name, for messages and events. */
export interface ObjectRef extends Ref {
  readonly apiVersion: string;
  readonly kind: string;
}

export interface Change {
  readonly object: ObjectRef;
  /** `contested`: left as somebody else made it, because it was put right too often of late. */
  readonly action: "created" | "configured" | "unchanged" | "pruned" | "contested";
  /** The managers whose values were replaced: somebody else changes what is ours. */
  readonly tookOverFrom?: readonly string[];
  /** When contested: milliseconds after which it may be put right. */
  readonly waitMs?: number;
}

export type ChangeSet = readonly Change[];

/** A foreign object has the name we need. Nothing was written to it. */
export class NameTaken extends Error {
  readonly ref: ObjectRef;

  constructor(object: Manifest) {
    super(`${describe(object)} exists already and belongs to somebody else.`);
    this.name = "NameTaken";
    this.ref = refOf(object);
  }
}

export interface Applier {
  /**
   * Makes the objects so, some at a time; writes only what differs. Call once per phase, with `only` choosing it.
   * Waits for every object, then throws the first error: what could be done is done.
   * An immutable ConfigMap with other content is made anew.
   * @throws NameTaken, or ApiError (an immutable field is a 422 with its causes).
   */
  apply(
    objects: VerifiedManifests,
    options: {
      readonly only?: (object: Manifest) => boolean;
      /** Whether a live object may be written to. */
      readonly ours: (live: LiveObject) => boolean;
      /** How long (ms) an object that somebody fights for may stay as it is. */
      readonly longestFightMs?: number;
      readonly signal: AbortSignal;
    },
  ): Promise<ChangeSet>;
  /** Deletes these, each only if it still is the same object. */
  prune(candidates: readonly LiveObject[], signal: AbortSignal): Promise<ChangeSet>;
  /** Whether the cache has seen every write in this namespace: only then may it be believed. */
  settled(namespace: string): boolean;
  /** Waits for that, at most `ms`. @returns false when it gave up; it will not wait for these writes again. */
  waitSettled(namespace: string, ms: number, signal?: AbortSignal): Promise<boolean>;
  /** Frees what is remembered of a namespace that has no objects of ours any more. */
  forget(namespace: string): void;
}

const IN_PARALLEL = 8;
const SETTLE_POLL_MS = 10;
const LONGEST_FIGHT_MS = 300_000;

/** What one call of `apply` works with. */
interface Run {
  readonly cluster: Cluster;
  readonly ours: (live: LiveObject) => boolean;
  readonly longestFightMs: number;
}

/** An object to be made so: its hash, and the differences that an earlier apply of it did not remove. */
interface Task {
  readonly desired: Manifest;
  readonly hash: string;
  readonly tolerated: string;
}

/** Server-side apply with a memory (see ledger.ts): one request for an object that differs, none for one that does not. */
export function createApplier(options: {
  readonly cluster: Cluster;
  readonly cache: Cache;
  /** Our field manager. */
  readonly manager: string;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock?: Clock;
}): Applier {
  const { cache, manager, metrics, logger, clock = systemClock } = options;
  const fights = createFights(clock);
  const ledger = createLedger(cache, fights.fought);

  async function applyOne(desired: Manifest, run: Run): Promise<Change> {
    const before = ledger.get(desired)?.hash;
    const change = await makeSo(desired, run);
    const again = change.action === "configured" && before === hashOf(desired);
    if (again || change.tookOverFrom) fights.fought(desired);
    return change;
  }

  /** What the cache tells is enough to write safely: see `guarded`. Only when the server objects, it is read. */
  async function makeSo(desired: Manifest, run: Run): Promise<Change> {
    const resource = resourceOf(desired);
    const hash = hashOf(desired);
    const ref = refOf(desired);
    const entry = ledger.get(desired);
    const cached = cache.get(resource, ref);
    const same = entry?.hash === hash;
    if (cached && !run.ours(cached)) throw new NameTaken(desired);
    if (cached && same && entry.uid === cached.metadata.uid) {
      // An older version in the cache is one from before our write.
      if (reached(entry.resourceVersion, cached.metadata.resourceVersion)) return { object: ref, action: "unchanged" };
    }
    const task = { desired, hash, tolerated: same ? entry.accepted : "" };
    const found = cached ? drift(desired, cached) : [];
    const whole = cached !== undefined && cache.holds(resource) === "whole";
    if (whole && (!entry || same) && fingerprint(found) === task.tolerated) return unchanged(task, cached);
    const wait = !entry || same ? fights.wait(desired, run.longestFightMs) : 0;
    if (wait > 0) return { object: ref, action: "contested", waitMs: wait };
    // What we made and the cache does not show is on its way to it, or of a kind that it does not hold.
    const known = cached ? whole : cache.serves(resource) && !entry;
    // To say who made what is sealed, it must be read before it goes.
    if (!known || (cached && isSealed(cached) && found.length > 0)) return repair(task, run);
    try {
      const wanted = guarded(desired, cached);
      return written(task, await run.cluster.apply(resource, wanted, { manager, force: false }), cached);
    } catch (error) {
      if (!isRefusedByGuard(error)) throw error;
      return repair(task, run);
    }
  }

  /** Compares with the server's own object, and takes over what differs. */
  async function repair(task: Task, { cluster, ours }: Run): Promise<Change> {
    const { desired, tolerated } = task;
    const resource = resourceOf(desired);
    const live = await cluster.get(resource, refOf(desired));
    if (live && !ours(live)) throw new NameTaken(desired);
    const found = live ? drift(desired, live) : [];
    if (live && fingerprint(found) === tolerated && !hasLeftovers(live, desired, manager)) {
      ledger.expect(desired, live);
      return unchanged(task, live);
    }
    const sealed = live !== undefined && isSealed(live) && found.length > 0;
    if (sealed) {
      // Nothing can be written to it: somebody deleted ours and made this one in its place.
      ledger.drop(desired);
      await cluster.delete(resource, refOf(desired), { uid: live.metadata.uid, propagation: "Background" });
    }
    const wanted = guarded(desired, sealed ? undefined : live);
    const change = written(task, await cluster.apply(resource, wanted, { manager, force: true }), live);
    const paths = found.map(({ path }) => path);
    const others = live && change.action === "configured" ? managersOf(live, desired, paths, manager) : [];
    return others.length > 0 ? { ...change, tookOverFrom: others } : change;
  }

  function written(task: Task, applied: LiveObject, before: LiveObject | undefined): Change {
    const { desired, hash } = task;
    const accepted = fingerprint(drift(desired, applied));
    ledger.expect(desired, applied);
    remember(desired, hash, applied, accepted);
    const object = refOf(desired);
    if (applied.metadata.resourceVersion === before?.metadata.resourceVersion) return { object, action: "unchanged" };
    const action = before ? "configured" : "created";
    logger.debug({ object, action }, "applied");
    return { object, action };
  }

  function unchanged({ desired, hash, tolerated }: Task, live: LiveObject): Change {
    remember(desired, hash, live, tolerated);
    return { object: refOf(desired), action: "unchanged" };
  }

  function remember(desired: Manifest, hash: string, { metadata }: LiveObject, accepted: string): void {
    ledger.set(desired, { hash, uid: metadata.uid, resourceVersion: metadata.resourceVersion, accepted });
  }

  /** Every task is tried, then the first failure is thrown. */
  async function all<T>(
    items: readonly T[],
    signal: AbortSignal,
    task: (item: T) => Promise<Change>,
  ): Promise<ChangeSet> {
    const limiter = createLimiter(IN_PARALLEL);
    const results = await Promise.allSettled(items.map((item) => limiter.run(() => task(item), signal)));
    for (const result of results) {
      if (result.status === "fulfilled") metrics.objects.inc({ action: result.value.action });
    }
    return results.map((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value;
    });
  }

  return {
    apply(objects, { only, ours, longestFightMs = LONGEST_FIGHT_MS, signal }) {
      const run = { cluster: options.cluster.within(signal), ours, longestFightMs };
      const chosen = only ? objects.filter((object) => only(object)) : objects;
      return all(chosen, signal, (object) => applyOne(object, run));
    },
    prune(candidates, signal) {
      const cluster = options.cluster.within(signal);
      return all(candidates, signal, async (live) => {
        const ref = refOf(live);
        ledger.drop(live);
        await cluster.delete(resourceOf(live), ref, { uid: live.metadata.uid, propagation: "Background" });
        return { object: ref, action: "pruned" };
      });
    },
    settled: ledger.settled,
    async waitSettled(namespace, ms, signal) {
      const until = clock.now() + ms;
      while (!ledger.settled(namespace)) {
        if (clock.now() >= until || signal?.aborted) {
          ledger.giveUp(namespace);
          return false;
        }
        await sleep(clock, SETTLE_POLL_MS, signal);
      }
      return true;
    },
    forget(namespace) {
      ledger.forget(namespace);
      fights.forget(namespace);
    },
  };
}

/** What is not as we want it. Of a ConfigMap that is named by its content also every file more. */
function drift(desired: Manifest, live: LiveObject): Difference[] {
  const found = differences(desired, live);
  if (!isSealed(desired)) return found;
  const wanted = Object.keys(desired["data"] ?? {});
  const more = Object.entries(live["data"] ?? {}).filter(([file]) => !wanted.includes(file));
  return [...found, ...more.map(([file, content]) => ({ path: ["data", file], live: content as unknown }))];
}

function isSealed(object: Manifest): boolean {
  return object.kind === "ConfigMap" && object["immutable"] === true;
}

function refOf({ apiVersion, kind, metadata: { namespace, name } }: Manifest): ObjectRef {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

/** Rendering is deterministic, so the order of fields is part of the identity. */
function hashOf(desired: Manifest): string {
  return createHash("sha256").update(JSON.stringify(desired)).digest("base64url");
}

function fingerprint(found: readonly Difference[]): string {
  return found.length === 0 ? "" : createHash("sha256").update(JSON.stringify(found)).digest("base64url");
}
