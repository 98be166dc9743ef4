import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isGood, notRun, summary, type Outcome } from "./summary.ts";
import { choose, tiers } from "./tiers.ts";
import { count, failures, secondTries } from "./vitest.ts";

const report = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] };
const unit: Outcome = { tier: "unit", seconds: 12.3, passed: 120, failed: 1, skipped: 0 };

const file = { name: "a.test.ts", status: "passed", message: "" };

describe("the end of a run", () => {
  it("is a table, and the numbers of all tiers", () => {
    expect(summary([unit, { ...unit, tier: "cluster", passed: 5, failed: 0 }, notRun("node", "not built yet")])).toBe(
      [
        "tier     time  passed  failed  skipped",
        "unit     12 s     120       1        0",
        "cluster  12 s       5       0        0",
        "node        -       -       -        -  not built yet",
        "",
        "125 passed, 1 failed, 0 skipped",
      ].join("\n"),
    );
  });

  const tried = (status: string) => {
    const test = { fullName: "a test", status, failureMessages: ["Error: late\nby 2 s\n    at a line"] };
    return { ...report, testResults: [{ ...file, status, assertionResults: [test] }] };
  };

  it("names what passed only at the second try", () => {
    const again = secondTries(tried("passed"));
    expect(summary([{ ...unit, again }])).toContain("\nsecond try: unit: a test: Error: late\n  by 2 s\n\n120 passed");
    expect(failures(tried("passed"))).toEqual([]);
  });

  it("names what failed, and the files that could not be run", () => {
    const failed = { ...unit, failures: failures(tried("failed")) };
    expect(summary([failed])).toContain("\nfailed: unit: a test: Error: late\n  by 2 s\n\n120 passed");
    expect(secondTries(tried("failed"))).toEqual([]);
    const path = join(import.meta.dirname, "broken.test.ts");
    const broken = { name: path, status: "failed", message: "no such module\n    at a line", assertionResults: [] };
    expect(failures({ ...report, testResults: [broken] })).toEqual(["test/tiers/broken.test.ts: no such module"]);
  });

  it("is good only when nothing failed and nothing was skipped", () => {
    expect(isGood([{ ...unit, failed: 0 }, notRun("node", "not built yet")])).toBe(true);
    expect(isGood([unit])).toBe(false);
    expect(isGood([{ ...unit, failed: 0, skipped: 1 }])).toBe(false);
    expect(isGood([notRun("cluster", "no Go", 1)])).toBe(false);
  });
});

describe("counting a report", () => {
  it("counts what passed", () => {
    expect(count(report, 0)).toEqual({ passed: 3, failed: 0, skipped: 0 });
  });

  it("counts skip and todo as skipped", () => {
    expect(count({ ...report, numPendingTests: 1, numTodoTests: 2 }, 0).skipped).toBe(3);
  });

  it("counts a file that could not be loaded, an end without a reason and a missing report as failures", () => {
    expect(count({ ...report, testResults: [{ ...file, status: "failed", assertionResults: [] }] }, 1).failed).toBe(1);
    expect(count(report, 1).failed).toBe(1);
    expect(count(undefined, 0).failed).toBe(1);
  });
});

describe("--tiers", () => {
  it("keeps the order of the tiers and refuses unknown ones", () => {
    expect(choose("cluster, unit").map(({ name }) => name)).toEqual(["unit", "cluster"]);
    expect(choose(undefined)).toBe(tiers);
    expect(() => choose("unit,clutser")).toThrow(
      "There is no tier called clutser: choose from unit, cluster, apps, node.",
    );
  });
});
