import type { Summary } from "./results.ts";

/** The arms of a run as Markdown: median, and lowest to highest of the wall time. */
export function armsTable({ practices, objects, arms }: Summary): string {
  const head = [
    "arm",
    "wall s",
    "lowest–highest",
    "requests / practice",
    "kB / practice",
    "CPU s",
    "control plane CPU s",
    "peak MiB",
    "queue p50 / p99 s",
    "reconcile p50 / p99 s",
  ];
  const rows = Object.entries(arms).map(([name, arm]) => [
    name,
    short(arm.wallSeconds),
    `${short(arm.spread.wallSeconds[0])}–${short(arm.spread.wallSeconds[2])}`,
    short(arm.requests),
    short(arm.bytes / 1000),
    short(arm.cpuSeconds),
    short(arm.controlPlaneCpuSeconds),
    short(arm.peakRssMiB),
    pair(arm.queueSeconds),
    pair(arm.reconcileSeconds),
  ]);
  const runs = Math.max(0, ...Object.values(arms).map(({ runs }) => runs));
  return `${practices} practices of ${objects} objects, ${runs} rounds:\n\n${table([head, ...rows])}`;
}

/** What our operator was asked besides, with its targets. */
export function oursTable({ ours, objects, arms }: Summary): string {
  const goPeak = Math.min(...[arms["go10"], arms["go32"]].flatMap((arm) => (arm ? [arm.peakRssMiB] : [])));
  const memory = arms["ours"] && Number.isFinite(goPeak) ? arms["ours"].peakRssMiB / goPeak : undefined;
  const rows: [string, string | undefined, string][] = [
    ["wall time / floor", spread(ours.ratioToFloorSpread), "≤ 1.15"],
    ["wall time / floor that watches", spread(ours.ratioToWatchingFloorSpread), ""],
    ["requests / practice", told(arms["ours"]?.requests), `≤ ${objects + 3}`],
    ["peak memory / go", told(memory), "≤ 1.5"],
    [`writes in ${short(ours.steadySeconds ?? 0)} quiet s`, told(ours.steadyWrites), "0"],
    ["drift repaired, p50 ms", told(ours.driftP50Ms), ""],
    ["drift repaired, p99 ms", told(ours.driftP99Ms), "< 1000"],
    ["restart: leads after s, median", told(ours.restartSeconds), "< 5"],
    ["restart: leads after s, longest", told(ours.longestRestartSeconds), ""],
    ["restart: the same, read and dropped, s", told(ours.restartFloorSeconds), ""],
    ["restart: all looked at after s", told(ours.restartLookedSeconds), ""],
    ["restart: writes", told(ours.restartWrites), "0"],
    ["replaced: another one leads after s, median", told(ours.handOverSeconds), ""],
    ["replaced: another one leads after s, longest", told(ours.longestHandOverSeconds), "< 3"],
    ["memory slope under churn, MiB / h", told(ours.memorySlopeMiBPerHour), "flat"],
    ["the same of what is alive, MiB / h", told(ours.liveMemorySlopeMiBPerHour), "flat"],
    [
      "alive after a collection, before and after it, MiB",
      fromTo(ours.churn?.liveFromMiB, ours.churn?.liveToMiB),
      "flat",
    ],
  ];
  const measured = rows.map(([what, value, target]) => [what, value ?? "not measured", target]);
  return table([["ours", "measured", "target"], ...measured]);
}

/** The middle, and from the lowest to the highest. */
function spread(values: readonly [number, number, number] | undefined): string | undefined {
  return values && `${short(values[1])} (${short(values[0])}–${short(values[2])})`;
}

function told(value: number | undefined): string | undefined {
  return value === undefined ? undefined : short(value);
}

function fromTo(from: number | undefined, to: number | undefined): string | undefined {
  return from === undefined || to === undefined ? undefined : `${short(from)} → ${short(to)}`;
}

function pair(quantiles: { readonly p50: number; readonly p99: number } | undefined): string {
  return quantiles ? `${short(quantiles.p50)} / ${short(quantiles.p99)}` : "";
}

function short(value: number): string {
  if (value === 0) return "0";
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
