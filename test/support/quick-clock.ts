import { type Clock, systemClock } from "../../src/runtime/clock.ts";

/** Real time without chance: back-offs with full jitter do not wait. Notes every timer that was asked for. */
export function quickClock(): Clock & { readonly waits: number[] } {
  const waits: number[] = [];
  return {
    ...systemClock,
    waits,
    random: () => 0,
    after(ms, run) {
      waits.push(ms);
      return systemClock.after(ms, run);
    },
  };
}
