import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { say } from "../bed/progress.ts";
import { kubernetesVersion } from "../bed/versions.ts";
import { type Arm, floor, go, helm, kubectl, ours, type Ready } from "./fleet/arms.ts";
import type { Counting } from "./fleet/counting.ts";
import { drift } from "./fleet/drift.ts";
import { churn, handOver, restart, steadyWrites } from "./fleet/extras.ts";
import { armsTable, oursTable } from "./fleet/table.ts";
import { type Extras, type Record, recordIn, summary, writeRecord } from "./fleet/results.ts";
import { capture, run, type Wanted } from "./fleet/round.ts";
import { setStage, type Stage } from "./fleet/stage.ts";

// npm run bench: what it costs to make a fleet of practices, by our operator and by others (docs/benchmark.md).

const { values } = parseArgs({
  options: {
    practices: { type: "string" },
    rounds: { type: "string" },
    arms: { type: "string" },
    json: { type: "string" },
    full: { type: "boolean", default: false },
    shared: { type: "boolean", default: false },
  },
});

const full = values.full;
const practices = Number(values.practices ?? (full ? 1000 : 50));
const rounds = Number(values.rounds ?? (full ? 1 : 5));
const QUIET_SECONDS = full ? 300 : 30;
const DRIFTS = full ? 200 : 100;
const CHURN_MINUTES = full ? 30 : 0;
const RESTARTS = 5;
const HAND_OVERS = 5;
const CONCURRENCIES = full ? [16, 32] : [8, 16, 32, 64];

const ARMS: Readonly<{ [name: string]: Arm }> = { kubectl, helm, go10: go(10), go32: go(32), ours };
/** The second one watches as well, as every operator has to. */
const FLOORS = ["floor", "watching"];
const names = (values.arms ?? (full ? "floor,go10,go32,ours" : "floor,watching,kubectl,helm,go10,go32,ours")).split(
  ",",
);
const unknown = names.filter((name) => !FLOORS.includes(name) && !(name in ARMS));
if (unknown.length > 0 || !(practices > 0) || !(rounds > 0)) {
  const known = [...FLOORS, ...Object.keys(ARMS)].join(",");
  console.error(`Say --practices N, --rounds N, --arms with some of ${known}, --json FILE, --full, --shared.`);
  process.exit(2);
}

const stage = await setStage(practices, values.shared);
try {
  await bench(stage);
} finally {
  await stage.stop();
}
process.exit(0);

async function bench(stage: Stage): Promise<void> {
  say(`processors: ${layoutOf(stage)}`);
  say(`our operator makes ${practices} practices once, to learn what the others are to make`);
  const wanted = await capture(stage, ours, join(stage.plane.directory, "objects"));
  const record = await begin(stage, wanted);
  for (let round = 1; round <= rounds; round += 1) {
    for (const name of names) await one(stage, wanted, record, name, round);
  }
  const told = summary(record);
  console.log(`${armsTable(told)}\n\n${oursTable(told)}`);
}

/** Arms that are not run now keep what a former run of the same size found. */
async function begin(stage: Stage, wanted: Wanted): Promise<Record> {
  const [cpu] = cpus();
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  const processor = `${cpus().length} × ${cpu?.model ?? "?"} (${layoutOf(stage)})`;
  const machine = `${processor}, ${memory} GiB, Kubernetes ${kubernetesVersion}, Node ${process.version}`;
  const former = await recordIn(values.json, { practices, machine });
  const runs = Object.fromEntries(Object.entries(former?.runs ?? {}).map(([n, r]) => [n, names.includes(n) ? [] : r]));
  const objects = wanted.keys.length / practices;
  const extras = names.includes("ours") ? {} : (former?.extras ?? {});
  return { practices, objects, date: new Date().toISOString().slice(0, 10), machine, extras, runs };
}

function layoutOf({ processors }: Stage): string {
  if (!processors) return "all for everybody";
  return `${processors.controlPlane.length} for the control plane, ${processors.rest.length} for the rest`;
}

async function one(stage: Stage, wanted: Wanted, record: Record, name: string, round: number): Promise<void> {
  const kept = (record.runs[name] ??= []);
  if (FLOORS.includes(name)) record.floorConcurrency ??= await bestConcurrency(stage, wanted);
  const arm = FLOORS.includes(name) ? floor(record.floorConcurrency ?? 16, name === "watching") : ARMS[name];
  if (!arm) return;
  const isLast = name === "ours" && round === rounds;
  await run(stage, arm, wanted, async (ready, counting, result) => {
    kept.push(result);
    tell(`round ${round} of ${rounds}: ${name}`, result);
    await writeRecord(values.json, record);
    if (isLast) await ask(stage, record.extras, ready, counting).finally(() => writeRecord(values.json, record));
  });
}

function tell(what: string, result: Awaited<ReturnType<typeof run>>): void {
  const { wallSeconds, requests, cpuSeconds, peakRssMiB } = result;
  const each = (requests / practices).toFixed(1);
  say(
    `${what}: ${wallSeconds.toFixed(1)} s, ${each} requests a practice, ${cpuSeconds.toFixed(1)} CPU s, ${peakRssMiB.toFixed(0)} MiB`,
  );
}

async function bestConcurrency(stage: Stage, wanted: Wanted): Promise<number> {
  const found: { concurrency: number; wallSeconds: number }[] = [];
  for (const concurrency of CONCURRENCIES) {
    const result = await run(stage, floor(concurrency), wanted);
    tell(`floor with ${concurrency} at a time`, result);
    found.push({ concurrency, wallSeconds: result.wallSeconds });
  }
  return found.toSorted((a, b) => a.wallSeconds - b.wallSeconds)[0]?.concurrency ?? 16;
}

/** What our operator is asked while it still runs after the last round. */
async function ask(stage: Stage, extras: Extras, ready: Ready, counting: Counting): Promise<void> {
  say(`nothing happens for ${QUIET_SECONDS} s`);
  extras.steadySeconds = QUIET_SECONDS;
  extras.steadyWrites = await steadyWrites(counting, QUIET_SECONDS);
  say(`${DRIFTS} children are edited or deleted`);
  extras.drift = await drift(stage, DRIFTS);
  await ready.stop();
  say(`the operator starts again, once to count what it writes and ${RESTARTS} times`);
  const restarted = await restart(stage, counting, RESTARTS);
  extras.restart = restarted.restart;
  say(`it is replaced ${HAND_OVERS} times`);
  const { handOver: told, operator } = await handOver(stage, counting, restarted.operator, HAND_OVERS);
  extras.handOver = told;
  try {
    if (CHURN_MINUTES === 0) return;
    say(`practices change for ${CHURN_MINUTES} minutes`);
    extras.churn = await churn(stage, operator, CHURN_MINUTES);
  } finally {
    await operator.stop();
  }
}
