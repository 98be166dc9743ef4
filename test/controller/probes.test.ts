import { expect, it } from "vitest";
import { createProbes } from "../../src/controller/probes.ts";

const at = (seconds: number) => ({ at: new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString() });

it("four practices are tried at a time, and those that got stuck in it keep nobody else waiting", () => {
  const probes = createProbes();
  for (const key of ["a", "b", "c", "d"]) expect(probes.begin(key, at(0))).toBe(true);
  expect(probes.begin("e", at(240))).toBe(false);
  probes.note("d", at(100));
  expect(probes.begin("e", at(241))).toBe(true);
  expect(["a", "d", "e"].map((key) => probes.current(key) !== undefined)).toEqual([false, true, true]);
});
