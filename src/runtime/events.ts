import { createHash } from "node:crypto";
import type { LiveObject } from "../manifest.ts";
import type { Logger } from "../telemetry/logger.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Cluster, Ref } from "./cluster.ts";
import { createGroupLimiter } from "./limiter.ts";
import { keepNewest } from "./newest.ts";
import { RESOURCES } from "./resources.ts";

export interface EventInput {
  /** What the event is about. */
  readonly regarding: LiveObject;
  readonly type: "Normal" | "Warning";
  /** Why, as a constant in CamelCase. */
  readonly reason: string;
  /** What was done about it, as a constant in CamelCase. */
  readonly action: string;
  /** A whole sentence without any secret; at most 1,024 bytes are kept. */
  readonly note: string;
}

export interface Events {
  /** Returns at once. The same event again becomes a series; too many are dropped. */
  emit(event: EventInput): void;
  /** Waits for what is being written. */
  flush(): Promise<void>;
}

/** client-go's limits for one object: 25 at once, then one in five minutes. */
const BURST = 25;
const REFILL_MS = 300_000;
/** Events that wait to be written; more are dropped. */
const MOST_WAITING = 1000;
/** Of each object one after the other: a series follows its first event. What hangs holds up the others little. */
const AT_ONCE = { inAll: 4, ofOne: 1 };
const LONGEST_MS = 10_000;
/** The same event counts as a series within this time. */
const SERIES_MS = 360_000;
/** Objects and series that are remembered; the oldest is forgotten first. */
const REMEMBERED = 2000;
const NOTE_BYTES = 1024;

interface Bucket {
  tokens: number;
  at: number;
}

interface Series {
  readonly ref: Ref;
  count: number;
  at: number;
}

/** Writes events.k8s.io/v1 events. A failure is logged and never reaches the caller. */
export function createEvents(options: {
  readonly cluster: Cluster;
  /** `reportingController`, like `telehealth-operator.io/operator`. */
  readonly controller: string;
  /** This process: the pod's name. */
  readonly instance: string;
  readonly logger: Logger;
  readonly clock?: Clock;
}): Events {
  const { controller, instance, logger, clock = systemClock } = options;
  const buckets = new Map<string, Bucket>();
  const seen = new Map<string, Series>();
  const limiter = createGroupLimiter(AT_ONCE);
  const writing = new Set<Promise<void>>();

  function allowed(uid: string): boolean {
    const now = clock.now();
    const { tokens, at } = buckets.get(uid) ?? { tokens: BURST, at: now };
    const refilled = Math.min(BURST, tokens + (now - at) / REFILL_MS);
    keepNewest(buckets, uid, { tokens: refilled >= 1 ? refilled - 1 : refilled, at: now }, REMEMBERED);
    return refilled >= 1;
  }

  async function writeInTime(event: EventInput): Promise<void> {
    const { regarding, type, reason, action, note } = event;
    const key = JSON.stringify([regarding.metadata.uid, type, reason, action, note]);
    const late = new AbortController();
    const cancel = clock.after(LONGEST_MS, () => late.abort(new Error("Writing the event took too long.")));
    try {
      await write(event, key, options.cluster.within(late.signal));
    } catch (error) {
      seen.delete(key);
      logger.warn({ err: error, reason }, "an event could not be written");
    } finally {
      cancel();
    }
  }

  async function write(event: EventInput, key: string, cluster: Cluster): Promise<void> {
    const known = seen.get(key);
    if (known && clock.now() - known.at < SERIES_MS) {
      known.count += 1;
      known.at = clock.now();
      if (!allowed(event.regarding.metadata.uid)) return;
      const series = { count: known.count, lastObservedTime: microTime(clock.date()) };
      await cluster.mergePatch(RESOURCES.Event, known.ref, { series }, controller);
      return;
    }
    if (!allowed(event.regarding.metadata.uid)) return;
    const object = body(event, key);
    const { namespace, name } = object.metadata;
    await cluster.create(RESOURCES.Event, object, controller);
    keepNewest(seen, key, { ref: { namespace, name }, count: 1, at: clock.now() }, REMEMBERED);
  }

  function body(event: EventInput, key: string) {
    const { apiVersion, kind, metadata } = event.regarding;
    const { name, uid, resourceVersion, namespace } = metadata;
    const time = clock.date();
    return {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name: eventName(name, key, time), namespace: namespace ?? "default" },
      eventTime: microTime(time),
      reportingController: controller,
      reportingInstance: instance,
      type: event.type,
      reason: event.reason,
      action: event.action,
      note: cut(event.note),
      regarding: { apiVersion, kind, name, uid, resourceVersion, ...(namespace ? { namespace } : {}) },
    };
  }

  return {
    emit(event) {
      if (writing.size >= MOST_WAITING) return;
      const task = limiter
        .run(event.regarding.metadata.uid, () => writeInTime(event))
        .finally(() => writing.delete(task));
      writing.add(task);
    },
    flush: async () => void (await Promise.all(writing)),
  };
}

/** Kubernetes' MicroTime: RFC 3339 with six digits. */
export function microTime(date: Date): string {
  return date.toISOString().replace("Z", "000Z");
}

/** Unique, a valid name, and not longer than 253. */
function eventName(name: string, key: string, time: Date): string {
  const digest = createHash("sha256")
    .update(`${key}${String(time.getTime())}`)
    .digest("hex")
    .slice(0, 16);
  return `${name.slice(0, 230)}.${digest}`;
}

/** On a character's boundary. */
function cut(note: string): string {
  const bytes = Buffer.from(note);
  if (bytes.length <= NOTE_BYTES) return note;
  let end = NOTE_BYTES - 3;
  while (((bytes[end] ?? 0) & 0b1100_0000) === 0b1000_0000) end -= 1;
  return `${bytes.subarray(0, end).toString("utf8")}…`;
}
