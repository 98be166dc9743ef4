import type { Weekday } from "../api/maintenance.ts";
import { WEEKDAYS } from "../api/maintenance.ts";
import { rememberText } from "../remember.ts";
import type { Maintenance } from "./practice.ts";

/** Whether this process knows the rules of a time zone. */
export function isTimeZone(name: string): boolean {
  try {
    clockOf(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether one of the weekly windows is open, by the clocks on the wall of its time zone. So where clocks go forward, a
 * window within the skipped hour does not come that week; where they go back, one within the repeated hour comes twice.
 */
export function isOpen({ windows, timeZone }: Maintenance, at: Date): boolean {
  const { day, time } = onTheWall(timeZone, at);
  return windows.some(({ days, from, to }) => {
    if (from < to) return days.includes(day) && from <= time && time < to;
    return (days.includes(day) && from <= time) || (days.includes(before(day)) && time < to);
  });
}

/** Day and time of day as clocks show them there; the time as `hh:mm`, which compares as text. */
function onTheWall(timeZone: string, at: Date): { day: Weekday; time: string } {
  const parts = Object.fromEntries(
    clockOf(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  return { day: parts["weekday"] as Weekday, time: `${parts["hour"]}:${parts["minute"]}` };
}

/** Each takes milliseconds to make, and every look at a practice wants one. */
const clockOf = rememberText((timeZone) => {
  const shown = { weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  return new Intl.DateTimeFormat("en-US", { ...shown, timeZone });
});

function before(day: Weekday): Weekday {
  return WEEKDAYS[(WEEKDAYS.indexOf(day) + 6) % 7] as Weekday;
}
