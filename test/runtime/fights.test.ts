import { expect, it } from "vitest";
import { createFights } from "../../src/runtime/fights.ts";
import { fakeClock } from "../support/fake-clock.ts";

const LONGEST = 300_000;
const object = (name: string, namespace = "green") => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace },
});

it("lets five rounds pass, then waits from ten seconds to five minutes", () => {
  const fights = createFights(fakeClock());
  const waits = Array.from({ length: 14 }, () => {
    fights.fought(object("a"));
    return fights.wait(object("a"), LONGEST);
  });
  expect(waits.slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
  expect(waits.slice(5, 10)).toEqual([10_000, 20_000, 40_000, 80_000, 160_000]);
  expect(waits.slice(10)).toEqual([LONGEST, LONGEST, LONGEST, LONGEST]);
  expect(fights.wait(object("a"), 10_000)).toBe(10_000);
  expect([fights.wait(object("b"), LONGEST), fights.wait(object("a", "blue"), LONGEST)]).toEqual([0, 0]);
});

it("knows who was last seen to change an object, also when it is deleted in between", () => {
  const fights = createFights(fakeClock());
  expect(fights.rivals(object("a"))).toEqual([]);
  fights.fought(object("a"), ["first"]);
  fights.fought(object("a"), ["second"]);
  fights.fought(object("a"));
  expect([fights.rivals(object("a")), fights.rivals(object("b"))]).toEqual([["second"], []]);
});

it("waits from the last round, and begins afresh after ten quiet minutes, keeping nothing", async () => {
  const clock = fakeClock();
  const fights = createFights(clock);
  for (let round = 0; round < 7; round += 1) fights.fought(object("a"));
  fights.fought(object("b"));
  await clock.advance(15_000);
  expect(fights.wait(object("a"), LONGEST)).toBe(5000);
  await clock.advance(590_000);
  expect(fights.wait(object("a"), LONGEST)).toBe(0);
  expect(fights.size).toBe(0);
  fights.fought(object("a"));
  expect(fights.wait(object("a"), LONGEST)).toBe(0);
  fights.forget("green");
  expect(fights.size).toBe(0);
});
