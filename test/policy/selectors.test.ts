import { describe, expect, it } from "vitest";
import { canonical } from "../../src/practice/canonical.ts";
import { type Selector, selects } from "../../src/policy/selectors.ts";

const labels = { role: "front", tier: "a" };

describe("selects", () => {
  it.each<[string, Selector, boolean]>([
    ["everything", {}, true],
    ["a label", { matchLabels: { role: "front" } }, true],
    ["another value", { matchLabels: { role: "bridge" } }, false],
    ["one of two labels missing", { matchLabels: { role: "front", x: "y" } }, false],
    ["In", { matchExpressions: [{ key: "role", operator: "In", values: ["front", "x"] }] }, true],
    ["In, missing", { matchExpressions: [{ key: "x", operator: "In", values: ["y"] }] }, false],
    ["NotIn, missing", { matchExpressions: [{ key: "x", operator: "NotIn", values: ["y"] }] }, true],
    ["NotIn", { matchExpressions: [{ key: "role", operator: "NotIn", values: ["front"] }] }, false],
    ["Exists", { matchExpressions: [{ key: "role", operator: "Exists" }] }, true],
    ["DoesNotExist", { matchExpressions: [{ key: "role", operator: "DoesNotExist" }] }, false],
  ])("%s", (_, selector, expected) => {
    expect(selects(selector, labels)).toBe(expected);
  });
});

describe("canonical", () => {
  it("ignores the order of keys, not of lists", () => {
    expect(canonical({ a: 1, b: { c: 2, d: 3 } })).toBe(canonical({ b: { d: 3, c: 2 }, a: 1 }));
    expect(canonical([1, 2])).not.toBe(canonical([2, 1]));
  });
});
