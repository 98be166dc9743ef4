import { type Clock, systemClock } from "../../src/runtime/clock.ts";

export interface JumpingClock extends Clock {
  /** So much passes in no time, as for a machine that was asleep. Timers go on as they were. */
  jump(ms: number): void;
  /** Somebody sets the time of day. Durations do not notice. */
  set(ms: number): void;
}

/** Real time that jumps when told to. */
export function jumpingClock(): JumpingClock {
  let [passed, wrong] = [0, 0];
  return {
    ...systemClock,
    now: () => systemClock.now() + passed,
    date: () => new Date(systemClock.date().getTime() + passed + wrong),
    jump: (ms) => void (passed += ms),
    set: (ms) => void (wrong = ms),
  };
}
