import type { Assets } from "../assets.ts";
import type { Config } from "../config.ts";
import { FIELD_MANAGER, GROUP, LABEL } from "../api/group.ts";
import { effectiveHosts } from "../api/spec-rules.ts";
import { createApplier } from "../runtime/apply.ts";
import { createCache } from "../runtime/cache.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import type { CacheEvent, Cluster } from "../runtime/cluster.ts";
import { createController } from "../runtime/controller.ts";
import { createEvents } from "../runtime/events.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Transport } from "../runtime/transport.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { InUse } from "./calls.ts";
import { census } from "./census.ts";
import { createHostClaims, type HostClaims } from "./claims.ts";
import type { Context } from "./context.ts";
import { createDoors } from "./door.ts";
import { createEdits } from "./edits.ts";
import { cachedKinds, keyOf, PRACTICES, PLUGIN_POLICIES } from "./kinds.ts";
import { createLookup } from "./lookup.ts";
import { parsedPractice } from "./parsed.ts";
import { createProbes } from "./probes.ts";
import { reconcile } from "./reconcile.ts";
import { createShard } from "./shard.ts";
import { createRenderings } from "./renderings.ts";
import { createStatuses } from "./statuses.ts";

export interface OperatorOptions {
  readonly cluster: Cluster;
  readonly transport: Transport;
  readonly config: Config;
  readonly assets: Assets;
  readonly version: string;
  readonly inUse: InUse;
  /** This process, unique also after a restart in the same pod. */
  readonly instance: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock?: Clock;
}

/** How long a reconcile that has failed may take to close a door and to write its status. */
const LAST_STEPS_MS = 10_000;

/** A running operator: caches that fill at once, a controller that works from when it leads. */
export interface Operator {
  /** Fills the caches; resolves when they are synced. A warm standby stops here. */
  watch(signal: AbortSignal): Promise<void>;
  /** Reconciles until the signal; resolves when the last reconcile has ended. */
  lead(signal: AbortSignal): Promise<void>;
  readonly synced: () => boolean;
  /** Kinds of which nothing was heard for too long, each with what is known about why. */
  readonly stale: () => readonly string[];
}

