import type { Clock } from "../../src/runtime/clock.ts";

export interface FakeClock extends Clock {
  /** Lets `ms` pass; timers fire in order, and promises settle after each. */
  advance(ms: number): Promise<void>;
  /** Timers that wait. */
  readonly pending: number;
}

/** Time that stands still until it is told to go on. */
export function fakeClock(random: () => number = () => 0): FakeClock {
  const timers = new Set<{ readonly due: number; readonly run: () => void }>();
  let now = 1000;

  function nextUntil(end: number) {
    const due = [...timers].filter((timer) => timer.due <= end);
    return due.toSorted((a, b) => a.due - b.due)[0];
  }

  return {
    now: () => now,
    date: () => new Date(Date.UTC(2026, 0, 1) + now),
    random,
    after(ms, run) {
      const timer = { due: now + ms, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (let timer = nextUntil(end); timer; timer = nextUntil(end)) {
        timers.delete(timer);
        now = Math.max(now, timer.due);
        timer.run();
        await settle();
      }
      now = end;
    },
    get pending() {
      return timers.size;
    },
  };
}

/** Lets everything that is ready happen. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
