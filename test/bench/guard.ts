/**
 * What the guard costs: its size, and the time it adds until the page first shows something.
 * Run by hand: `node test/bench/guard.ts [ROUNDS]`. Both pages are opened in turn, so that both meet the same noise.
 * The main thread's own processor time is told as well: it does not grow when the machine is busy with other things.
 */
import { gzipSync } from "node:zlib";
import { ROOM, settled, startGuarded } from "../apps/support/guarded.ts";
import { waitFor } from "../bed/wait.ts";
import { someParams } from "../support/practice.ts";

const ROUNDS = Number(process.argv[2] ?? 25);
const PAINT = `(performance.getEntriesByName("first-contentful-paint")[0] || {}).startTime || 0`;

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const { guard } = someParams().assets;
console.log(`size: ${Buffer.byteLength(guard)} bytes, ${gzipSync(guard).byteLength} as nginx sends them`);

const bed = await startGuarded();

/** Milliseconds until the first paint, and of processor time that the main thread spent on the page. */
async function open(way: "guarded" | "bare"): Promise<{ paint: number; processor: number }> {
  const page = await (await bed.browser.newContext()).newPage();
  // The same process shows the page that is measured: its counters begin here.
  await page.goto(`${bed.originOf(way)}/libs/worker.js`);
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const spent = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return (metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0) * 1000;
  };
  const before = await spent();
  await page.goto(`${bed.originOf(way)}/${ROOM}`);
  await settled(page);
  const processor = (await spent()) - before;
  await waitFor(async () => Number(await page.evaluate(PAINT)) > 0, { what: "the first paint", interval: 20 });
  const paint = Number(await page.evaluate(PAINT));
  await bed.closePages();
  return { paint, processor };
}

try {
  const found = { guarded: [], bare: [] } as Record<"guarded" | "bare", { paint: number; processor: number }[]>;
  for (let round = 0; round < ROUNDS + 2; round += 1) {
    for (const way of ["guarded", "bare"] as const) {
      const one = await open(way);
      if (round >= 2) found[way].push(one);
    }
  }
  for (const what of ["paint", "processor"] as const) {
    const of = (way: "guarded" | "bare") => median(found[way].map((one) => one[what]));
    const name = { paint: "first paint", processor: "processor time of the main thread" }[what];
    const [guarded, bare] = [of("guarded"), of("bare")];
    console.log(
      `${name}: median ${guarded.toFixed(1)} ms with, ${bare.toFixed(1)} ms without, ${(guarded - bare).toFixed(1)} ms added`,
    );
  }
  console.log("the goal is below 10 ms added");
} finally {
  await bed.stop();
}
