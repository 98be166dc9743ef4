import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type Record, recordIn, summary, writeRecord } from "./results.ts";
import type { Result } from "./round.ts";
import { armsTable, oursTable } from "./table.ts";

const ARM = ["wallSeconds", "requests", "bytes", "cpuSeconds", "controlPlaneCpuSeconds", "peakRssMiB"];
const OURS = [
  "ratioToFloor",
  "steadyWrites",
  "driftP99Ms",
  "restartSeconds",
  "restartWrites",
  "handOverSeconds",
  "longestHandOverSeconds",
  "memorySlopeMiBPerHour",
  "liveMemorySlopeMiBPerHour",
] as const;

const result = (wallSeconds: number): Result => ({
  wallSeconds,
  requests: 120,
  statusWrites: 2,
  refused: 0,
  bytes: 4000,
  cpuSeconds: 1,
  controlPlaneCpuSeconds: 9,
  peakRssMiB: 100,
});
const record: Record = {
  practices: 2,
  objects: 59,
  date: "2026-11-26",
  machine: "a machine",
  runs: {
    floor: [result(10), result(20), result(10)],
    watching: [result(11), result(20), result(12)],
    ours: [result(11), result(24), result(15)],
  },
  extras: {
    steadySeconds: 30,
    steadyWrites: 0,
    drift: { p50Ms: 100, p99Ms: 300, samples: 100 },
    restart: {
      seconds: 2,
      longestSeconds: 2.5,
      samples: 5,
      floorSeconds: 1.5,
      lookedSeconds: 3,
      writes: 0,
      requests: 40,
    },
    handOver: { seconds: 0.4, longestSeconds: 1.3, samples: 5 },
    churn: {
      minutes: 30,
      edits: 3600,
      slopeMiBPerHour: 30,
      fromMiB: 200,
      toMiB: 215,
      liveSlopeMiBPerHour: 0.5,
      liveFromMiB: 90,
      liveToMiB: 91,
    },
  },
};

async function written(what: Record) {
  const folder = await mkdtemp(join(tmpdir(), "telehealth-bench-"));
  try {
    const file = join(folder, "bench.json");
    await writeRecord(file, what);
    expect(await recordIn(file, what)).toMatchObject({ runs: what.runs });
    expect(await recordIn(file, { ...what, machine: "another one" })).toBeUndefined();
    expect(await recordIn(file, { ...what, practices: 3 })).toBeUndefined();
    return JSON.parse(await readFile(file, "utf8")) as {
      arms: { [name: string]: { [figure: string]: unknown } };
      ours: { [figure: string]: unknown };
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

it("the file has each arm's figures by practice, and ours, the ratio round by round", async () => {
  const { arms, ours } = await written(record);
  expect(Object.keys(arms)).toEqual(["floor", "watching", "ours"]);
  for (const arm of Object.values(arms))
    expect(arm).toMatchObject(Object.fromEntries(ARM.map((key) => [key, expect.any(Number)])));
  expect(arms["ours"]).toMatchObject({
    wallSeconds: 15,
    requests: 60,
    bytes: 2000,
    cpuSeconds: 1,
    peakRssMiB: 100,
    runs: 3,
  });
  const expected = [1.2, 0, 300, 2, 0, 0.4, 1.3, 30, 0.5];
  expect(OURS.map((key) => ours[key])).toEqual(expected);
  expect([ours["ratioToWatchingFloor"], ours["restartFloorSeconds"]]).toEqual([1.2, 1.5]);
});

it("what was not measured is told as that, in the file and in the table", async () => {
  const { floor = [] } = record.runs;
  const { arms, ours } = await written({ ...record, runs: { floor }, extras: {} });
  expect(Object.keys(arms)).toEqual(["floor"]);
  expect(OURS.map((key) => ours[key])).toEqual(OURS.map(() => null));
  const told = oursTable(summary({ ...record, runs: { floor }, extras: {} }));
  expect(told.match(/not measured/g)).toHaveLength(17);
});

it("the tables have a line for each arm and each target", () => {
  expect(armsTable(summary(record))).toMatch(
    /^2 practices of 59 objects, 3 rounds:.*\| floor \| 10 \|.*\| ours \| 15 \|/s,
  );
  expect(oursTable(summary(record))).toMatch(
    /\| wall time \/ floor \| 1\.2 \(1\.1–1\.5\) \| ≤ 1\.15 \|.*\| requests \/ practice \| 60 \| ≤ 62 \|/s,
  );
});
