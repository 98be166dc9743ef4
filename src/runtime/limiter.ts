/** Lets so many tasks run at the same time; the others wait in order. */
export interface Limiter {
  /** @throws the signal's reason when it fires before the task's turn. */
  run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** A limit that the server moves: see `createAdaptiveLimiter`. */
export interface AdaptiveLimiter extends Limiter {
  /** The server took one. */
  taken(): void;
  /** The server said that it is too much. */
  refused(): void;
  readonly limit: number;
}

export function createLimiter(max: number): Limiter {
  return limiter(() => max);
}

/**
 * Finds how much the server bears as TCP does: one more at a time for each full round that it takes, half when it says
 * 429. Many refusals at the same moment are one. API priority and fairness does the rest: it queues and refuses.
 */
export function createAdaptiveLimiter(bounds: {
  readonly first: number;
  readonly least: number;
  readonly most: number;
  /** Milliseconds that never jump. */
  readonly now: () => number;
}): AdaptiveLimiter {
  const { first, least, most, now } = bounds;
  let limit = first;
  let halvedAt = -Infinity;
  return {
    ...limiter(() => Math.floor(limit)),
    taken: () => void (limit = Math.min(most, limit + 1 / limit)),
    refused() {
      if (now() - halvedAt < SAME_MOMENT_MS) return;
      halvedAt = now();
      limit = Math.max(least, limit / 2);
    },
    get limit() {
      return Math.floor(limit);
    },
  };
}

const SAME_MOMENT_MS = 1000;

function limiter(max: () => number): Limiter {
  let running = 0;
  const waiting: (() => void)[] = [];

  function admit(): void {
    while (running < max()) {
      const turn = waiting.shift();
      if (!turn) return;
      running += 1;
      turn();
    }
  }

  return {
    async run(task, signal) {
      await new Promise<void>((turn) => {
        waiting.push(turn);
        admit();
      });
      try {
        signal?.throwIfAborted();
        return await task();
      } finally {
        running -= 1;
        admit();
      }
    },
  };
}
