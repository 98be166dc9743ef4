import type { LiveObject } from "../manifest.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { createAlike } from "./alike.ts";
import { createBreather } from "./breather.ts";
import { type Clock, createBackoff, sleep } from "./clock.ts";
import type { CachedKind } from "./cluster.ts";
import { ApiError } from "./errors.ts";
import { asObject, listPages } from "./kube-cluster.ts";
import { lines } from "./lines.ts";
import { createPageSize } from "./page-size.ts";
import { pathOf } from "./resources.ts";
import { keyOf, type Store } from "./store.ts";
import type { ApiRequest, Transport } from "./transport.ts";

/** What a reflector does now. `absent`: the cluster does not serve the kind. `failing` and `forbidden` try on. */
export type ReflectorState = "starting" | "watching" | "absent" | "forbidden" | "failing";

export interface Reflector {
  /** Lists and watches until the signal fires. Never throws. */
  run(signal: AbortSignal): Promise<void>;
  readonly state: ReflectorState;
  /** Why it fails, in the server's words. */
  readonly problem: string | undefined;
  /** True once a list was complete, or the kind was found absent. */
  readonly synced: boolean;
  /** `Clock.now()` when the server was last heard of this kind. */
  readonly heardAt: number;
  /** Look at once whether the kind is served now: ends a wait, and the watch. */
  wake(): void;
}

const LIST_AND_WATCH = { base: 800, cap: 30_000 };
/** A watch that lived this long was healthy. */
const HEALTHY_MS = 120_000;
const METADATA = {
  list: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json",
  watch: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json",
};

/** The place in the history of the kind from which a watch goes on. */
interface Position {
  resourceVersion: string;
}

interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: LiveObject & { readonly code?: number; readonly message?: string; readonly reason?: string };
}

/** How long a watch is asked to last, in seconds, and how long after that the client gives up on it. */
export interface WatchTimes {
  readonly shortest: number;
  readonly longest: number;
  readonly grace: number;
}

const WATCH_TIMES: WatchTimes = { shortest: 300, longest: 600, grace: 30 };

/**
 * Mirrors one kind (in one namespace, or all) into a store: a stream of all objects where the server has it, else a list in
 * pages, then a watch with bookmarks.
 * Whatever the server or the network does, it goes on from where it was, or lists anew and makes up for missed deletes.
 */
