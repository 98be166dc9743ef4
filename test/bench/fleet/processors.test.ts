import { describe, expect, it } from "vitest";
import { halves, processorsIn } from "./processors.ts";

describe("the halves of the processors", () => {
  it.each([
    ["0", [0]],
    ["0-3", [0, 1, 2, 3]],
    ["1,4-6,9", [1, 4, 5, 6, 9]],
  ])("%s is a list of numbers", (list, numbers) => {
    expect(processorsIn(list)).toEqual(numbers);
  });

  it("give the control plane none that the rest has, and leave none over", () => {
    expect(halves([2, 3, 6])).toEqual({ controlPlane: [2, 3], rest: [6] });
  });

  it("are none where there is one processor", () => {
    expect(halves([5])).toBeUndefined();
  });
});
