/** What became of one tier. Without `seconds` it did not run, and `note` says why. */
export interface Outcome {
  readonly tier: string;
  readonly seconds?: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly note?: string;
  /** The tests that failed at every try, and why. */
  readonly failures?: readonly string[];
  /** The tests that passed only when they were tried again. */
  readonly again?: readonly string[];
}

/** A tier that did not run. It counts as failed only where a missing tier is a failure. */
export function notRun(tier: string, note: string, failed: 0 | 1 = 0): Outcome {
  return { tier, passed: 0, failed, skipped: 0, note };
}

function row({ tier, seconds, passed, failed, skipped, note }: Outcome): string[] {
  if (seconds === undefined) return [tier, "-", "-", failed > 0 ? String(failed) : "-", "-", note ?? ""];
  return [tier, `${seconds.toFixed(0)} s`, String(passed), String(failed), String(skipped), note ?? ""];
}

const sum = (outcomes: readonly Outcome[], part: "passed" | "failed" | "skipped") =>
  outcomes.reduce((total, outcome) => total + outcome[part], 0);

/** The table at the end of a run, with the line `N passed, N failed, N skipped` as its last one. */
export function summary(outcomes: readonly Outcome[]): string {
  const rows = [["tier", "time", "passed", "failed", "skipped", ""], ...outcomes.map(row)];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0))) ?? [];
  const aligned = rows.map((cells) => {
    const [tier = "", ...numbers] = cells.slice(0, 5);
    const right = numbers.map((cell, index) => cell.padStart(widths[index + 1] ?? 0));
    return [tier.padEnd(widths[0] ?? 0), ...right, cells[5]].join("  ").trimEnd();
  });
  const count = (["passed", "failed", "skipped"] as const).map((part) => `${sum(outcomes, part)} ${part}`);
  const again = outcomes.flatMap(({ tier, again = [] }) => again.map((test) => `second try: ${tier}: ${test}`));
  const failures = outcomes.flatMap(({ tier, failures = [] }) => failures.map((test) => `failed: ${tier}: ${test}`));
  return [...aligned, ...again, ...failures, "", count.join(", ")].join("\n");
}

/** A run is good when nothing failed and nothing was left out by `skip`, `todo` or `only`. */
export function isGood(outcomes: readonly Outcome[]): boolean {
  return sum(outcomes, "failed") === 0 && sum(outcomes, "skipped") === 0;
}