export function createReflector(options: {
  readonly transport: Transport;
  readonly kind: CachedKind;
  readonly namespace?: string;
  readonly store: Store;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly watchTimes?: WatchTimes;
}): Reflector {
  const { transport, kind, namespace, store, metrics, clock, watchTimes = WATCH_TIMES } = options;
  const { resource } = kind;
  const logger = options.logger.child({ kind: resource.kind, ...(namespace ? { namespace } : {}) });
  const path = pathOf(resource, namespace === undefined ? {} : { namespace });
  const backoff = createBackoff(clock, LIST_AND_WATCH.base, LIST_AND_WATCH.cap);
  const breathe = createBreather(clock.now);
  const pages = createPageSize(kind.metadataOnly === true);
  const alike = kind.alike ? createAlike() : (object: LiveObject) => object;
  /** Whether the next start asks for a stream: off for good where the server has none, and for one try after a failure. */
  let streams: "yes" | "not now" | "never" = "yes";
  let state: ReflectorState = "starting";
  let problem: string | undefined;
  let synced = false;
  let heardAt = clock.now();
  let interrupt = new AbortController();

  function heard(next: ReflectorState): void {
    state = next;
    problem = undefined;
    heardAt = clock.now();
  }

  function keep(item: LiveObject): void {
    const object = withoutManagedFields(asObject(item, resource));
    store.put(kind.project ? kind.project(object) : alike(object));
  }

  async function list(signal: AbortSignal): Promise<Position> {
    metrics.cacheRelists.inc({ kind: resource.kind });
    const accept = kind.metadataOnly ? { accept: METADATA.list } : {};
    const read = async (query: Record<string, string>): Promise<unknown> => {
      const body = await transport.request({ method: "GET", path, query, repeatable: true, signal, ...accept });
      pages.saw(body.length);
      return JSON.parse(body);
    };
    const listed = new Set<string>();
    const position = { resourceVersion: "" };
    for await (const page of listPages(read, resource, kind.labelSelector, pages.size)) {
      if (page.first) listed.clear();
      for (const item of page.items) {
        listed.add(keyOf(item));
        keep(item);
        await breathe();
      }
      position.resourceVersion = page.resourceVersion;
    }
    complete(listed);
    if (streams === "not now") streams = "yes";
    return position;
  }

  /** Everything has been told: what was not is gone. */
  function complete(told: ReadonlySet<string>): void {
    store.retain(told, namespace);
    synced = true;
    heard("watching");
  }

  function watchRequest(position: Position | undefined, seconds: number, signal: AbortSignal): ApiRequest {
    const query = {
      watch: "1",
      ...(position ? { resourceVersion: position.resourceVersion } : INITIAL_EVENTS),
      allowWatchBookmarks: "true",
      timeoutSeconds: String(seconds),
      ...(kind.labelSelector ? { labelSelector: kind.labelSelector } : {}),
    };
    const accept = kind.metadataOnly ? { accept: METADATA.watch } : {};
    return { method: "GET", path, query, repeatable: true, signal, ...accept };
  }

  /**
   * One watch, until it ends. Without a position it begins with every object there is (WatchList, KEP-3157).
   * @param reached called with each position from which another watch can go on.
   * @throws ApiError when the position is lost or the server refuses.
   */
  async function watch(
    from: Position | undefined,
    signal: AbortSignal,
    reached: (position: Position) => void,
  ): Promise<void> {
    const { shortest, longest, grace } = watchTimes;
    const seconds = Math.round(shortest + clock.random() * (longest - shortest));
    const watchdog = new AbortController();
    const cancel = clock.after((seconds + grace) * 1000, () =>
      watchdog.abort(new ApiError(0, "The watch was silent.")),
    );
    const openedAt = clock.now();
    metrics.cacheReconnects.inc({ kind: resource.kind });
    if (!from) metrics.cacheRelists.inc({ kind: resource.kind });
    let told = from ? undefined : new Set<string>();
    const silence = from ? undefined : watchSilence(clock, FIRST_SILENCE_MS, () => watchdog.abort(UNTOLD));
    try {
      const both = AbortSignal.any([signal, watchdog.signal]);
      const stream = await transport.stream(watchRequest(from, seconds, both));
      if (from) heard("watching");
      for await (const line of lines(stream)) {
        silence?.heard();
        const event = JSON.parse(line) as WatchEvent;
        take(event);
        told?.add(keyOf(event.object));
        if (told && isEndOfInitialEvents(event)) {
          complete(told);
          told = undefined;
          silence?.end();
        }
        if (!told) reached({ resourceVersion: event.object.metadata.resourceVersion });
        backoff.reset();
        await breathe();
      }
      // Half of a beginning is none.
      if (told) throw UNTOLD;
    } catch (error) {
      if (told) streams = isUnknown(error) ? "never" : "not now";
      throw error;
    } finally {
      cancel();
      silence?.end();
      if (clock.now() - openedAt >= HEALTHY_MS) backoff.reset();
    }
  }

  function take({ type, object }: WatchEvent): void {
    if (type === "ERROR") {
      const { code = 0, message = "", reason = "" } = object;
      throw new ApiError(code === 429 ? 429 : 410, message, { reason });
    }
    heardAt = clock.now();
    if (type === "DELETED") store.remove(asObject(object, resource));
    else if (type !== "BOOKMARK") keep(object);
  }

  /** Judges what went wrong. @returns milliseconds to wait. */
  function fail(error: unknown): number {
    const status = error instanceof ApiError ? error.status : undefined;
    problem = error instanceof Error ? error.message : String(error);
    const asked = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    if (status === 404) {
      if (state !== "absent") logger.info("the cluster does not serve this kind");
      store.retain(new Set(), namespace);
      heard("absent");
      synced = kind.optional === true;
    } else if (status !== 410) {
      const next = status === 403 ? "forbidden" : "failing";
      if (state !== next) logger.warn({ err: error }, "watching fails; will go on trying");
      state = next;
    }
    return Math.max(asked, backoff.next());
  }

  async function run(signal: AbortSignal): Promise<void> {
    let position: Position | undefined;
    while (!signal.aborted) {
      const stop = AbortSignal.any([signal, interrupt.signal]);
      let wait = 0;
      const reached = (next: Position) => void (position = next);
      try {
        if (!position && streams !== "yes") position = await list(stop);
        const openedAt = clock.now();
        await watch(position, stop, reached);
        // A server that hangs up at once must not be asked in a tight loop.
        if (clock.now() - openedAt < LIST_AND_WATCH.base) wait = backoff.next();
      } catch (error) {
        if (stop.aborted) position = undefined;
        // The server cannot stream: that is no failure, and a list comes next.
        else if (!position && isUnknown(error)) continue;
        else {
          wait = fail(error);
          if (!goesOn(error)) position = undefined;
        }
      }
      if (wait > 0) await sleep(clock, wait, stop);
      if (interrupt.signal.aborted) interrupt = new AbortController();
    }
  }

  return {
    run,
    get state() {
      return state;
    },
    get problem() {
      return problem;
    },
    get synced() {
      return synced;
    },
    get heardAt() {
      return heardAt;
    },
    wake() {
      backoff.reset();
      interrupt.abort();
    },
  };
}

const UNTOLD = new ApiError(0, "The stream stopped before every object was told.");
/** A server that streams tells without a pause; one that has not understood is silent. */
const FIRST_SILENCE_MS = 30_000;

/** Calls once when nothing was heard for so long. */
function watchSilence(clock: Clock, ms: number, silent: () => void): { heard: () => void; end: () => void } {
  let last = clock.now();
  let cancel = () => {};
  const look = () => {
    const left = last + ms - clock.now();
    if (left <= 0) silent();
    else cancel = clock.after(left, look);
  };
  look();
  return { heard: () => void (last = clock.now()), end: () => cancel() };
}

/** What asks a watch to begin with every object; `NotOlderThan` no version is the newest. */
const INITIAL_EVENTS = { sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan" };

/** A server without WatchList refuses these as invalid. */
function isUnknown(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 400 || error.status === 422);
}

function isEndOfInitialEvents({ type, object }: WatchEvent): boolean {
  return type === "BOOKMARK" && object.metadata.annotations?.["k8s.io/initial-events-end"] === "true";
}

/** True when the watch may go on from where it was; else everything is listed anew. */
function goesOn(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);
}

/** Half of an object's memory, and read by nobody here. */
function withoutManagedFields(object: LiveObject): LiveObject {
  if (!("managedFields" in object.metadata)) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
