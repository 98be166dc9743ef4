import { textsOf } from "./texts.ts";
import { dayText, timeText, zoneText } from "./times.ts";

/** What a text for mail or SMS is made from. Seconds since 1970. */
export interface Invitation {
  readonly address: string;
  readonly starts: number;
  readonly ends: number;
  readonly timeZone: string;
}

/** A text for mail or SMS: date, time and link; nothing in it tells what the appointment is about. */
export function messageText(locale: string, { address, starts, ends, timeZone }: Invitation): string {
  return textsOf(locale)("message.text", {
    address,
    day: dayText(locale, timeZone, starts),
    from: timeText(locale, timeZone, starts),
    to: timeText(locale, timeZone, ends),
    zone: zoneText(locale, timeZone, starts),
  });
}

/** The title of a calendar entry: the one neutral word of the language. */
export function calendarTitle(locale: string): string {
  return textsOf(locale)("calendar.title");
}

/** The note in a calendar entry. */
export function calendarNote(locale: string, address: string): string {
  return textsOf(locale)("calendar.note", { address });
}
