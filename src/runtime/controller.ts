import { randomUUID } from "node:crypto";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { traced } from "../telemetry/tracing.ts";
import { type Clock, sleep, systemClock } from "./clock.ts";
import { createQueue, type Priority } from "./queue.ts";
import { ownTurn } from "./turns.ts";

export interface ReconcileContext {
  /** Fires after the time limit and when the process stops: pass it on to every call. */
  readonly signal: AbortSignal;
  /** Fires only when the process stops: for what has to be done even after the time limit. */
  readonly stopping: AbortSignal;
  readonly reconcileId: string;
  /** Every line carries controller, object and reconcile id. */
  readonly logger: Logger;
}

/**
 * Brings one object nearer to what is wanted. Level-triggered: the key says which, never what happened.
 * @returns when to come back; with `error` it has failed as if it had thrown that, but comes back then at the latest.
 */
export type Reconcile = (
  key: string,
  context: ReconcileContext,
  // oxlint-disable-next-line typescript/no-invalid-void-type -- most reconciles simply end
) => Promise<{ readonly requeueAfterSeconds?: number; readonly error?: unknown } | void>;

export interface Controller {
  enqueue(key: string, priority?: Priority): void;
  /** Somebody has said what is wanted: the back-off begins afresh. A change comes first of all. */
  enqueueEdited(key: string, kind: "changed" | "new"): void;
  /** Starts the workers; before that keys only gather. */
  start(): void;
  /** Takes no more keys, gives the running reconciles 1.5 s, then fires their signals. */
  stop(): Promise<void>;
}

const TIMEOUT_SECONDS = 60;
/** Together less than the three seconds in which a successor is to take over: a reconcile may be ended at any point. */
const DRAIN_MS = 1500;
const AFTER_ABORT_MS = 1000;

/**
 * Runs `reconcile` for keys, one at a time per key and `workers` at a time in all.
 * An exception is logged, counted and tried again after the key's back-off. What failed has half of the workers at most:
 * it may hang until its time is over, and meanwhile the others go on.
 */
export function createController(options: {
  readonly name: string;
  readonly reconcile: Reconcile;
  readonly workers: number;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly timeoutSeconds?: number;
  readonly clock?: Clock;
}): Controller {
  const { name, reconcile, workers, metrics, clock = systemClock, timeoutSeconds = TIMEOUT_SECONDS } = options;
  const queue = createQueue({ name, metrics, mostFailing: Math.ceil(workers / 2), clock });
  const stopping = new AbortController();
  let running: Promise<unknown> = Promise.resolve();
  let stopped = false;
  metrics.maxWorkers.set({ controller: name }, workers);

  async function work(): Promise<void> {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      metrics.activeWorkers.inc({ controller: name });
      await ownTurn();
      if (!stopped) await once(key);
      metrics.activeWorkers.dec({ controller: name });
      queue.done(key);
    }
  }

  async function once(key: string): Promise<void> {
    const reconcileId = randomUUID();
    const logger = options.logger.child({ controller: name, object: key, reconcileId });
    const timeout = new AbortController();
    const cancel = clock.after(timeoutSeconds * 1000, () =>
      timeout.abort(new Error(`The reconcile took longer than ${String(timeoutSeconds)} s.`)),
    );
    const startedAt = clock.now();
    try {
      const signal = AbortSignal.any([timeout.signal, stopping.signal]);
      const attributes = { controller: name, object: key, reconcileId };
      const given = { signal, stopping: stopping.signal, reconcileId, logger };
      const result = await traced("reconcile", attributes, async () => reconcile(key, given));
      const after = result?.requeueAfterSeconds;
      if (result?.error !== undefined) return failed(key, logger, result.error, after);
      queue.forget(key);
      if (after !== undefined) queue.addAfter(key, after * 1000);
      metrics.reconcileTotal.inc({ controller: name, result: after === undefined ? "success" : "requeue_after" });
    } catch (error) {
      failed(key, logger, error);
    } finally {
      cancel();
      metrics.reconcileSeconds.observe({ controller: name }, (clock.now() - startedAt) / 1000);
    }
  }

  function failed(key: string, logger: Logger, error: unknown, latestSeconds?: number): void {
    if (stopping.signal.aborted) return;
    metrics.reconcileTotal.inc({ controller: name, result: "error" });
    metrics.reconcileErrors.inc({ controller: name });
    logger.error({ err: error }, "reconcile failed");
    queue.addRateLimited(key, latestSeconds === undefined ? undefined : latestSeconds * 1000);
  }

  return {
    enqueue: queue.add,
    enqueueEdited(key, kind) {
      queue.startAfresh(key);
      queue.add(key, kind === "new" ? "new" : "user");
    },
    start() {
      running = Promise.all(Array.from({ length: workers }, work));
    },
    async stop() {
      stopped = true;
      queue.shutDown();
      const idle = new AbortController();
      const drained = running.then(() => idle.abort());
      await Promise.race([drained, sleep(clock, DRAIN_MS, idle.signal)]);
      if (idle.signal.aborted) return;
      stopping.abort(new Error("The operator is stopping."));
      await Promise.race([drained, sleep(clock, AFTER_ABORT_MS, idle.signal)]);
    },
  };
}
