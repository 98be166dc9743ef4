/**
 * What the guard costs: its size, and the time it adds until the page first shows something.
 * Run by hand: `node test/bench/guard.ts [ROUNDS]`. Both pages are opened in turn, so that both meet the same noise.
 */
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { startGuarded, type Way } from "../apps/support/guarded.ts";
import { waitFor } from "../bed/wait.ts";
import { someParams } from "../support/practice.ts";

const ROUNDS = Number(process.argv[2] ?? 25);
const PAINT = `(performance.getEntriesByName("first-contentful-paint")[0] || {}).startTime || 0`;

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const shown = (values: readonly number[]) =>
  `median ${median(values).toFixed(1)} ms (${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)})`;

async function firstPaint(page: Page): Promise<number> {
  await waitFor(async () => Number(await page.evaluate(PAINT)) > 0, { what: "the first paint", interval: 20 });
  return Number(await page.evaluate(PAINT));
}

const { guard } = someParams().assets;
console.log(`size: ${Buffer.byteLength(guard)} bytes, ${gzipSync(guard).byteLength} as nginx sends them`);

const bed = await startGuarded();
try {
  const times: Record<"guarded" | "bare", number[]> = { guarded: [], bare: [] };
  for (let round = 0; round < ROUNDS + 2; round += 1) {
    for (const way of ["guarded", "bare"] as const satisfies Way[]) {
      const time = await firstPaint(await bed.open(way));
      await bed.closePages();
      if (round >= 2) times[way].push(time);
    }
  }
  console.log(`first paint with the guard:    ${shown(times.guarded)}`);
  console.log(`first paint without the guard: ${shown(times.bare)}`);
  const added = times.guarded.map((time, round) => time - (times.bare[round] ?? 0));
  console.log(`added, pair by pair:           ${shown(added)}; the goal is below 10 ms`);
} finally {
  await bed.stop();
}