export function createOperator(options: OperatorOptions): Operator {
  const { cluster, config, logger, metrics, clock = systemClock } = options;
  const namespaced = config.watchNamespaces.length > 0;
  const shard = createShard(config.shard, (namespace) => cache.list(PRACTICES, namespace));
  const cache = createCache({
    transport: options.transport,
    kinds: cachedKinds({ nodes: !namespaced, ...(config.shard && { keeps: (object) => shard.keeps(object) }) }),
    namespaces: namespaced ? config.watchNamespaces : "all",
    manager: FIELD_MANAGER,
    logger,
    metrics,
    clock,
  });
  const claims = createHostClaims();
  const context: Omit<Context, "cluster" | "signal" | "afterwards" | "logger"> = {
    cache,
    shard,
    applier: createApplier({ cluster, cache, manager: FIELD_MANAGER, logger, metrics, clock }),
    events: createEvents({ cluster, controller: `${GROUP}/operator`, instance: options.instance, logger, clock }),
    config,
    assets: options.assets,
    version: options.version,
    claims,
    doors: createDoors(clock),
    statuses: createStatuses(),
    misled: new Map(),
    probes: createProbes(),
    lookup: createLookup(),
    render: createRenderings(),
    inUse: options.inUse,
    now: clock.date,
  };
  const controller = createController({
    name: "telehealthpractice",
    workers: config.workers,
    logger,
    metrics,
    clock,
    reconcile: (key, { signal, stopping, logger }) => {
      const within = (signal: AbortSignal) => ({ cluster: context.applier.expecting(cluster.within(signal)), signal });
      const afterwards = () => within(AbortSignal.any([stopping, AbortSignal.timeout(LAST_STEPS_MS)]));
      return reconcile({ ...context, ...within(signal), afterwards, logger }, key);
    },
  });
  const editOf = createEdits();
  let leading = false;
  cache.onEvent((event) => {
    // Our own word in a status is no news; what we make is, because the server may have filled it in.
    if (event.type !== "deleted" && context.statuses.isLast(event)) return;
    if (event.type === "deleted" && event.resource === RESOURCES.Namespace) shard.forget(event.object.metadata.name);
    const edit = editOf(event);
    if (event.resource === PRACTICES && shard.has(event.object)) {
      const { namespace = "" } = event.object.metadata;
      shard.takeIn(namespace, () => cache.relistChosen(namespace));
    }
    // Who does not lead keeps no keys, only which hosts are claimed: whoever leads begins with every practice.
    if (!leading && event.resource !== PRACTICES) return;
    const keys = concerned(context, claims, event);
    if (!leading) return;
    for (const key of keys.filter((key) => isOurs(context, key))) {
      // An edit overtakes what the start has left to do.
      if (edit && key === keyOf(event.object)) controller.enqueueEdited(key, edit);
      else controller.enqueue(key, isOfAll(event) ? "start" : "normal");
    }
  });
  function lookAtAll(): void {
    const keys = cache.list(PRACTICES).map(keyOf);
    for (const key of keys.filter((key) => isOurs(context, key))) controller.enqueue(key, "start");
  }
  cache.onRights(() => leading && lookAtAll());
  metrics.onScrape(() => {
    const all = cache.list(PRACTICES);
    const ours = all.filter(shard.has);
    const { ready, doorsClosed, unreadySeconds } = census(ours, clock.date());
    metrics.practices.set({ shard: shard.name }, ours.length);
    metrics.practicesReady.set({ shard: shard.name }, ready);
    metrics.unreadySeconds.set({ shard: shard.name }, unreadySeconds);
    metrics.doorsClosed.set({ shard: shard.name }, doorsClosed);
    metrics.practicesSeen.set(all.length);
  });
  return {
    watch: cache.start,
    async lead(signal) {
      leading = true;
      lookAtAll();
      controller.start();
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      await controller.stop();
    },
    synced: () => cache.synced,
    stale: cache.stale,
  };
}

/** One that is gone has still to be forgotten. */
function isOurs({ cache, shard }: Pick<Context, "cache" | "shard">, key: string): boolean {
  const [namespace = "", name = ""] = key.split("/");
  const practice = cache.get(PRACTICES, { namespace, name });
  return practice === undefined || shard.has(practice);
}

/** What concerns every practice a little: it may wait until those are done that something has happened to. */
function isOfAll({ resource }: CacheEvent): boolean {
  return resource === RESOURCES.Node || (PLUGIN_POLICIES.includes(resource) && !resource.namespaced);
}

/** The practices that an event is about. */
function concerned(context: Pick<Context, "cache">, claims: HostClaims, event: CacheEvent): readonly string[] {
  const { resource, object } = event;
  if (resource === PRACTICES) {
    const parsed = event.type === "deleted" ? undefined : parsedPractice(object);
    const hosts = parsed?.ok ? Object.values(effectiveHosts(parsed.spec)) : [];
    // When one goes, another one may take over its hosts or its namespace.
    const neighbours = context.cache.list(PRACTICES, object.metadata.namespace).map(keyOf);
    return [...new Set([keyOf(object), ...claims.set(keyOf(object), hosts), ...neighbours])];
  }
  if (isOfAll(event)) return context.cache.list(PRACTICES).map(keyOf);
  const namespace = resource === RESOURCES.Namespace ? object.metadata.name : object.metadata.namespace;
  const owner = object.metadata.labels?.[LABEL.practice];
  const neighbours = context.cache.list(PRACTICES, namespace);
  // A foreign object in a practice's namespace concerns the practice too: it may widen its walls.
  return owner && neighbours.some(({ metadata }) => metadata.name === owner)
    ? [`${namespace}/${owner}`]
    : neighbours.map(keyOf);
}
