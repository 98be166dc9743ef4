import type { LiveObject } from "../manifest.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { createBreather } from "./breather.ts";
import { type Clock, sleep, systemClock } from "./clock.ts";
import type { Cache, CachedKind, CacheEvent } from "./cluster.ts";
import { readContents } from "./contents.ts";
import { createReflector, type Reflector, type ReflectorState } from "./reflector.ts";
import { RESOURCES, type Resource } from "./resources.ts";
import { createStore, type Store } from "./store.ts";
import type { Transport } from "./transport.ts";
import { ownTurn } from "./turns.ts";
import type { WatchTimes } from "./watch.ts";

export interface KindStatus {
  readonly resource: Resource;
  /** Absent when the kind is watched in all namespaces. */
  readonly namespace?: string;
  readonly state: ReflectorState;
  /** See `CachedKind`. */
  readonly advisory: boolean;
  /** In the server's words, when `forbidden` or `failing`. */
  readonly problem?: string;
  /** Seconds since the server was last heard of this kind. */
  readonly staleSeconds: number;
}

/** A cache that watches. */
export interface WatchedCache extends Cache {
  /** Watches until the signal fires. Resolves when every kind is listed, or with the signal. Call once. */
  start(signal: AbortSignal): Promise<void>;
  /** One row for each watch. */
  status(): KindStatus[];
  /** One line for each watch that may no longer be believed. */
  stale(): string[];
  /** Called when a right to read was lost or is back: what `unread` says is another. */
  onRights(listener: () => void): void;
  /**
   * Lists every kind anew of which some objects are kept: what was passed over in this namespace is wanted now. Resolves when
   * it is through.
   */
  relistChosen(namespace: string): Promise<void>;
}

interface Watched {
  readonly kind: CachedKind;
  readonly store: Store;
  readonly reflectors: readonly { readonly namespace?: string; readonly reflector: Reflector }[];
}

const SYNC_POLL_MS = 50;
/** A server sends a bookmark each minute (apiserver, storage/cacher). */
const CURRENT_MS = 90_000;
/** A watch that fails is tried again all the time; after so long the cluster and we are apart. */
const FAILING_SECONDS = 180;
/** A watch lasts ten minutes at most, and opening the next one is a sign of life. */
const SILENT_SECONDS = 720;

/**
 * Keeps kinds in memory. Cluster-scoped kinds are watched once, namespaced ones in all namespaces or in each that is named.
 * @throws Error when a kind is given twice.
 */
