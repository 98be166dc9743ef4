import type { LiveObject } from "../manifest.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { type Clock, createBackoff, sleep } from "./clock.ts";
import type { CachedKind } from "./cluster.ts";
import { ApiError } from "./errors.ts";
import { asObject, listPages } from "./kube-cluster.ts";
import { lines } from "./lines.ts";
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
 * Mirrors one kind (in one namespace, or all) into a store: list in pages, then watch with bookmarks.
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
    store.put(kind.project ? kind.project(object) : object);
  }

  async function list(signal: AbortSignal): Promise<Position> {
    metrics.cacheRelists.inc({ kind: resource.kind });
    const accept = kind.metadataOnly ? { accept: METADATA.list } : {};
    const read = async (query: Record<string, string>): Promise<unknown> =>
      JSON.parse(await transport.request({ method: "GET", path, query, repeatable: true, signal, ...accept }));
    const listed = new Set<string>();
    const position = { resourceVersion: "" };
    for await (const page of listPages(read, resource, kind.labelSelector)) {
      if (page.first) listed.clear();
      for (const item of page.items) {
        listed.add(keyOf(item));
        keep(item);
      }
      position.resourceVersion = page.resourceVersion;
    }
    store.retain(listed, namespace);
    synced = true;
    heard("watching");
    return position;
  }

  function watchRequest(position: Position, seconds: number, signal: AbortSignal): ApiRequest {
    const query = {
      watch: "1",
      resourceVersion: position.resourceVersion,
      allowWatchBookmarks: "true",
      timeoutSeconds: String(seconds),
      ...(kind.labelSelector ? { labelSelector: kind.labelSelector } : {}),
    };
    const accept = kind.metadataOnly ? { accept: METADATA.watch } : {};
    return { method: "GET", path, query, repeatable: true, signal, ...accept };
  }

  /** One watch, until it ends. @throws ApiError when the position is lost or the server refuses. */
  async function watch(position: Position, signal: AbortSignal): Promise<void> {
    const { shortest, longest, grace } = watchTimes;
    const seconds = Math.round(shortest + clock.random() * (longest - shortest));
    const watchdog = new AbortController();
    const cancel = clock.after((seconds + grace) * 1000, () =>
      watchdog.abort(new ApiError(0, "The watch was silent.")),
    );
    const openedAt = clock.now();
    metrics.cacheReconnects.inc({ kind: resource.kind });
    try {
      const both = AbortSignal.any([signal, watchdog.signal]);
      const stream = await transport.stream(watchRequest(position, seconds, both));
      heard("watching");
      for await (const line of lines(stream)) {
        take(JSON.parse(line) as WatchEvent, position);
        backoff.reset();
      }
    } finally {
      cancel();
      if (clock.now() - openedAt >= HEALTHY_MS) backoff.reset();
    }
  }

  function take({ type, object }: WatchEvent, position: Position): void {
    if (type === "ERROR") {
      const { code = 0, message = "", reason = "" } = object;
      throw new ApiError(code === 429 ? 429 : 410, message, { reason });
    }
    heardAt = clock.now();
    if (type === "DELETED") store.remove(asObject(object, resource));
    else if (type !== "BOOKMARK") keep(object);
    position.resourceVersion = object.metadata.resourceVersion;
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
      try {
        position ??= await list(stop);
        const openedAt = clock.now();
        await watch(position, stop);
        // A server that hangs up at once must not be asked in a tight loop.
        if (clock.now() - openedAt < LIST_AND_WATCH.base) wait = backoff.next();
      } catch (error) {
        if (stop.aborted) position = undefined;
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
