/** Times as people say them. Seconds since 1970; zones are IANA names. */

const MILLISECONDS = 1_000;

function formatted(locale: string, timeZone: string, seconds: number, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(locale, { timeZone, ...options }).format(seconds * MILLISECONDS);
}

/** `Mittwoch, 3. März 2027`. */
export function dayText(locale: string, timeZone: string, seconds: number): string {
  return formatted(locale, timeZone, seconds, { dateStyle: "full" });
}

/** `14:30`, or as the language has it. */
export function timeText(locale: string, timeZone: string, seconds: number): string {
  return formatted(locale, timeZone, seconds, { timeStyle: "short" });
}

/** `MEZ`, `GMT+1` or what the language calls the zone at that time. */
export function zoneText(locale: string, timeZone: string, seconds: number): string {
  const parts = new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: "short" }).formatToParts(
    seconds * MILLISECONDS,
  );
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? timeZone;
}

/** `2027-03-03T13:30:00.000Z`, for machines. */
export function machineTime(seconds: number): string {
  return new Date(seconds * MILLISECONDS).toISOString();
}
