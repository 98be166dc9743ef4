import { describe, expect, test } from "vitest";
import { halves, processorsIn } from "./processors.ts";

describe("the halves of the processors", () => {
  test.each([
    ["0", [0]],
    ["0-3", [0, 1, 2, 3]],
    ["1,4-6,9", [1, 4, 5, 6, 9]],
  ])("%s is a list of numbers", (list, numbers) => {
    expect(processorsIn(list)).toEqual(numbers);
  });

  test("the control plane has no processor that the rest has, and none is left over", () => {
    expect(halves([2, 3, 6])).toEqual({ controlPlane: [2, 3], rest: [6] });
  });

  test("one processor cannot be divided", () => {
    expect(halves([5])).toBeUndefined();
  });
});
