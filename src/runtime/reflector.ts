import type { LiveObject } from "../manifest.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { createAlike } from "./alike.ts";
import { type Clock, createBackoff, sleep } from "./clock.ts";
import type { CachedKind } from "./cluster.ts";
import { firstLists } from "./contents.ts";
import { served } from "./discovery.ts";
import { ApiError } from "./errors.ts";
import { waitAfter } from "./retry-after.ts";
import { createHistory } from "./history.ts";
import { asObject } from "./kube-cluster.ts";
import { listSource } from "./listing.ts";
import { condensing } from "./managed-fields.ts";
import { createRelists } from "./relists.ts";
import { reached } from "./resource-version.ts";
import { pathOf } from "./resources.ts";
import { keyOf, type Store } from "./store.ts";
import type { Transport } from "./transport.ts";
import { type Position, WATCH_TIMES, type WatchEvent, watchEvents, type WatchTimes } from "./watch.ts";

/** What a reflector does now. `absent`: the cluster does not serve the kind. `failing` and `forbidden` try on. */
export type ReflectorState = "starting" | "watching" | "absent" | "forbidden" | "failing";

export interface Reflector {
  /** Lists and watches until the signal fires. Never throws. */
  run(signal: AbortSignal): Promise<void>;
  readonly state: ReflectorState;
  /** Why it fails, in the server's words. */
  readonly problem: string | undefined;
  /** The server's words since it refused the right to read, until it tells everything again. */
  readonly refusal: string | undefined;
  /** True once a list was complete, or the kind was found absent. */
  readonly synced: boolean;
  /** `Clock.now()` when the server was last heard of this kind. */
  readonly heardAt: number;
  /** `Clock.now()` when all that the server has was last known; `undefined` while something may be missing. */
  readonly knownAt: number | undefined;
  /** Look at once whether the kind is served now: ends a wait, and the watch. */
  wake(): void;
  /** Tells everything anew: see `Relists.ask`. */
  relist(): Promise<void>;
  /** Keeps what was read by other means, as if the watch had told it. */
  learn(live: LiveObject): void;
}

const LIST_AND_WATCH = { base: 800, cap: 30_000 };
/** A kind that is not there is looked for ever less often, without a definition seldom: a new one wakes whoever waits for it. */
const ABSENT = { base: 800, cap: 300_000 };
/** A watch that lived this long was healthy. */
const HEALTHY_MS = 120_000;

/**
 * Mirrors one kind (in one namespace, or all) into a store: a list that is taken in while it arrives, then
 * a watch with bookmarks. Now and then everything is told anew, for the case that something was lost on the way.
 * Whatever the server or the network does, it goes on from where it was, or lists anew and makes up for missed deletes.
 */
