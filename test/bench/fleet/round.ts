import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ANNOTATION, LABEL } from "../../../src/api/group.ts";
import type { LiveObject, Manifest } from "../../../src/manifest.ts";
import { differences } from "../../../src/runtime/differences.ts";
import { PRACTICES } from "../../../src/controller/kinds.ts";
import { resourceOf } from "../../../src/runtime/resources.ts";
import type { Arm, Ready } from "./arms.ts";
import { type Counting, type Counts, PLACEHOLDER, startCounting } from "./counting.ts";
import { quantilesOf, type Quantiles } from "./histograms.ts";
import { MADE, type Stage } from "./stage.ts";
import { followUsage } from "./usage.ts";

/** What one run of one arm took. Requests and bytes are of the whole run. */
export interface Result {
  /** From the word to the answer to the first write of the last object. */
  readonly wallSeconds: number;
  /** From the word until nothing more came; without watches and leases. */
  readonly requests: number;
  readonly statusWrites: number;
  readonly refused: number;
  /** On the wire, both ways. */
  readonly bytes: number;
  /** Of the program from its start until nothing more came. */
  readonly cpuSeconds: number;
  /** Of the control plane from the word until then, with what it does anyway; for operators, with what it takes to make practices. */
  readonly controlPlaneCpuSeconds: number;
  readonly peakRssMiB: number;
  readonly queueSeconds?: Quantiles;
  readonly reconcileSeconds?: Quantiles;
}

/** What was made once by our operator and is made by every arm. */
export interface Wanted {
  /** `NAMESPACE/NUMBER-KIND.json`. */
  readonly folder: string;
  /** `namespace/plural/name`. */
  readonly keys: readonly string[];
}

const QUIET_MS = 3000;
/** Nothing may be missing in what all others are to make. */
const SURELY_QUIET_MS = 10_000;
const LONGEST_MS = 3_600_000;

/**
 * Runs an arm from empty namespaces until all objects are there and no more requests come. The end is read from the proxy,
 * and every object is then compared with the live one: an arm that only says that it has finished fails.
 * @param meanwhile is called with the program while it still runs, and what it took.
 */
export async function run(
  stage: Stage,
  arm: Arm,
  wanted: Wanted,
  meanwhile: (ready: Ready, counting: Counting, result: Result) => Promise<void> = async () => undefined,
): Promise<Result> {
  await stage.clean();
  const counting = await startCounting(stage.plane);
  const folder = join(stage.plane.directory, "arm");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  const kubeconfig = await stage.kubeconfig(counting.connection);
  const ready = await arm({ stage, connection: counting.connection, kubeconfig, objects: wanted.folder, folder });
  const following = followUsage(ready.pid);
  try {
    const before = await counting.counts();
    const cpuBefore = stage.controlPlaneCpuSeconds();
    const startedAt = Date.now();
    await ready.go();
    await Promise.race([appliedAtLeast(counting, wanted.keys.length), ready.failed]);
    await Promise.race([quiet(counting), ready.failed]);
    const after = await counting.counts();
    const usage = following.stop();
    const controlPlaneCpuSeconds = stage.controlPlaneCpuSeconds() - cpuBefore;
    const endedAt = lastOf(await counting.applied(), wanted.keys);
    const metrics = await ready.metrics?.();
    await compare(stage, wanted);
    const wallSeconds = (endedAt - startedAt) / 1000;
    const times = { wallSeconds, controlPlaneCpuSeconds, ...quantiles(metrics) };
    const result = { ...times, ...usage, ...difference(before, after) };
    await meanwhile(ready, counting, result);
    return result;
  } finally {
    following.stop();
    await ready.stop();
    counting.stop();
  }
}

/** Lets our operator make everything once, and keeps what it sends. */
export async function capture(stage: Stage, arm: Arm, into: string): Promise<Wanted> {
  await stage.clean();
  const counting = await startCounting(stage.plane, true);
  const kubeconfig = await stage.kubeconfig(counting.connection);
  const ready = await arm({ stage, connection: counting.connection, kubeconfig, objects: into, folder: into });
  try {
    await ready.go();
    await quiet(counting, SURELY_QUIET_MS);
    return { folder: into, keys: await counting.dump(into) };
  } finally {
    await ready.stop();
    counting.stop();
  }
}

