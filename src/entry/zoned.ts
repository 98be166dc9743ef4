/**
 * When the clocks of a zone show a time, in seconds since 1970. Of two such moments (an hour that comes twice) the
 * first; nothing for an hour that is left out, or a day that does not exist.
 * @param day `YYYY-MM-DD` @param time `HH:MM` @param zone an IANA name.
 */
export function zonedTime(day: string, time: string, zone: string): number | undefined {
  const wall = Date.parse(`${day}T${time}:00Z`);
  if (Number.isNaN(wall)) return undefined;
  // No zone is further from UTC than this, so both offsets around the day are seen.
  const offsets = [-DAY, DAY].map((around) => offsetAt(wall + around, zone)).toSorted((one, other) => other - one);
  const found = offsets.map((offset) => wall - offset).find((moment) => moment + offsetAt(moment, zone) === wall);
  return found === undefined ? undefined : found / 1000;
}

const DAY = 86_400_000;

/** How far the clocks of a zone are ahead of UTC at a moment, in milliseconds. */
function offsetAt(moment: number, zone: string): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }).formatToParts(moment);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((one) => one.type === type)?.value ?? "";
  const wall = `${part("year")}-${part("month")}-${part("day")}T${part("hour")}:${part("minute")}:${part("second")}Z`;
  return Date.parse(wall) - Math.floor(moment / 1000) * 1000;
}
