import type { Capability } from "./capability.ts";

/** How much earlier and later than its slot a link is good, in minutes: a practice's `video.sessions`. */
export interface Margins {
  readonly earlyMinutes: number;
  readonly graceMinutes: number;
}

/** The times of a link, in seconds since 1970. */
export interface Slot {
  /** From when it lets in. */
  readonly opens: number;
  readonly starts: number;
  readonly ends: number;
  /** Until when it lets in, unless staff in the room makes it last longer. */
  readonly closes: number;
}

/** Staff in a room can make it last four hours longer (`mod_practice_deadline.lua`). */
const LONGEST_EXTENSION_SECONDS = 4 * 3600;

export function slotOf({ starts, minutes }: Capability, { earlyMinutes, graceMinutes }: Margins): Slot {
  const ends = starts + minutes * 60;
  return { opens: starts - earlyMinutes * 60, starts, ends, closes: ends + graceMinutes * 60 };
}

/** Until when something about a link has to be remembered: no token of it is good any more after that. */
export function forgottenAt({ closes }: Slot, { graceMinutes }: Margins): number {
  return closes + graceMinutes * 60 + LONGEST_EXTENSION_SECONDS;
}