export function createReflector(options: {
  readonly transport: Transport;
  readonly kind: CachedKind;
  readonly namespace?: string;
  /** Our field manager. */
  readonly manager: string;
  readonly store: Store;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Called after each object. All that fill at the same time share one, so that together they hold the loop no longer. */
  readonly breathe: () => Promise<void> | undefined;
  readonly watchTimes?: WatchTimes;
  /** Whether the kind may be served soon: false only when the cluster is known to have no definition of it. */
  readonly isExpected: () => boolean;
  /** Called when `refusal` begins or ends. */
  readonly onRights: () => void;
}): Reflector {
  const { transport, kind, namespace, manager, store, metrics, clock, breathe, watchTimes = WATCH_TIMES } = options;
  const { resource } = kind;
  const logger = options.logger.child({ kind: resource.kind, ...(namespace ? { namespace } : {}) });
  const path = pathOf(resource, namespace === undefined ? {} : { namespace });
  const source = { transport, kind, path, clock };
  const backoff = createBackoff(clock, LIST_AND_WATCH.base, LIST_AND_WATCH.cap);
  const absence = createBackoff(clock, ABSENT.base, ABSENT.cap);
  const history = createHistory(clock);
  const condensed = condensing(manager);
  const alike = kind.alike ? createAlike() : (object: LiveObject) => object;
  /** Whether the next list comes in pages: the last one failed in passing, and may have been too long. */
  let inPages = false;
  /** Whether a list was complete: the first one may leave contents out. */
  let wasListed = false;
  let state: ReflectorState = "starting";
  let problem: string | undefined;
  let refusal: string | undefined;
  let synced = false;
  let heardAt = clock.now();
  let knownAt: number | undefined;
  let interrupt = new AbortController();
  const relists = createRelists(wake);
  /** From where the next watch goes on; without it, everything is told anew. */
  let position: Position | undefined;

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const stop = AbortSignal.any([signal, interrupt.signal]);
      let wait = 0;
      if (history.isOld) position = undefined;
      try {
        position ??= await list(stop);
        const openedAt = clock.now();
        await watch(position, stop);
        // A server that hangs up at once must not be asked in a tight loop.
        if (clock.now() - openedAt < LIST_AND_WATCH.base) wait = backoff.next();
      } catch (error) {
        if (stop.aborted) position = undefined;
        else {
          wait = await fail(error, stop);
          if (!isPassing(error)) position = undefined;
        }
      }
      if (wait > 0) await sleep(clock, wait, stop);
      if (interrupt.signal.aborted) {
        interrupt = new AbortController();
        // Woken while it waited after a failure: what it was woken for is not heard of by going on.
        position = undefined;
      }
    }
  }

  /** Takes in everything there is; what was not told is gone. @returns where to watch from. */
  async function list(signal: AbortSignal): Promise<Position> {
    metrics.cacheRelists.inc({ kind: resource.kind });
    const told = new Set<string>();
    let version = "";
    let goesBack = false;
    try {
      for (const listed of wasListed ? [kind] : firstLists(kind)) {
        const put = listed.metadataOnly && !kind.metadataOnly ? store.putPart : store.put;
        for await (const { metadata, items } of listSource({ ...source, kind: listed }, inPages, signal)) {
          // Of two lists the older one, if an API server answered that lags behind.
          if (version === "" || reached(version, metadata.resourceVersion)) version = metadata.resourceVersion;
          heardAt = clock.now();
          goesBack = history.judge(version);
          for (const item of items) {
            told.add(keyOf(item));
            keep(item, goesBack ? store.replace : put);
            await breathe();
          }
        }
      }
      inPages = false;
    } catch (error) {
      if (!signal.aborted) inPages ||= isPassing(error);
      throw error;
    }
    await store.retain(told, namespace, goesBack ? undefined : version, breathe);
    history.complete(version);
    wasListed = true;
    synced = true;
    knownAt = clock.now();
    toldAnew();
    // Who may list and not watch hears of nothing: that is said until a watch is open.
    if (refusal === undefined) heard("watching");
    return version;
  }

  /** One watch, until it ends. */
  async function watch(from: Position, signal: AbortSignal): Promise<void> {
    metrics.cacheReconnects.inc({ kind: resource.kind });
    const openedAt = clock.now();
    const opened = () => heard("watching");
    try {
      for await (const event of watchEvents(source, from, { times: watchTimes, signal, opened })) {
        take(event);
        position = history.saw(event.object.metadata.resourceVersion);
        backoff.reset();
        await breathe();
      }
    } finally {
      knownAt = undefined;
      if (clock.now() - openedAt >= HEALTHY_MS) backoff.reset();
    }
  }

  function take({ type, object }: WatchEvent): void {
    heardAt = clock.now();
    // What a watch that goes on from a position has still to tell ends with its first bookmark at the latest.
    if (type === "BOOKMARK" || knownAt !== undefined) knownAt = heardAt;
    if (type === "DELETED") store.remove(asObject(object, resource));
    else if (type !== "BOOKMARK") keep(object);
  }

  function keep(item: LiveObject, put = store.put): void {
    if (kind.keeps?.(item) === false) return store.remove(asObject(item, resource));
    const object = condensed(asObject(item, resource));
    put(kind.project ? kind.project(object) : alike(object));
  }

  function toldAnew(): void {
    // A list that began before it was asked for tells nothing anew.
    if (!interrupt.signal.aborted) relists.done();
  }

  function heard(next: ReflectorState): void {
    state = next;
    problem = undefined;
    heardAt = clock.now();
    refused(undefined);
  }

  function refused(words: string | undefined): void {
    const isNews = (words === undefined) !== (refusal === undefined);
    refusal = words;
    if (isNews) options.onRights();
  }

  /** Whether the cluster has the kind, for one who may not read it; in doubt it has. */
  async function isServed(signal: AbortSignal): Promise<boolean> {
    try {
      return (await served(transport, resource.group, resource.version, signal)).has(resource.plural);
    } catch {
      return true;
    }
  }

  /** Judges what went wrong. @returns milliseconds to wait. */
  async function fail(error: unknown, signal: AbortSignal): Promise<number> {
    const status = error instanceof ApiError ? error.status : undefined;
    problem = error instanceof Error ? error.message : String(error);
    const isAdvisory = kind.advisory === true;
    // Rights are asked for before the kind is looked for, so a kind that is not there is refused as well.
    if (status === 404 || (status === 403 && isAdvisory && !(await isServed(signal)))) {
      if (state !== "absent") logger.info("the cluster does not serve this kind");
      await store.retain(new Set(), namespace, undefined, breathe);
      heard("absent");
      synced = kind.optional === true;
      toldAnew();
      const wait = absence.next();
      return waitAfter(error, options.isExpected() ? wait : (ABSENT.cap * (1 + clock.random())) / 2);
    }
    if (status !== 410) {
      const next = status === 403 ? "forbidden" : "failing";
      if (state !== next) logger.warn({ err: error }, "watching fails; will go on trying");
      state = next;
      if (status === 403) {
        if (isAdvisory) synced = true;
        refused(problem);
      }
    }
    return waitAfter(error, backoff.next());
  }

  function wake(): void {
    backoff.reset();
    absence.reset();
    interrupt.abort();
  }

  return {
    run,
    get state() {
      return state;
    },
    get problem() {
      return problem;
    },
    get refusal() {
      return refusal;
    },
    get synced() {
      return synced;
    },
    get heardAt() {
      return heardAt;
    },
    get knownAt() {
      return knownAt;
    },
    wake,
    relist: relists.ask,
    learn: ({ apiVersion, kind: name, metadata, ...rest }) =>
      keep({ apiVersion, kind: name, metadata, ...(!kind.metadataOnly && rest) }),
  };
}

/** What the connection or the server's load did: a watch may go on from where it was, and pages may come where a whole list did not. */
function isPassing(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);
}
