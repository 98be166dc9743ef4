import type { Metrics } from "../telemetry/metrics.ts";
import { type Clock, systemClock } from "./clock.ts";

/**
 * Keys that want work, first in, first out; each key at most once in the queue and at most once in work.
 * A key added while it is in work comes back when that work is done, so no change is ever lost.
 * The semantics are those of client-go's work queue.
 */
export interface Queue {
  add(key: string): void;
  /** Adds after `ms`; of several times for one key the earliest counts. */
  addAfter(key: string, ms: number): void;
  /** Adds after this key's back-off: 1 s, doubling up to 5 min until `forget`. */
  addRateLimited(key: string): void;
  /** Starts the key's back-off afresh. */
  forget(key: string): void;
  /** The next key, once there is one; `undefined` when the queue is shut down. Call `done` with it afterwards. */
  take(): Promise<string | undefined>;
  done(key: string): void;
  /** Takes no more keys in and gives no more out. */
  shutDown(): void;
  /** Keys ready for a worker. */
  readonly length: number;
}

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 300_000;

export function createQueue(options: {
  readonly name: string;
  readonly metrics: Metrics;
  readonly clock?: Clock;
}): Queue {
  const { name, metrics, clock = systemClock } = options;
  /** Wanted and not in work, in order: key to the time of adding. */
  const ready = new Map<string, number>();
  /** In work: key to the time of taking. */
  const processing = new Map<string, number>();
  /** In work and wanted again. */
  const dirty = new Set<string>();
  const delayed = new Map<string, { readonly due: number; readonly cancel: () => void }>();
  const failures = new Map<string, number>();
  const takers: ((key: string | undefined) => void)[] = [];
  let open = true;

  metrics.onScrape(() => {
    const ages = [...processing.values()].map((since) => (clock.now() - since) / 1000);
    metrics.queueDepth.set({ name }, ready.size);
    metrics.unfinishedSeconds.set(
      { name },
      ages.reduce((sum, age) => sum + age, 0),
    );
    metrics.longestSeconds.set({ name }, Math.max(0, ...ages));
  });

  function add(key: string): void {
    if (!open || ready.has(key) || dirty.has(key)) return;
    metrics.queueAdds.inc({ name });
    if (processing.has(key)) dirty.add(key);
    else {
      ready.set(key, clock.now());
      hand();
    }
  }

  function hand(): void {
    for (const [key, since] of ready) {
      const taker = takers.shift();
      if (!taker) return;
      ready.delete(key);
      processing.set(key, clock.now());
      metrics.queueSeconds.observe({ name }, (clock.now() - since) / 1000);
      taker(key);
    }
  }

  function addAfter(key: string, ms: number): void {
    if (ms <= 0) return add(key);
    const due = clock.now() + ms;
    const waiting = delayed.get(key);
    if (!open || (waiting && waiting.due <= due)) return;
    waiting?.cancel();
    const cancel = clock.after(ms, () => {
      delayed.delete(key);
      add(key);
    });
    delayed.set(key, { due, cancel });
  }

  return {
    add,
    addAfter,
    addRateLimited(key) {
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      metrics.queueRetries.inc({ name });
      const delay = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(count, 20));
      // Up to a tenth earlier, so that keys that failed together do not come back together.
      addAfter(key, delay * (1 - clock.random() / 10));
    },
    forget: (key) => void failures.delete(key),
    take() {
      if (!open) return Promise.resolve(undefined);
      return new Promise((resolve) => {
        takers.push(resolve);
        hand();
      });
    },
    done(key) {
      const since = processing.get(key);
      if (since === undefined) return;
      processing.delete(key);
      metrics.workSeconds.observe({ name }, (clock.now() - since) / 1000);
      if (dirty.delete(key) && open) {
        ready.set(key, clock.now());
        hand();
      }
    },
    shutDown() {
      open = false;
      for (const { cancel } of delayed.values()) cancel();
      delayed.clear();
      ready.clear();
      dirty.clear();
      failures.clear();
      for (const taker of takers.splice(0)) taker(undefined);
    },
    get length() {
      return ready.size;
    },
  };
}
