import type { LiveObject } from "../manifest.ts";
import type { Clock } from "./clock.ts";
import type { CachedKind } from "./cluster.ts";
import { ApiError } from "./errors.ts";
import { lines } from "./lines.ts";
import type { ApiRequest, Transport } from "./transport.ts";

/** What to watch: one kind in one namespace, or all. */
export interface Source {
  readonly transport: Transport;
  readonly kind: CachedKind;
  readonly path: string;
  readonly clock: Clock;
}

/** The place in the history of a kind from which a watch goes on. */
export type Position = string;

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: LiveObject;
}

/** How long a watch is asked to last, in seconds, and how long after that the client gives up on it. */
export interface WatchTimes {
  readonly shortest: number;
  readonly longest: number;
  readonly grace: number;
}

export const WATCH_TIMES: WatchTimes = { shortest: 300, longest: 600, grace: 30 };

const METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json";

/**
 * The events of one watch from a position on, until it ends.
 * @param opened called when the server has accepted the watch.
 * @throws ApiError when the position is lost (410), the server refuses, or the watch outlives its time in silence.
 */
export async function* watchEvents(
  { transport, kind, path, clock }: Source,
  from: Position,
  { times, signal, opened }: { readonly times: WatchTimes; readonly signal: AbortSignal; readonly opened: () => void },
): AsyncGenerator<WatchEvent> {
  const { shortest, longest, grace } = times;
  const seconds = Math.round(shortest + clock.random() * (longest - shortest));
  const watchdog = new AbortController();
  const cancel = clock.after((seconds + grace) * 1000, () => watchdog.abort(new ApiError(0, "The watch was silent.")));
  try {
    const either = AbortSignal.any([signal, watchdog.signal]);
    const stream = await transport.stream(watchRequest(kind, path, from, seconds, either));
    opened();
    for await (const line of lines(stream)) yield parse(line);
  } finally {
    cancel();
  }
}

/**
 * Asks to watch a kind.
 * @param seconds how long it is to last.
 */
export function watchRequest(
  { labelSelector, metadataOnly }: CachedKind,
  path: string,
  from: Position,
  seconds: number,
  signal: AbortSignal,
): ApiRequest {
  const query = {
    watch: "1",
    resourceVersion: from,
    allowWatchBookmarks: "true",
    timeoutSeconds: String(seconds),
    ...(labelSelector ? { labelSelector } : {}),
  };
  return {
    method: "GET",
    path,
    query,
    repeatable: true,
    mayPause: true,
    signal,
    ...(metadataOnly ? { accept: METADATA } : {}),
  };
}

interface Failure {
  readonly code?: number;
  readonly message?: string;
  readonly reason?: string;
}

function parse(line: string): WatchEvent {
  const event = JSON.parse(line) as WatchEvent | { readonly type: "ERROR"; readonly object: Failure };
  if (event.type !== "ERROR") return event;
  const { code = 0, message = "", reason = "" } = event.object;
  throw new ApiError(code === 429 ? 429 : 410, message, { reason });
}
