import { Worker } from "node:worker_threads";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { type Lease, NotLeader } from "./lease.ts";
import { leaseBuffer, leaseState, sharedClock } from "./lease-state.ts";

/** What the thread is told: `ready` to lead, or to `release` the lease. */
export type LeaseOrder = "ready" | "release";

/** What the thread tells: `acquired` or `lost`. That it was given back is its end. */
export type LeaseNews = "acquired" | "lost";

const BEAT_MS = 250;

/**
 * A lease that a thread of its own renews, so that neither a long reconcile nor a full heap of this thread loses it by
 * accident. This thread only shows that it lives: when its loop stands still, the lease is not renewed any more, and the
 * process is killed before anybody else may take it.
 */
export function createLeaseThread(options: {
  /** The module that runs the lease: see cli/lease-worker.ts. */
  readonly worker: URL;
  /** Given to it as `workerData`, with `buffer` added. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly name: string;
  /** Resolves when the process could lead at once: until then the lease is left to others. */
  readonly ready?: Promise<unknown>;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Leadership was lost: the process must exit. Not called when it is given back. */
  readonly onLost: () => void;
}): Lease {
  const { worker: url, data, name, ready = Promise.resolve(), metrics, logger, onLost } = options;
  const buffer = leaseBuffer();
  const state = leaseState(buffer);
  let isOver = false;
  const won = Promise.withResolvers<void>();
  metrics.leader.set({ name }, 0);

  function lost(): void {
    if (isOver) return;
    isOver = true;
    state.setValidUntil(0);
    metrics.leader.set({ name }, 0);
    onLost();
  }

  return {
    async run(signal) {
      state.beat();
      const beating = setInterval(state.beat, BEAT_MS);
      const thread = new Worker(url, { workerData: { ...data, buffer } });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin, only a window has
      const order = (order: LeaseOrder) => thread.postMessage(order);
      signal.addEventListener("abort", () => order("release"), { once: true });
      void ready.then(() => order("ready"));
      thread.on("message", (news: LeaseNews) => {
        if (news === "lost") return lost();
        metrics.leader.set({ name }, 1);
        won.resolve();
      });
      thread.on("error", (error) => {
        logger.error({ err: error, lease: name }, "the thread that renews the lease failed");
        lost();
      });
      await new Promise<void>((ended) => thread.once("exit", () => ended()));
      clearInterval(beating);
      if (!signal.aborted) return lost();
      metrics.leader.set({ name }, 0);
    },
    acquired: won.promise,
    isLeader: () => sharedClock.now() < state.validUntil(),
    validUntil: state.validUntil,
    assertLeader() {
      if (sharedClock.now() >= state.validUntil()) throw new NotLeader();
    },
  };
}
