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

/** A door and the time by which it judges, in seconds. */
function aDoor() {
  let seconds = 0;
  const doors = createDoors({ now: () => seconds * 1000 });
  const judge = (at: number, findings: readonly Finding[], key = "a/a") => {
    seconds = at;
    return doors.judge(key, findings);
  };
  return { judge, isClosed: doors.isClosed };
}

describe("the door of a practice", () => {
  it("stays open while repair still has time, and says when to look again", () => {
    const { judge } = aDoor();
    expect(judge(0, [broken])).toEqual({ closed: false, lookAgainSeconds: REPAIR_SECONDS });
    expect(judge(29, [broken])).toEqual({ closed: false, lookAgainSeconds: 1 });
  });

  it("closes when a promise stays broken, and opens by itself when it holds again", () => {
    const { judge, isClosed } = aDoor();
    judge(0, [broken]);
    expect(judge(REPAIR_SECONDS, [broken])).toEqual({ closed: true });
    expect(isClosed("a/a")).toBe(true);
    expect(judge(40, [])).toEqual({ closed: false });
    expect(isClosed("a/a")).toBe(false);
  });

  it("counts anew after a repair in between", () => {
    const { judge } = aDoor();
    judge(0, [broken]);
    judge(20, []);
    expect(judge(35, [broken]).closed).toBe(false);
  });

  it("does not close for what reveals metadata only, nor for another practice", () => {
    const { judge, isClosed } = aDoor();
    judge(0, [cosmetic]);
    expect(judge(99, [cosmetic]).closed).toBe(false);
    judge(0, [broken], "b/b");
    judge(99, [broken], "b/b");
    expect(isClosed("a/a")).toBe(false);
  });
});
