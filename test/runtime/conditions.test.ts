import { describe, expect, it } from "vitest";
import { mergeConditions, type NewCondition, setCondition } from "../../src/runtime/conditions.ts";

const READY: NewCondition = { type: "Ready", status: "False", reason: "Wait", message: "Soon.", observedGeneration: 1 };
const MONDAY = "2026-01-05T10:00:00.123Z";
const TUESDAY = "2026-01-06T10:00:00.456Z";

describe("conditions", () => {
  it("keep the time of the last change of status, whatever else changes", () => {
    const before = mergeConditions([], [READY], MONDAY);
    expect(before).toEqual([{ ...READY, lastTransitionTime: "2026-01-05T10:00:00Z" }]);
    const same = mergeConditions(before, [{ ...READY, reason: "Other", observedGeneration: 2 }], TUESDAY);
    expect(same[0]).toMatchObject({ reason: "Other", lastTransitionTime: "2026-01-05T10:00:00Z" });
    const changed = mergeConditions(same, [{ ...READY, status: "True" }], TUESDAY);
    expect(changed[0]?.lastTransitionTime).toBe("2026-01-06T10:00:00Z");
  });

  it("follow the wanted order and drop what is not wanted any more", () => {
    const before = mergeConditions([], [{ ...READY, type: "Old" }, READY], MONDAY);
    const after = mergeConditions(before, [READY, { ...READY, type: "New" }], TUESDAY);
    expect(after.map(({ type }) => type)).toEqual(["Ready", "New"]);
  });

  it("are set one by one in their place, or at the end", () => {
    const before = mergeConditions([], [READY, { ...READY, type: "Other" }], MONDAY);
    expect(setCondition(before, { ...READY, status: "True" }, TUESDAY).map(({ status }) => status)).toEqual([
      "True",
      "False",
    ]);
    expect(setCondition(before, { ...READY, type: "Third" }, TUESDAY)).toHaveLength(3);
  });
});
