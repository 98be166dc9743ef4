/** Time and chance, passed in so that tests can drive them. */
export interface Clock {
  /** Milliseconds that never jump: for durations only. */
  now(): number;
  /** Time of day: for what is written down. */
  date(): Date;
  /** Runs once after `ms`, or after 24 days if that is sooner; the answer cancels it. */
  after(ms: number, run: () => void): () => void;
  /** In [0, 1). */
  random(): number;
}

/** A timer of Node that is to wait for longer does not wait at all. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(ms, LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
  random: Math.random,
};

/** Resolves after `ms`, or at once when the signal fires: look at the signal afterwards. */
export function sleep(clock: Pick<Clock, "after">, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = () => {
      cancel();
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    signal?.addEventListener("abort", end);
  });
}

export interface Backoff {
  /** Milliseconds to wait now; grows with each call. */
  next(): number;
  reset(): void;
}

/** Exponential back-off with full jitter: anywhere between zero and a bound that doubles from `base` to `cap` (ms). */
export function createBackoff(clock: Clock, base: number, cap: number): Backoff {
  let bound = base;
  return {
    next() {
      const wait = clock.random() * bound;
      bound = Math.min(cap, bound * 2);
      return wait;
    },
    reset() {
      bound = base;
    },
  };
}
