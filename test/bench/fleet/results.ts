import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { median } from "./histograms.ts";
import type { Churn, HandOver, Restart } from "./extras.ts";
import type { Drift } from "./drift.ts";
import type { Result } from "./round.ts";

/** What our operator is asked besides. `undefined` is: not measured in this run. */
export interface Extras {
  steadySeconds?: number;
  steadyWrites?: number;
  drift?: Drift;
  restart?: Restart;
  handOver?: HandOver;
  churn?: Churn;
}

/** Every run of every arm, as they came: what is printed and written is worked out from it. */
export interface Record {
  readonly practices: number;
  readonly objects: number;
  readonly date: string;
  readonly machine: string;
  readonly runs: { [arm: string]: Result[] };
  /** Requests at a time with which the floor was fastest. */
  floorConcurrency?: number;
  extras: Extras;
}

/** Lowest, middle and highest. */
type Spread = readonly [number, number, number];

/** Requests and bytes are of one practice; `spread` has lowest, median and highest. */
export function summary(record: Record) {
  const { practices, objects, runs, extras, ...rest } = record;
  const arms = Object.fromEntries(Object.entries(runs).map(([name, results]) => [name, armOf(results, practices)]));
  const [ratios, ratiosWatching] = ["floor", "watching"].map((name) => ratiosTo(runs[name] ?? [], runs["ours"] ?? []));
  const ours = {
    ratioToFloor: ratios?.[1],
    ratioToFloorSpread: ratios,
    ratioToWatchingFloor: ratiosWatching?.[1],
    ratioToWatchingFloorSpread: ratiosWatching,
    steadyWrites: extras.steadyWrites,
    steadySeconds: extras.steadySeconds,
    driftP50Ms: extras.drift?.p50Ms,
    driftP99Ms: extras.drift?.p99Ms,
    driftSamples: extras.drift?.samples,
    restartSeconds: extras.restart?.seconds,
    longestRestartSeconds: extras.restart?.longestSeconds,
    restartFloorSeconds: extras.restart?.floorSeconds,
    restartLookedSeconds: extras.restart?.lookedSeconds,
    restartWrites: extras.restart?.writes,
    restartRequests: extras.restart?.requests,
    handOverSeconds: extras.handOver?.seconds,
    longestHandOverSeconds: extras.handOver?.longestSeconds,
    memorySlopeMiBPerHour: extras.churn?.slopeMiBPerHour,
    liveMemorySlopeMiBPerHour: extras.churn?.liveSlopeMiBPerHour,
    churn: extras.churn,
  };
  return { ...rest, practices, objects, arms, ours };
}

export type Summary = ReturnType<typeof summary>;

function armOf(results: readonly Result[], practices: number) {
  const of = (value: (result: Result) => number) => spreadOf(results.map(value));
  const spread = {
    wallSeconds: of(({ wallSeconds }) => wallSeconds),
    requests: of(({ requests }) => requests / practices),
    bytes: of(({ bytes }) => bytes / practices),
    cpuSeconds: of(({ cpuSeconds }) => cpuSeconds),
    controlPlaneCpuSeconds: of(({ controlPlaneCpuSeconds }) => controlPlaneCpuSeconds),
    peakRssMiB: of(({ peakRssMiB }) => peakRssMiB),
  };
  const { queueSeconds, reconcileSeconds } = results.at(-1) ?? {};
  return {
    wallSeconds: spread.wallSeconds[1],
    requests: spread.requests[1],
    bytes: spread.bytes[1],
    cpuSeconds: spread.cpuSeconds[1],
    controlPlaneCpuSeconds: spread.controlPlaneCpuSeconds[1],
    peakRssMiB: spread.peakRssMiB[1],
    runs: results.length,
    statusWrites: of(({ statusWrites }) => statusWrites / practices)[1],
    spread,
    ...(queueSeconds && { queueSeconds }),
    ...(reconcileSeconds && { reconcileSeconds }),
  };
}

function spreadOf(values: readonly number[]): Spread {
  return [Math.min(...values), median(values), Math.max(...values)].map(rounded) as unknown as Spread;
}

/** How many times the wall time of the other, round by round. */
function ratiosTo(below: readonly Result[], results: readonly Result[]): Spread | undefined {
  const ratios = results.flatMap(({ wallSeconds }, round) => {
    const other = below[round]?.wallSeconds;
    return other === undefined ? [] : [wallSeconds / other];
  });
  return ratios.length === 0 ? undefined : spreadOf(ratios);
}

/** Three digits tell all that a machine can repeat. */
function rounded(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(4)) : 0;
}

/** A former run's record, so that arms can be run one at a time; of another size or machine it is no part of this one. */
export async function recordIn(
  file: string | undefined,
  { practices, machine }: Pick<Record, "practices" | "machine">,
): Promise<Record | undefined> {
  if (file === undefined || !existsSync(file)) return undefined;
  const { record } = JSON.parse(await readFile(file, "utf8")) as { record?: Record };
  return record?.practices === practices && record.machine === machine ? record : undefined;
}

/** Every figure has its key; `null` is: not measured in this run. */
export async function writeRecord(file: string | undefined, record: Record): Promise<void> {
  if (file === undefined) return;
  const told = { ...summary(record), record };
  await writeFile(file, `${JSON.stringify(told, (_, value: unknown) => value ?? null, 2)}\n`);
}
