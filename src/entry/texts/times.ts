/** Times as people say them. Seconds since 1970; zones are IANA names. */

const MILLISECONDS = 1_000;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Kept: making one takes longer than the rest of a page. There are a few for each language and zone of the practice. */
function formatOf(locale: string, timeZone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const id = `${locale} ${timeZone} ${JSON.stringify(options)}`;
  const format = formats.get(id) ?? new Intl.DateTimeFormat(locale, { timeZone, ...options });
  formats.set(id, format);
  return format;
}

/** `Mittwoch, 3. März 2027`. */
export function dayText(locale: string, timeZone: string, seconds: number): string {
  return formatOf(locale, timeZone, { dateStyle: "full" }).format(seconds * MILLISECONDS);
}

/** `14:30`, or as the language has it. */
export function timeText(locale: string, timeZone: string, seconds: number): string {
  return formatOf(locale, timeZone, { timeStyle: "short" }).format(seconds * MILLISECONDS);
}

/** `MEZ`, `GMT+1` or what the language calls the zone at that time. */
export function zoneText(locale: string, timeZone: string, seconds: number): string {
  const parts = formatOf(locale, timeZone, { timeZoneName: "short" }).formatToParts(seconds * MILLISECONDS);
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? timeZone;
}

/** `2027-03-03T13:30:00.000Z`, for machines. */
export function machineTime(seconds: number): string {
  return new Date(seconds * MILLISECONDS).toISOString();
}
