import { setTimeout as sleep } from "node:timers/promises";
import { PRACTICES } from "../../../src/controller/kinds.ts";
import type { Connection } from "../../bed/api.ts";
import type { Counting } from "./counting.ts";
import { watchAndDrop } from "./dropping.ts";
import { waitFor } from "../../bed/wait.ts";
import { median, valueOf } from "./histograms.ts";
import { type Operator, type OurOperator, startOurs } from "./operators.ts";
import { quiet } from "./round.ts";
import { NAME, type Stage } from "./stage.ts";
import { residentMiB } from "./usage.ts";

/** Writes while nothing happens. */
export async function steadyWrites(counting: Counting, seconds: number): Promise<number> {
  const before = await counting.counts();
  await sleep(seconds * 1000);
  return (await counting.counts()).writes - before.writes;
}

/** How a start goes where everything is made already; times without the counting proxy, which would take a part of them. */
export interface Restart {
  /** From the start of the process until its caches are filled and it leads, median. */
  readonly seconds: number;
  readonly longestSeconds: number;
  readonly samples: number;
  /** What the same objects take when nobody looks at them: listed by the same requests, and dropped. */
  readonly floorSeconds: number;
  /** Until it has looked at every practice, once. */
  readonly lookedSeconds: number;
  readonly writes: number;
  readonly requests: number;
}

/** Starts an operator so often. @returns the last one, still running. */
export async function restart(
  stage: Stage,
  counting: Counting,
  times: number,
): Promise<{ restart: Restart; operator: OurOperator }> {
  const written = await requestsOfAStart(stage, counting);
  const { adminConnection } = stage.plane;
  const floorSeconds = await secondsToReadAll(adminConnection);
  const samples: number[] = [];
  for (;;) {
    const startedAt = performance.now();
    const elapsed = () => (performance.now() - startedAt) / 1000;
    const operator = await startOurs(stage, adminConnection.server);
    samples.push(elapsed());
    await untilIdle(operator);
    if (samples.length === times) {
      const lookedSeconds = elapsed();
      const starts = { seconds: median(samples), longestSeconds: Math.max(...samples), samples: times };
      return { restart: { ...starts, floorSeconds, lookedSeconds, ...written }, operator };
    }
    await operator.stop();
  }
}

async function requestsOfAStart(
  stage: Stage,
  counting: Counting,
): Promise<{ readonly writes: number; readonly requests: number }> {
  const before = await counting.counts();
  const operator = await startOurs(stage, counting.connection.server);
  await untilIdle(operator);
  await quiet(counting);
  const after = await counting.counts();
  await operator.stop();
  return { writes: after.writes - before.writes, requests: after.requests - before.requests };
}

/** From SIGTERM to a leader that has nothing to do until the next one leads. */
export interface HandOver {
  readonly seconds: number;
  readonly longestSeconds: number;
  readonly samples: number;
}

/** Replaces an operator as a Deployment does, by one that has filled its caches, so often. @returns the last one, still running. */
export async function handOver(
  stage: Stage,
  counting: Counting,
  first: OurOperator,
  times: number,
): Promise<{ handOver: HandOver; operator: OurOperator }> {
  const samples: number[] = [];
  let operator = first;
  while (samples.length < times) {
    const next = await startOurs(stage, counting.connection.server, "caches are filled");
    await untilIdle(operator);
    // It looks every second or so whether there is a leader, and nobody waits for the right moment to end one.
    await sleep(2000 + Math.random() * 1500);
    const startedAt = performance.now();
    const leads = async () => {
      await waitFor(next.leads, { timeout: 60_000, interval: 20, what: "the next operator to lead" });
      samples.push((performance.now() - startedAt) / 1000);
    };
    await Promise.all([leads(), operator.stop()]);
    operator = next;
  }
  await untilIdle(operator);
  return {
    handOver: { seconds: median(samples), longestSeconds: Math.max(...samples), samples: samples.length },
    operator,
  };
}

async function secondsToReadAll(connection: Connection): Promise<number> {
  const startedAt = performance.now();
  const { told, stop } = watchAndDrop(connection);
  await told.finally(stop);
  return (performance.now() - startedAt) / 1000;
}

async function untilIdle(operator: Operator): Promise<void> {
  const isIdle = async () => {
    const text = await operator.metrics();
    return valueOf(text, "workqueue_depth") + valueOf(text, "controller_runtime_active_workers") === 0;
  };
  while (!(await isIdle())) await sleep(100);
}

export interface Churn {
  readonly minutes: number;
  readonly edits: number;
  /** Of the resident memory over the last two thirds, and what it was at the beginning and the end, in MiB. */
  readonly slopeMiBPerHour: number;
  readonly fromMiB: number;
  readonly toMiB: number;
  /**
   * The same after a collection of garbage, which is asked for at the beginning and the end: what it holds, without the room
   * that V8 keeps to grow in. The slope is from the one to the other.
   */
  readonly liveSlopeMiBPerHour: number;
  readonly liveFromMiB: number;
  readonly liveToMiB: number;
}

const SAMPLE_MS = 5000;
/** What grows at first is what V8 has not collected yet. */
const SETTLED_AFTER = 1 / 3;

/** Changes a practice every half second for so long: its manifest, and now and then it is deleted and comes back. */
export async function churn(stage: Stage, operator: OurOperator, minutes: number): Promise<Churn> {
  const samples: { hours: number; mib: number }[] = [];
  const startedAt = Date.now();
  const timer = setInterval(
    () => samples.push({ hours: (Date.now() - startedAt) / 3_600_000, mib: residentMiB(operator.pid) }),
    SAMPLE_MS,
  );
  const liveFromMiB = await operator.liveHeapMiB();
  let edits = 0;
  for (; Date.now() - startedAt < minutes * 60_000; edits += 1) {
    await change(stage, edits);
    await sleep(500);
  }
  clearInterval(timer);
  const liveToMiB = await operator.liveHeapMiB();
  const liveSlopeMiBPerHour = ((liveToMiB - liveFromMiB) / minutes) * 60;
  const settled = samples.slice(Math.floor(samples.length * SETTLED_AFTER));
  const [fromMiB = 0, toMiB = 0] = [samples[0]?.mib, samples.at(-1)?.mib];
  const live = { liveSlopeMiBPerHour, liveFromMiB, liveToMiB };
  return { minutes, edits, slopeMiBPerHour: slope(settled), fromMiB, toMiB, ...live };
}

/** Another ingress controller means other routes and another wall, and nothing that would have to be tried first. */
async function change({ cluster, namespaces, remake }: Stage, n: number): Promise<void> {
  const namespace = namespaces[Math.floor(Math.random() * namespaces.length)] ?? "";
  if (n % 20 === 19) return remake(namespace);
  const spec = { exposure: { ingress: { className: n % 2 === 0 ? "nginx" : "traefik" } } };
  await cluster.mergePatch(PRACTICES, { namespace, name: NAME }, { spec }, "bench");
}

/** Least squares. */
function slope(samples: readonly { readonly hours: number; readonly mib: number }[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(samples.map(({ hours }) => hours)), mean(samples.map(({ mib }) => mib))];
  const covariance = mean(samples.map(({ hours, mib }) => (hours - x) * (mib - y)));
  const variance = mean(samples.map(({ hours }) => (hours - x) ** 2));
  return variance === 0 ? 0 : covariance / variance;
}