async function appliedAtLeast(counting: Counting, objects: number): Promise<void> {
  for (const end = Date.now() + LONGEST_MS; ; await sleep(100)) {
    const { applied } = await counting.counts();
    if (applied >= objects) return;
    if (Date.now() > end) throw new Error(`Only ${applied} of ${objects} objects were applied within an hour.`);
  }
}

/** Resolves when nothing but watches and leases has come by for a while. */
export async function quiet(counting: Counting, ms = QUIET_MS): Promise<void> {
  for (let idle = 0; idle < ms; await sleep(100)) {
    const { heardAt, requests } = await counting.counts();
    idle = requests === 0 ? 0 : Date.now() - heardAt;
  }
}

function lastOf(applied: ReadonlyMap<string, number>, keys: readonly string[]): number {
  const missing = keys.filter((key) => !applied.has(key));
  if (missing.length > 0) throw new Error(`${missing.length} objects were never applied, such as ${missing[0]}.`);
  return keys.reduce((last, key) => Math.max(last, applied.get(key) ?? 0), 0);
}

function difference(before: Counts, after: Counts): Pick<Result, "requests" | "statusWrites" | "refused" | "bytes"> {
  return {
    requests: after.requests - before.requests,
    statusWrites: after.statusWrites - before.statusWrites,
    refused: after.refused - before.refused,
    bytes: after.bytes - before.bytes,
  };
}

function quantiles(metrics: string | undefined): Pick<Result, "queueSeconds" | "reconcileSeconds"> {
  const queueSeconds = metrics && quantilesOf(metrics, "workqueue_queue_duration_seconds");
  const reconcileSeconds = metrics && quantilesOf(metrics, "controller_runtime_reconcile_time_seconds");
  return { ...(queueSeconds && { queueSeconds }), ...(reconcileSeconds && { reconcileSeconds }) };
}

/** Every object is live with all that was wanted of it. Of what has other content each time the metadata count. */
async function compare({ cluster, namespaces }: Stage, { folder, keys }: Wanted): Promise<void> {
  const practices = await cluster.list(PRACTICES);
  const uids = new Map(practices.map(({ metadata }) => [metadata.namespace, metadata.uid]));
  const live = new Map<string, LiveObject>();
  for (const resource of MADE) {
    for (const object of await cluster.list(resource)) {
      live.set(`${object.metadata.namespace}/${resource.plural}/${object.metadata.name}`, object);
    }
  }
  const missing = keys.filter((key) => !live.has(key));
  if (missing.length > 0) throw new Error(`${missing.length} objects are not live, such as ${missing[0]}.`);
  for (const namespace of namespaces) {
    for (const file of await readdir(join(folder, namespace))) {
      const text = await readFile(join(folder, namespace, file), "utf8");
      const wanted = JSON.parse(text.replaceAll(PLACEHOLDER, uids.get(namespace) ?? "")) as Manifest;
      const { plural } = resourceOf(wanted);
      const found = live.get(`${namespace}/${plural}/${wanted.metadata.name}`);
      const paths = differences(contentOf(wanted), found).map(({ path }) => path.join("."));
      if (paths.length > 0) throw new Error(`${namespace}/${file} is not as wanted: ${paths.join(", ")}.`);
    }
  }
}

/** Without what is a hash over the uid of the practice too, and the label that helm replaces by its own. */
function contentOf({ kind, metadata, ...rest }: Manifest): object {
  const { [ANNOTATION.rendered]: _, ...annotations } = metadata.annotations ?? {};
  const { [LABEL.managedBy]: __, ...labels } = metadata.labels ?? {};
  const wanted = { ...metadata, annotations, labels };
  return kind === "Secret" ? { metadata: wanted } : { ...rest, metadata: wanted };
}
