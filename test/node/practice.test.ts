import { afterAll, beforeAll, expect, it } from "vitest";
import { kubectl } from "../support/bed.ts";
import { hand } from "./support/node.ts";
import { PARTS, type RunningPractice, startPractice } from "./support/practice.ts";

let practice: RunningPractice;

beforeAll(async () => {
  practice = await startPractice();
}, 400_000);
afterAll(() => hand.close());

it("runs a pod for each part", async () => {
  const label = ["-L", "telehealth-operator.io/serves", "--no-headers"];
  const lines = (await kubectl(["-n", practice.namespace, "get", "pods", ...label])).trim().split("\n");
  expect(lines.map((line) => line.split(/\s+/).at(-1) ?? "").toSorted()).toEqual([...PARTS]);
});
