import { describe, expect, it } from "vitest";
import { readLink } from "../../src/entry/capability.ts";
import { keySet, keysOf } from "../../src/entry/keys.ts";
import { madeLink, readOrder } from "../../src/entry/order.ts";
import { zonedTime } from "../../src/entry/zoned.ts";
import { someOptions } from "./options.ts";

const keys = keysOf([keySet(1, "secret")]);
const now = Date.parse("2026-11-26T08:00:00Z") / 1000;
const good = { date: "2026-11-27", time: "09:30", minutes: "50", people: "1", locale: "de" };
const read = (changes: Record<string, string> = {}) =>
  readOrder({ ...good, ...changes }, { timeZone: "Europe/Berlin", maxPeople: 3, now });

describe("an order of a link", () => {
  it("is read on the practice's clocks", () => {
    expect(read()).toEqual({
      starts: Date.parse("2026-11-27T08:30:00Z") / 1000,
      minutes: 50,
      people: 1,
      locale: "de",
    });
  });

  it.each([
    ["date", "27.11.2026"],
    ["date", "2026-02-30"],
    ["date", "2026-11-25"],
    ["date", "2029-01-01"],
    ["time", "9:30"],
    ["time", "24:00"],
    ["minutes", "4"],
    ["minutes", "481"],
    ["minutes", "1e2"],
    ["people", "0"],
    ["people", "4"],
    ["locale", "tlh"],
    ["locale", "__proto__"],
  ])("names the field that is wrong: %s %s", (field, value) => {
    const order = read({ [field]: value });
    const errors = "errors" in order ? Object.keys(order.errors) : [];
    expect(errors).toEqual([field]);
  });

  it("names every field of an empty form", () => {
    const order = readOrder({}, { timeZone: "UTC", maxPeople: 1, now });
    expect("errors" in order && Object.keys(order.errors).toSorted()).toEqual([
      "date",
      "locale",
      "minutes",
      "people",
      "time",
    ]);
  });
});

describe("clocks of a zone", () => {
  const at = (day: string, time: string) => {
    const found = zonedTime(day, time, "Europe/Berlin");
    return found === undefined ? undefined : new Date(found * 1000).toISOString();
  };
  it.each([
    ["in winter", "2026-01-15", "10:00", "2026-01-15T09:00:00.000Z"],
    ["in summer", "2026-07-15", "10:00", "2026-07-15T08:00:00.000Z"],
    ["before an hour is left out", "2026-03-29", "01:59", "2026-03-29T00:59:00.000Z"],
    ["in an hour that is left out", "2026-03-29", "02:30", undefined],
    ["after it", "2026-03-29", "03:00", "2026-03-29T01:00:00.000Z"],
    ["in an hour that comes twice", "2026-10-25", "02:30", "2026-10-25T00:30:00.000Z"],
  ])("%s", (_, day, time, expected) => expect(at(day, time)).toBe(expected));
});

describe("what staff gets", () => {
  const options = someOptions();
  const made = madeLink(keys, options, { starts: now + 3600, minutes: 50, people: 2, locale: "en" });
  const capability = (link: string) => readLink(keys, link);

  it("is one link for patients and one for staff, for the same room and time", () => {
    const link = made.address.split("#")[1] ?? "";
    expect(made.address).toBe(`https://go.greenriver.example/join?lang=en#${link}`);
    expect(capability(link)).toMatchObject({ role: "patient", starts: now + 3600, minutes: 50, people: 2 });
    expect(capability(made.staffLink)).toEqual({ ...capability(link), role: "staff" });
  });

  it("is neutral: a glance at it tells nothing", () => {
    const telling = /therap|psych|patient|practice|praxis|clinic|health|video|consult|session|sitzung/i;
    const host = /go\.greenriver\.example/g;
    expect(made.message.replaceAll(host, "")).not.toMatch(telling);
    const calendar = made.calendar
      .replaceAll("\r\n ", "")
      .replaceAll(host, "")
      .replace(/^PRODID.*$/m, "");
    expect(calendar).not.toMatch(telling);
    expect(calendar).toContain("SUMMARY:Appointment");
    expect(made.calendar.replaceAll("\r\n ", "")).toContain(made.address);
    expect(made.qr).toMatch(/^<svg/);
  });
});
