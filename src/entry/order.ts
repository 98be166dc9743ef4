import ical from "ical-generator";
import { encodeQR } from "qr";
import { z } from "zod";
import { newRoom, signLink } from "./capability.ts";
import type { Keys } from "./keys.ts";
import type { EntryOptions } from "./options.ts";
import type { DeskView, MadeLinkView } from "./pages/views.ts";
import { calendarNote, calendarTitle, messageText } from "./texts/neutral.ts";
import { isLocale } from "./texts/texts.ts";
import { zonedTime } from "./zoned.ts";

/** What staff ordered: nothing in it is about a person. */
export interface Order {
  readonly starts: number;
  readonly minutes: number;
  readonly people: number;
  readonly locale: string;
}

type Errors = NonNullable<DeskView["errors"]>;

const MINUTES = { shortest: 5, longest: 480 };
/** How far ahead links are made, in seconds: a year and a bit. */
const FURTHEST = 400 * 86_400;

const number = (from: number, to: number) =>
  z
    .string()
    .regex(/^\d{1,4}$/)
    .transform(Number)
    .refine((value) => value >= from && value <= to);

/** Reads the form of a new link; says by field what is wrong with it. */
export function readOrder(
  form: Readonly<Record<string, string>>,
  { timeZone, maxPeople, now }: { readonly timeZone: string; readonly maxPeople: number; readonly now: number },
): Order | { readonly errors: Errors } {
  const fields = {
    date: z.iso.date(),
    time: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/),
    minutes: number(MINUTES.shortest, MINUTES.longest),
    people: number(1, maxPeople),
    locale: z.string().refine(isLocale),
  };
  const read = z.object(fields).safeParse(form);
  if (!read.success) {
    return { errors: Object.fromEntries(read.error.issues.map(({ path }) => [path[0], "wrong"])) };
  }
  const { date, time, minutes, people, locale } = read.data;
  const starts = zonedTime(date, time, timeZone);
  if (starts === undefined) return { errors: { time: "wrong" } };
  if (starts + minutes * 60 <= now || starts > now + FURTHEST) return { errors: { date: "wrong" } };
  return { starts, minutes, people, locale };
}

/** Makes both links of an order, with what staff hands on. */
export function madeLink(keys: Keys, { hosts, locale: usual, timeZone }: EntryOptions, order: Order): MadeLinkView {
  const { starts, minutes, people, locale } = order;
  const content = { room: newRoom(), starts, minutes, people };
  const language = locale === usual ? "" : `?lang=${locale}`;
  const address = `https://${hosts.entry}/join${language}#${signLink(keys.current, { ...content, role: "patient" })}`;
  const ends = starts + minutes * 60;
  return {
    address,
    staffLink: signLink(keys.current, { ...content, role: "staff" }),
    starts,
    ends,
    timeZone,
    people,
    qr: encodeQR(address, "svg", { ecc: "medium" }),
    message: messageText(locale, { address, starts, ends, timeZone }),
    calendar: calendar(locale, address, starts, ends),
    locale,
  };
}

/** A calendar file of one neutral entry, in UTC, so that every calendar shows it on its own clocks. */
function calendar(locale: string, address: string, starts: number, ends: number): string {
  const file = ical({ prodId: { company: "practice", product: "appointment", language: locale.toUpperCase() } });
  file.createEvent({
    start: new Date(starts * 1000),
    end: new Date(ends * 1000),
    summary: calendarTitle(locale),
    description: calendarNote(locale, address),
  });
  return file.toString();
}
