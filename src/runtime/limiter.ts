/** Lets at most `max` tasks run at the same time; the others wait in order. */
export interface Limiter {
  /** @throws the signal's reason when it fires before the task's turn. */
  run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

export function createLimiter(max: number): Limiter {
  let running = 0;
  const waiting: (() => void)[] = [];

  return {
    async run(task, signal) {
      if (running < max) running += 1;
      else await new Promise<void>((turn) => waiting.push(turn));
      try {
        signal?.throwIfAborted();
        return await task();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else running -= 1;
      }
    },
  };
}
