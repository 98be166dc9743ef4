import { describe, expect, it } from "vitest";
import { CONDITION_TYPES, type Reason, REASONS } from "../../src/api/reasons.ts";

const reasons = Object.entries<Reason>(REASONS);
/** Reasons of a condition in the state that asks nothing of anybody. */
const POSITIVE = ["Ready", "Settled", "Enforced", "Verified", "Issued", "External", "AllReady", "Known", "Restricted"];
const QUIET = [...POSITIVE, "Neutral", "UpToDate", "Active"];

describe("reasons", () => {
  it.each(CONDITION_TYPES)("of %s include a good one", (type) => {
    const names = reasons.filter(([, { conditions }]) => conditions.includes(type)).map(([name]) => name);
    expect(names.filter((name) => QUIET.includes(name))).not.toEqual([]);
  });

  it.each(reasons)("%s is a constant with whole sentences", (name, { meaning, nextStep }) => {
    expect(name).toMatch(/^[A-Z][A-Za-z]+$/);
    expect(meaning).toMatch(/[.]$/);
    expect(nextStep).toMatch(/^$|^kubectl |[.]$/);
  });

  it.each(reasons.filter(([name, { waiting }]) => !QUIET.includes(name) && !waiting))(
    "%s is trouble and says what to do",
    (_, { nextStep }) => {
      expect(nextStep).not.toBe("");
    },
  );
});
