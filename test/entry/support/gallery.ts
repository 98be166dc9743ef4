import { createHash } from "node:crypto";
import { encodeQR } from "qr";
import { beforePage } from "../../../src/entry/pages/before.ts";
import { deskPage, madeLinkPage } from "../../../src/entry/pages/desk.ts";
import { endedPage } from "../../../src/entry/pages/ended.ts";
import { homePage } from "../../../src/entry/pages/home.ts";
import { earlyPage, joinPage, openPage, readyPage } from "../../../src/entry/pages/join.ts";
import { kitPage } from "../../../src/entry/pages/kit.ts";
import type { Html } from "../../../src/entry/pages/layout.ts";
import { receiptsPage } from "../../../src/entry/pages/receipts.ts";
import { lostPage, refusalPage } from "../../../src/entry/pages/refusal.ts";
import { signInPage } from "../../../src/entry/pages/sign-in.ts";
import type { Appointment, DeskView, MadeLinkView, Refusal, Site } from "../../../src/entry/pages/views.ts";
import { messageText } from "../../../src/entry/texts/neutral.ts";
import { locales, textsOf } from "../../../src/entry/texts/texts.ts";

// Every page that people can see, with what it is made from.

export const REFUSALS: readonly Refusal[] = ["late", "revoked", "used", "wrong", "full", "away"];

/** 3 March 2027, 14:30 in Berlin. */
export const STARTS = Date.UTC(2027, 2, 3, 13, 30) / 1000;
const MINUTES = 60;
export const LINK = "AQpY3kV7mT0wZ5sN1xQ8rB4cD6fG2hJ9.kL3mN7pQ0rS5tV8wX1yZ4aB6cD9eF2gH";

export function someSite(locale: string, more: Partial<Site> = {}): Site {
  return {
    locale,
    locales,
    hosts: {
      entry: "go.greenriver.example",
      meet: "meet.greenriver.example",
      chat: "chat.greenriver.example",
      matrix: "matrix.greenriver.example",
    },
    timeZone: "Europe/Berlin",
    now: STARTS - 83 * MINUTES,
    imprintUrl: "https://greenriver.example/imprint",
    privacyUrl: "https://greenriver.example/privacy",
    ...more,
  };
}

export const APPOINTMENT: Appointment = {
  link: LINK,
  opens: STARTS - 10 * MINUTES,
  starts: STARTS,
  ends: STARTS + 50 * MINUTES,
};

export function someConsent(locale: string) {
  const say = textsOf(locale);
  const text = say("consent.text", { days: 0 });
  return { text, version: say("consent.version"), hash: createHash("sha256").update(text).digest("hex") };
}

export const DESK: DeskView = { timeZone: "Europe/Berlin", maxPeople: 19 };

export function someMade(locale: string): MadeLinkView {
  const address = `https://go.greenriver.example/join#${LINK}`;
  const when = { starts: STARTS, ends: STARTS + 50 * MINUTES, timeZone: "Europe/Berlin" };
  return {
    address,
    staffLink: `staff.${LINK}`,
    ...when,
    people: 1,
    qr: encodeQR(address, "svg"),
    message: messageText(locale, { address, ...when }),
    calendar: "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n",
    locale,
  };
}

export function someReceipt(locale: string): string {
  return JSON.stringify({ payload: "eyJ2IjoxfQ", hash: someConsent(locale).hash, signature: "c2lnbmF0dXJl" });
}

/** The pages by name, as they are sent. */
export function gallery(site: Site): Readonly<Record<string, Html>> {
  const { locale } = site;
  return {
    home: homePage(site),
    join: joinPage(site),
    early: earlyPage(site, APPOINTMENT),
    open: openPage(site, { ...APPOINTMENT, consent: someConsent(locale), changed: true }),
    ready: readyPage(site, { ...APPOINTMENT, receipt: someReceipt(locale) }),
    "ready-kept": readyPage(site, { ...APPOINTMENT, receiptDays: 730, receipt: someReceipt(locale) }),
    "ready-group": readyPage(site, { ...APPOINTMENT, group: true, receipt: someReceipt(locale) }),
    ended: endedPage(site),
    lost: lostPage(site),
    ...Object.fromEntries(REFUSALS.map((refusal) => [refusal, refusalPage(site, refusal)])),
    "sign-in": signInPage(site, { failed: "refused" }),
    "sign-in-oidc": signInPage(site, { oidc: "/staff/oidc" }),
    desk: deskPage(site, { ...DESK, done: "revoked" }),
    "desk-wrong": deskPage(site, {
      ...DESK,
      errors: { date: "x", time: "x", minutes: "x", people: "x", locale: "x" },
      typed: { minutes: "900", people: "0" },
    }),
    "desk-refused": deskPage(site, { ...DESK, refused: "late" }),
    made: madeLinkPage(site, someMade(locale)),
    receipts: receiptsPage(site, {
      days: 730,
      found: [{ file: someReceipt(locale), version: "2026-11", agreed: STARTS }],
    }),
    "receipts-none": receiptsPage(site, { days: 1, found: [] }),
    "receipts-wrong": receiptsPage(site, { days: 30, wrong: true }),
    before: beforePage(site),
    kit: kitPage(site),
  };
}
