import { describe, expect, it } from "vitest";
import { createDoors, REPAIR_SECONDS } from "../../src/controller/door.ts";
import type { Finding } from "../../src/policy/policy.ts";

const broken: Finding = {
  check: "guard",
  promise: "e2ee",
  object: "Deployment/front",
  message: "The guard is missing.",
};
const cosmetic: Finding = { ...broken, promise: "metadata" };
const at = (seconds: number) => new Date(1_800_000_000_000 + seconds * 1000);

describe("the door of a practice", () => {
  it("stays open while repair still has time, and says when to look again", () => {
    const doors = createDoors();
    expect(doors.judge("a/a", [broken], at(0))).toEqual({ closed: false, lookAgainSeconds: REPAIR_SECONDS });
    expect(doors.judge("a/a", [broken], at(29))).toEqual({ closed: false, lookAgainSeconds: 1 });
  });

  it("closes when a promise stays broken, and opens by itself when it holds again", () => {
    const doors = createDoors();
    doors.judge("a/a", [broken], at(0));
    expect(doors.judge("a/a", [broken], at(REPAIR_SECONDS))).toEqual({ closed: true });
    expect(doors.isClosed("a/a")).toBe(true);
    expect(doors.judge("a/a", [], at(40))).toEqual({ closed: false });
    expect(doors.isClosed("a/a")).toBe(false);
  });

  it("counts anew after a repair in between", () => {
    const doors = createDoors();
    doors.judge("a/a", [broken], at(0));
    doors.judge("a/a", [], at(20));
    expect(doors.judge("a/a", [broken], at(35)).closed).toBe(false);
  });

  it("does not close for what reveals metadata only, nor for another practice", () => {
    const doors = createDoors();
    doors.judge("a/a", [cosmetic], at(0));
    expect(doors.judge("a/a", [cosmetic], at(99)).closed).toBe(false);
    doors.judge("b/b", [broken], at(0));
    doors.judge("b/b", [broken], at(99));
    expect(doors.isClosed("a/a")).toBe(false);
  });
});
