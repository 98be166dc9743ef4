import { describe, expect, it } from "vitest";
import type { Weekday } from "../../src/api/maintenance.ts";
import { isOpen, isTimeZone } from "../../src/practice/maintenance.ts";

const window = (days: readonly Weekday[], from: string, to: string, timeZone = "UTC") => ({
  windows: [{ days, from, to }],
  timeZone,
});
const open = (maintenance: ReturnType<typeof window>, at: string) => isOpen(maintenance, new Date(at));

describe("a weekly maintenance window", () => {
  // 2026-11-22 is a Sunday.
  const sunday = window(["Sun"], "02:00", "05:00");

  it.each([
    ["2026-11-22T01:59:59Z", false],
    ["2026-11-22T02:00:00Z", true],
    ["2026-11-22T04:59:59Z", true],
    ["2026-11-22T05:00:00Z", false],
    ["2026-11-21T03:00:00Z", false],
    ["2026-11-29T03:00:00Z", true],
  ])("begins and ends to the minute, on its day only: %s", (at, expected) => {
    expect(open(sunday, at)).toBe(expected);
  });

  it.each([
    ["2026-11-20T23:29:00Z", false],
    ["2026-11-20T23:30:00Z", true],
    ["2026-11-21T00:00:00Z", true],
    ["2026-11-21T03:59:00Z", true],
    ["2026-11-21T04:00:00Z", false],
    // Friday's early hours belong to Thursday's window, which there is none.
    ["2026-11-20T01:00:00Z", false],
  ])("that ends earlier than it begins ends on the next day: %s", (at, expected) => {
    expect(open(window(["Fri"], "23:30", "04:00"), at)).toBe(expected);
  });

  it("from Sunday crosses into Monday", () => {
    expect(open(window(["Sun"], "22:00", "02:00"), "2026-11-23T01:00:00Z")).toBe(true);
  });

  it("lasts to the end of the day until 24:00", () => {
    const saturday = window(["Sat"], "00:00", "24:00");
    expect(open(saturday, "2026-11-21T23:59:59Z")).toBe(true);
    expect(open(saturday, "2026-11-22T00:00:00Z")).toBe(false);
  });

  it("is never open when there is none", () => {
    expect(isOpen({ windows: [], timeZone: "UTC" }, new Date())).toBe(false);
  });
});

describe("a window by the clocks of Berlin", () => {
  const berlin = (from: string, to: string) => window(["Sun"], from, to, "Europe/Berlin");

  it("is at another time in winter than in summer", () => {
    expect(open(berlin("02:00", "05:00"), "2026-01-18T01:30:00Z")).toBe(true); // 02:30 CET
    expect(open(berlin("02:00", "05:00"), "2026-07-19T00:30:00Z")).toBe(true); // 02:30 CEST
    expect(open(berlin("02:00", "05:00"), "2026-01-18T00:30:00Z")).toBe(false); // 01:30 CET
  });

  it("is an hour shorter when clocks go forward: 02:00 to 03:00 on 2026-03-29 is skipped", () => {
    expect(open(berlin("01:30", "04:00"), "2026-03-29T00:59:00Z")).toBe(true); // 01:59 CET
    expect(open(berlin("01:30", "04:00"), "2026-03-29T01:00:00Z")).toBe(true); // 03:00 CEST
    expect(open(berlin("01:30", "04:00"), "2026-03-29T02:00:00Z")).toBe(false); // 04:00 CEST
    const minutes = Array.from({ length: 240 }, (_, minute) => new Date(Date.UTC(2026, 2, 28, 23, minute)));
    expect(minutes.filter((at) => isOpen(berlin("02:00", "03:00"), at))).toEqual([]);
    expect(minutes.filter((at) => isOpen(berlin("01:30", "04:00"), at))).toHaveLength(90);
  });

  it("comes twice within the hour that is repeated: 02:00 to 03:00 on 2026-10-25", () => {
    const minutes = Array.from({ length: 300 }, (_, minute) => new Date(Date.UTC(2026, 9, 24, 22, minute)));
    expect(minutes.filter((at) => isOpen(berlin("02:00", "03:00"), at))).toHaveLength(120);
  });
});

describe("a time zone", () => {
  it.each(["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"])("%s is known", (name) => {
    expect(isTimeZone(name)).toBe(true);
  });

  it.each(["Europe/Bearlin", "CEST5", "x"])("%s is not", (name) => {
    expect(isTimeZone(name)).toBe(false);
  });
});
