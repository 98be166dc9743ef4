import type { LiveObject, Manifest, VerifiedManifests } from "../manifest.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { type Change, type ChangeSet, refOf } from "./changes.ts";
import { type Clock, sleep, systemClock } from "./clock.ts";
import type { Cache, Cluster } from "./cluster.ts";
import { createFights } from "./fights.ts";
import { createLedger } from "./ledger.ts";
import { createLimiter } from "./limiter.ts";
import { createMaker } from "./making.ts";
import { resourceOf } from "./resources.ts";
import { telling } from "./telling.ts";

export interface Applier {
  /**
   * Makes the objects so, some at a time; writes only what differs. Call it phase by phase, with `only` choosing.
   * Waits for every object, then throws the first error: what could be done is done.
   * An immutable ConfigMap with other content is made anew. `told` hears of each change, also when another one failed.
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
      readonly told?: Told;
      readonly signal: AbortSignal;
    },
  ): Promise<ChangeSet>;
  /** Deletes these, each only if it still is the same object, and once: the cache may show it for a moment longer. */
  prune(
    candidates: readonly LiveObject[],
    options: { readonly told?: Told; readonly signal: AbortSignal },
  ): Promise<ChangeSet>;
  /** The same cluster; what it creates and patches has to be seen as well. */
  expecting(cluster: Cluster): Cluster;
  /** Whether the cache has seen every write in this namespace: only then may it be believed. */
  settled(namespace: string): boolean;
  /**
   * Waits for that, at most `ms`; what a watch has not told for half a minute is then read.
   * @returns false when something is still not seen: the cache may not be believed, nor anything be told from it.
   */
  waitSettled(namespace: string, ms: number, signal?: AbortSignal): Promise<boolean>;
  /** Frees what is remembered of a namespace that has no objects of ours any more. */
  forget(namespace: string): void;
}

type Told = (change: Change) => void;

const IN_PARALLEL = 8;
const SETTLE_POLL_MS = 10;
const LONGEST_FIGHT_MS = 300_000;
/** A watch that is cut is there again after at most half a minute; one that is silent is noticed much later. */
const OVERDUE_MS = 30_000;

/** Makes and applies with a memory (see ledger.ts): what is as it should be costs no request. */
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
  const ledger = createLedger(cache, fights.fought, clock);
  const make = createMaker({ cache, ledger, fights, manager, logger });

  /** Every task is tried, then the first failure is thrown. */
  async function all<T>(
    items: readonly T[],
    { told, signal }: { readonly told?: Told | undefined; readonly signal: AbortSignal },
    task: (item: T) => Promise<Change>,
  ): Promise<ChangeSet> {
    const limiter = createLimiter(IN_PARALLEL);
    const results = await Promise.allSettled(items.map((item) => limiter.run(() => task(item), signal)));
    for (const result of results) {
      if (result.status === "rejected") continue;
      metrics.objects.inc({ action: result.value.action });
      told?.(result.value);
    }
    return results.map((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value;
    });
  }

  /** @returns whether nothing is missing any more. */
  async function readOverdue(namespace: string, signal?: AbortSignal): Promise<boolean> {
    const cluster = signal ? options.cluster.within(signal) : options.cluster;
    for (const expected of ledger.overdue(namespace, OVERDUE_MS)) {
      const live = await cluster.get(expected.resource, expected.ref);
      if (live) cache.learn(expected.resource, live);
      // Gone, or older than what we wrote, because etcd was restored: it will not come any more.
      ledger.giveUp(expected);
    }
    return ledger.settled(namespace);
  }

  return {
    apply(objects, { only, ours, longestFightMs = LONGEST_FIGHT_MS, told, signal }) {
      const run = { cluster: options.cluster.within(signal), ours, longestFightMs };
      const chosen = only ? objects.filter((object) => only(object)) : objects;
      return all(chosen, { told, signal }, (object) => make(object, run));
    },
    prune(candidates, { told, signal }) {
      const cluster = options.cluster.within(signal);
      return all(candidates, { told, signal }, async (live) => {
        const [ref, resource, { uid }] = [refOf(live), resourceOf(live), live.metadata];
        if (ledger.isDeleted(live, OVERDUE_MS)) return { object: ref, action: "unchanged" };
        ledger.drop(live);
        await cluster.delete(resource, ref, { uid, propagation: "Background" });
        // The watch may have been faster than the answer.
        if (cache.get(resource, ref)?.metadata.uid === uid) ledger.deleted(live);
        return { object: ref, action: "pruned" };
      });
    },
    expecting: (cluster) => telling(cluster, ledger.expect),
    settled: ledger.settled,
    async waitSettled(namespace, ms, signal) {
      const until = clock.now() + ms;
      while (!ledger.settled(namespace)) {
        if (clock.now() >= until || signal?.aborted) return readOverdue(namespace, signal);
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
