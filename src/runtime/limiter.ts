/** Lets so many tasks run at the same time; the others wait in order. */
export interface Limiter {
  /** @throws the signal's reason when it fires before the task's turn. */
  run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** Tasks of a group wait in order, and groups take turns: however many tasks one has, the others' go on. */
export interface GroupLimiter {
  /** @throws the signal's reason when it fires before the task's turn. */
  run<T>(group: string, task: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** A limit that the server moves: see `createAdaptiveLimiter`. */
export interface AdaptiveLimiter extends GroupLimiter {
  /** The server took one. */
  taken(): void;
  /** The server said that it is too much. */
  refused(): void;
  readonly limit: number;
}

export function createLimiter(max: number): Limiter {
  const { run } = createGroupLimiter({ inAll: max, ofOne: max });
  return { run: (task, signal) => run("", task, signal) };
}

export function createGroupLimiter({ inAll, ofOne }: { inAll: number; ofOne: number }): GroupLimiter {
  return groupLimiter(
    () => inAll,
    (own) => own < ofOne,
  );
}

/**
 * Finds how much the server bears as TCP does: one more at a time for each full round that it takes, half when it says
 * 429. Many refusals at the same moment are one. API priority and fairness does the rest: it queues and refuses.
 *
 * No group may have more places than it leaves free: one alone gets half of them, and the next one still finds some.
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
  const { run } = groupLimiter(
    () => Math.floor(limit),
    (own, free) => own < free,
  );
  return {
    run,
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

/** @param mayHave whether a group of which so many run gets one more of the places that are free. */
function groupLimiter(max: () => number, mayHave: (own: number, free: number) => boolean): GroupLimiter {
  let running = 0;
  const runningOf = new Map<string, number>();
  /** Groups of which something waits, the one whose turn is next first. */
  const lines = new Map<string, Set<() => void>>();

  function admit(): void {
    for (const [group, line] of lines) {
      const free = max() - running;
      if (free <= 0) return;
      const own = runningOf.get(group) ?? 0;
      const [begin] = line;
      if (!begin || !mayHave(own, free)) continue;
      line.delete(begin);
      lines.delete(group);
      // Behind the others, where this same round comes to it again.
      if (line.size > 0) lines.set(group, line);
      running += 1;
      runningOf.set(group, own + 1);
      begin();
    }
  }

  function leave(group: string, begin: () => void): void {
    const line = lines.get(group);
    line?.delete(begin);
    if (line?.size === 0) lines.delete(group);
  }

  function end(group: string): void {
    running -= 1;
    const own = (runningOf.get(group) ?? 0) - 1;
    if (own > 0) runningOf.set(group, own);
    else runningOf.delete(group);
    admit();
  }

  function turn(group: string, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        signal?.removeEventListener("abort", off);
        resolve();
      };
      const off = () => {
        leave(group, begin);
        reject(signal?.reason as Error);
      };
      const line = lines.get(group) ?? new Set();
      lines.set(group, line.add(begin));
      signal?.addEventListener("abort", off);
      admit();
    });
  }

  return {
    async run(group, task, signal) {
      signal?.throwIfAborted();
      await turn(group, signal);
      try {
        signal?.throwIfAborted();
        return await task();
      } finally {
        end(group);
      }
    },
  };
}
