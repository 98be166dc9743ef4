import { type Clock, systemClock } from "../../src/runtime/clock.ts";

export interface JumpingClock extends Clock {
  /** So much passes in no time, as for a machine that was asleep. Timers go on as they were. */
  jump(ms: number): void;
  /** So much passes at once, and what was to happen by then happens now. */
  pass(ms: number): void;
  /** Somebody sets the time of day. Durations do not notice. */
  set(ms: number): void;
}

/** Real time that jumps when told to. */
export function jumpingClock(): JumpingClock {
  let [passed, wrong] = [0, 0];
  const timers = new Set<{ readonly due: number; readonly end: () => void }>();
  const now = () => systemClock.now() + passed;
  return {
    ...systemClock,
    now,
    date: () => new Date(systemClock.date().getTime() + passed + wrong),
    after(ms, run) {
      const end = () => {
        cancel();
        run();
      };
      const timer = { due: now() + ms, end };
      const cancelReal = systemClock.after(ms, end);
      const cancel = () => {
        timers.delete(timer);
        cancelReal();
      };
      timers.add(timer);
      return cancel;
    },
    jump: (ms) => void (passed += ms),
    pass(ms) {
      passed += ms;
      for (const { due, end } of timers) if (due <= now()) end();
    },
    set: (ms) => void (wrong = ms),
  };
}
