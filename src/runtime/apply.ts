import { createHash } from "node:crypto";
import { describe, type LiveObject, type Manifest, type VerifiedManifests } from "../manifest.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { type Clock, sleep, systemClock } from "./clock.ts";
import type { Cache, Cluster, Ref } from "./cluster.ts";
import { type Difference, differences } from "./differences.ts";
import { createLedger, reached } from "./ledger.ts";
import { createLimiter } from "./limiter.ts";
import { hasLeftovers, managersOf } from "./managed-fields.ts";
import { resourceOf } from "./resources.ts";

/** An object by name, for messages and events. */
export interface ObjectRef extends Ref {
  readonly apiVersion: string;
  readonly kind: string;
}

export interface Change {
  readonly object: ObjectRef;
  readonly action: "created" | "configured" | "unchanged" | "pruned";
  /** The managers whose values were replaced: somebody else changes what is ours. */
  readonly tookOverFrom?: readonly string[];
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

/** Server-side apply with a memory: see ledger.ts. */
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
  const ledger = createLedger(cache);

  async function applyOne(desired: Manifest, ours: (live: LiveObject) => boolean, cluster: Cluster): Promise<Change> {
    const resource = resourceOf(desired);
    const hash = hashOf(desired);
    const ref = refOf(desired);
    const entry = ledger.get(desired);
    const cached = cache.get(resource, ref);
    if (cached && !ours(cached)) throw new NameTaken(desired);
    if (cached && entry?.hash === hash && entry.uid === cached.metadata.uid) {
      // An older version in the cache is one from before our write.
      if (reached(entry.resourceVersion, cached.metadata.resourceVersion)) return { object: ref, action: "unchanged" };
    }
    if (cached && cache.holds(resource) === "whole" && (!entry || entry.hash === hash)) {
      const found = fingerprint(drift(desired, cached));
      if (found === (entry?.accepted ?? "")) return remember(desired, hash, cached, found, "unchanged");
    }
    return repair(desired, hash, entry?.hash === hash ? entry.accepted : "", ours, cluster);
  }

  /** Compares with the server's own object, and applies if that differs too. */
  async function repair(
    desired: Manifest,
    hash: string,
    tolerated: string,
    ours: (live: LiveObject) => boolean,
    cluster: Cluster,
  ): Promise<Change> {
    const resource = resourceOf(desired);
    const live = await cluster.get(resource, refOf(desired));
    if (live && !ours(live)) throw new NameTaken(desired);
    const found = live ? drift(desired, live) : [];
    if (live && fingerprint(found) === tolerated && !hasLeftovers(live, desired, manager)) {
      return remember(desired, hash, live, tolerated, "unchanged");
    }
    if (live && isSealed(live) && found.length > 0) {
      // Nothing can be written to it: somebody deleted ours and made this one in its place.
      await cluster.delete(resource, refOf(desired), { uid: live.metadata.uid, propagation: "Background" });
    }
    const applied = await cluster.apply(resource, desired, { manager, force: true });
    const accepted = fingerprint(drift(desired, applied));
    if (applied.metadata.resourceVersion === live?.metadata.resourceVersion) {
      return remember(desired, hash, applied, accepted, "unchanged");
    }
    ledger.expect(desired, applied);
    const paths = found.map(({ path }) => path);
    const others = live ? managersOf(live, desired, paths, manager) : [];
    const change = remember(desired, hash, applied, accepted, live ? "configured" : "created");
    logger.debug({ object: change.object, action: change.action, others }, "applied");
    return others.length > 0 ? { ...change, tookOverFrom: others } : change;
  }

  function remember(
    desired: Manifest,
    hash: string,
    { metadata: { uid, resourceVersion } }: LiveObject,
    accepted: string,
    action: Change["action"],
  ): Change {
    ledger.set(desired, { hash, uid, resourceVersion, accepted });
    return { object: refOf(desired), action };
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
    apply(objects, { only, ours, signal }) {
      const cluster = options.cluster.within(signal);
      const chosen = only ? objects.filter((object) => only(object)) : objects;
      return all(chosen, signal, (object) => applyOne(object, ours, cluster));
    },
    prune(candidates, signal) {
      const cluster = options.cluster.within(signal);
      return all(candidates, signal, async (live) => {
        const ref = refOf(live);
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
    forget: ledger.forget,
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