export function createCache(options: {
  readonly transport: Transport;
  readonly kinds: readonly CachedKind[];
  readonly namespaces: "all" | readonly string[];
  /** Our field manager. */
  readonly manager: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock?: Clock;
  readonly watchTimes?: WatchTimes;
}): WatchedCache {
  const { kinds, namespaces, logger, metrics, clock = systemClock } = options;
  const listeners: ((event: CacheEvent) => void)[] = [];
  const rightsListeners: (() => void)[] = [];
  const onRights = () => {
    for (const listener of rightsListeners) listener();
  };
  const watched = new Map<string, Watched>();
  const breathe = createBreather(clock.now);
  for (const kind of kinds) {
    if (watched.has(idOf(kind.resource))) throw new Error(`${kind.resource.kind} is given twice to the cache.`);
    watched.set(idOf(kind.resource), watchedKind(kind, notify));
  }
  const crdId = idOf(RESOURCES.CustomResourceDefinition);
  // Needed to notice new kinds, but not to be complete: without the right, absent kinds are asked for now and then.
  const crds = watched.get(crdId) ?? watchedKind(CRDS, noticeKind);
  const needsCrds = kinds.some(({ optional }) => optional);
  if (watched.has(crdId)) listeners.push(noticeKind);

  const everyReflector = reflectors();
  const leftOut = [...watched.values()].filter(({ kind }) => kind.contentsLater !== undefined);

  function watchedKind(kind: CachedKind, changed: (event: CacheEvent) => void): Watched {
    const store = createStore(kind, changed);
    const scopes = namespaces === "all" || !kind.resource.namespaced ? [undefined] : [...new Set(namespaces)];
    const reflectors = scopes.map((namespace) => {
      const scope = namespace === undefined ? {} : { namespace };
      const isExpected = () => !kind.optional || mayBeDefined(kind.resource);
      const parts = { ...options, clock, breathe, kind, store, isExpected, onRights, ...scope };
      return { ...scope, reflector: createReflector(parts) };
    });
    return { kind, store, reflectors };
  }

  /**
   * Whether a kind is being removed. What is made again in the moment before the API server refuses that keeps the removal waiting
   * for a minute at a time (apiextensions-apiserver, `finalizer/crd_finalizer.go`).
   */
  function isEnding(resource: Resource): boolean {
    return crds.store.get({ name: idOf(resource) })?.metadata.deletionTimestamp !== undefined;
  }

  /** False only when all definitions are known and this one is not among them. */
  function mayBeDefined(resource: Resource): boolean {
    const since = clock.now() - CURRENT_MS;
    const isKnown = crds.reflectors.every(({ reflector: { synced, heardAt } }) => synced && heardAt > since);
    return !isKnown || crds.store.get({ name: idOf(resource) }) !== undefined;
  }

  function notify(event: CacheEvent): void {
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        logger.error({ err: error, kind: event.resource.kind }, "a cache listener failed");
      }
    }
  }

  /** A CRD came, became Established (which moves its version) or went: see whether its kind is served now. */
  function noticeKind({ type, object, resource }: CacheEvent): void {
    if (resource.kind !== "CustomResourceDefinition") return;
    for (const { kind, reflectors } of watched.values()) {
      if (`${kind.resource.plural}.${kind.resource.group}` !== object.metadata.name) continue;
      for (const { reflector } of reflectors) {
        if (type === "deleted" || reflector.state === "absent") reflector.wake();
      }
    }
  }

  function reflectors(which: (kind: CachedKind) => boolean = () => true): Reflector[] {
    const chosen = [...watched.values()].filter(({ kind }) => which(kind));
    return chosen.flatMap((entry) => entry.reflectors.map(({ reflector }) => reflector));
  }

  /** Those that watch a kind in this namespace. */
  function reflectorsOf(resource: Resource, namespace: string | undefined): Reflector[] {
    const all = watched.get(idOf(resource))?.reflectors ?? [];
    const here = all.filter((each) => each.namespace === undefined || each.namespace === namespace);
    return here.map(({ reflector }) => reflector);
  }

  metrics.onScrape(() => {
    const told = new Set<string>();
    for (const {
      kind: { resource },
      store,
      reflectors,
    } of watched.values()) {
      // Calico has a NetworkPolicy too.
      const kind = told.has(resource.kind) ? `${resource.kind}.${resource.group}` : resource.kind;
      told.add(kind);
      const oldest = Math.min(...reflectors.map(({ reflector }) => reflector.heardAt));
      metrics.cacheObjects.set({ kind }, store.size);
      metrics.cacheStaleSeconds.set({ kind }, (clock.now() - oldest) / 1000);
    }
  });

  const cache: WatchedCache = {
    get: (resource, ref) => watched.get(idOf(resource))?.store.get(ref),
    list: (resource, namespace) => watched.get(idOf(resource))?.store.list(namespace) ?? [],
    serves: (resource) =>
      !isEnding(resource) &&
      (watched
        .get(idOf(resource))
        ?.reflectors.some(({ reflector: { synced, state } }) => synced && state !== "absent") ??
        false),
    unread: (resource, namespace) =>
      reflectorsOf(resource, namespace)
        .map(({ refusal }) => refusal)
        .find((words) => words !== undefined),
    isCurrent(resource, namespace) {
      const here = reflectorsOf(resource, namespace);
      const since = clock.now() - CURRENT_MS;
      return here.length > 0 && here.every(({ knownAt = -Infinity }) => knownAt > since);
    },
    holds(resource, ref) {
      const { kind, store } = watched.get(idOf(resource)) ?? {};
      const object = store?.get(ref);
      if (!kind || !store || !object) return "nothing";
      return kind.metadataOnly || kind.project || store.isPart(object) ? "part" : "whole";
    },
    async readContents(namespace, signal) {
      for (const { kind, store } of leftOut) {
        const learn = (live: LiveObject) => cache.learn(kind.resource, live);
        await readContents({ ...options, kind, store, learn }, namespace, signal);
      }
    },
    learn(resource, live) {
      const all = watched.get(idOf(resource))?.reflectors ?? [];
      all
        .find(({ namespace }) => namespace === undefined || namespace === live.metadata.namespace)
        ?.reflector.learn(live);
    },
    get synced() {
      return everyReflector.every(({ synced }) => synced);
    },
    onEvent: (listener) => void listeners.push(listener),
    onRights: (listener) => void rightsListeners.push(listener),
    async start(signal) {
      const [first, then] = [reflectors((kind) => !kind.keeps), reflectors((kind) => kind.keeps !== undefined)];
      const beside = needsCrds && !watched.has(crdId) ? crds.reflectors.map(({ reflector }) => reflector) : [];
      await run([...beside, ...first], signal);
      while (!first.every(({ synced }) => synced) && !signal.aborted) await sleep(clock, SYNC_POLL_MS, signal);
      await run(then, signal);
      while (!cache.synced && !signal.aborted) await sleep(clock, SYNC_POLL_MS, signal);
    },
    status: () =>
      [...watched.values()].flatMap(({ kind, reflectors }) =>
        reflectors.map(({ namespace, reflector: { state, problem, heardAt } }) => ({
          resource: kind.resource,
          advisory: kind.advisory === true,
          state,
          staleSeconds: (clock.now() - heardAt) / 1000,
          ...(namespace === undefined ? {} : { namespace }),
          ...(problem === undefined ? {} : { problem }),
        })),
      ),
    stale: () =>
      cache.status().flatMap(({ resource, namespace, state, advisory, staleSeconds, problem }) => {
        const limit = state === "watching" ? SILENT_SECONDS : FAILING_SECONDS;
        const isDoneWithout = state === "absent" || (state === "forbidden" && advisory);
        if (isDoneWithout || staleSeconds < limit) return [];
        const where = namespace === undefined ? resource.kind : `${resource.kind} in ${namespace}`;
        return `${where}: nothing heard for ${staleSeconds.toFixed(0)} s${problem === undefined ? "" : ` (${problem})`}`;
      }),
    async relistChosen(namespace) {
      const chosen = [...watched.values()].filter(({ kind }) => kind.keeps !== undefined);
      const there = chosen.flatMap(({ kind }) => reflectorsOf(kind.resource, namespace));
      await Promise.all(there.map((reflector) => reflector.relist()));
    },
  };
  return cache;
}

/** Each begins in a turn of its own: to ask for all lists at once would hold the event loop for longer than any object. */
async function run(reflectors: readonly Reflector[], signal: AbortSignal): Promise<void> {
  for (const reflector of reflectors) {
    void reflector.run(signal);
    await ownTurn();
  }
}

const CRDS: CachedKind = { resource: RESOURCES.CustomResourceDefinition, metadataOnly: true };

function idOf(resource: Resource): string {
  return `${resource.plural}.${resource.group}`;
}
