import { afterAll, beforeAll, expect, it } from "vitest";
import type { AuditEvent } from "../bed/audit.ts";
import { waitFor } from "../bed/wait.ts";
import { auditEvents } from "../support/bed.ts";
import { hand } from "./support/node.ts";
import { isReady, lastingPodsOf, type Pod, podsOf, type RunningPractice, startPractice } from "./support/practice.ts";
import { type Usage, usageOf } from "./support/usage.ts";

/** How long a practice is watched at rest. */
const REST_SECONDS = 30;

let practice: RunningPractice;

beforeAll(async () => {
  practice = await startPractice();
}, 400_000);
afterAll(() => hand.close());

/** What was asked for a kind of the practice's namespace and done, oldest first, as the API server tells. */
function done(verbs: readonly string[], resources: readonly string[], subresource?: string): Promise<AuditEvent[]> {
  return auditEvents(
    ({ verb, objectRef, responseStatus }) =>
      objectRef?.namespace === practice.namespace &&
      verbs.includes(verb) &&
      resources.includes(objectRef.resource ?? "") &&
      objectRef.subresource === subresource &&
      (responseStatus?.code ?? 500) < 300,
  );
}

/** Milliseconds since 1970. */
const at = ({ stageTimestamp }: AuditEvent) => Date.parse(stageTimestamp);
const earliest = (events: readonly AuditEvent[]) => Math.min(...events.map(at));

/** Whether the kubelet tells here that this pod is ready; it tells of it for other reasons as well, and of others of its name. */
function tellsReady({ requestObject = {} }: AuditEvent, uid: string): boolean {
  const { metadata } = requestObject as Partial<Pod>;
  return metadata?.uid === uid && isReady(requestObject);
}

interface Asked {
  readonly resources: { readonly requests: { readonly cpu: string; readonly memory: string } };
}

/** What each container asks for, in processors and MiB. */
async function requests(): Promise<ReadonlyMap<string, { cpu: number; memory: number }>> {
  const pods = await podsOf(practice.namespace);
  const containers = pods.flatMap((pod) => (pod["spec"] as { containers: (Asked & { name: string })[] }).containers);
  return new Map(
    containers.map(({ name, resources: { requests: asked } }) => {
      const cpu = asked.cpu.endsWith("m") ? Number.parseFloat(asked.cpu) / 1000 : Number(asked.cpu);
      return [name, { cpu, memory: Number.parseFloat(asked.memory) * (asked.memory.endsWith("Gi") ? 1024 : 1) }];
    }),
  );
}

/** What every container used, by a look of the kubelet's that is later than `since`: it looks now and then. */
function usageSince(since: number): Promise<Usage[]> {
  const used = async () => {
    const usages = await usageOf(practice.namespace);
    return usages.length > 0 && usages.every(({ at }) => at > since) && usages;
  };
  return waitFor(used, { timeout: (REST_SECONDS + 60) * 1000, interval: 1000, what: "the kubelet to look" });
}

it("waits for the operator only before its first pods and after its last one", async () => {
  const asked = earliest(await done(["create", "patch"], ["telehealthpractices"]));
  const begun = earliest(await done(["create", "patch"], ["deployments", "statefulsets"]));
  const told = await done(["patch"], ["pods"], "status");
  const stay = await lastingPodsOf(practice.namespace);
  const firstReady = stay.map(({ metadata: { uid } }) => earliest(told.filter((event) => tellsReady(event, uid))));
  const ready = Math.max(...firstReady);
  const statuses = async () => (await done(["patch", "update"], ["telehealthpractices"], "status")).map(at);
  const said = await waitFor(async () => (await statuses()).find((time) => time > ready), {
    what: "the status after the last pod",
  });
  expect([begun > asked, ready > begun, ready < Infinity]).toEqual([true, true, true]);
  const [before, after, all] = [begun - asked, said - ready, said - asked];
  const share = ((100 * (before + after)) / all).toFixed(1);
  process.stdout.write(
    `From apply to ready: ${(all / 1000).toFixed(1)} s; the operator's own: ${before} ms before the first pods and ${after} ms after the last one, ${share} %.\n`,
  );
});

it("uses no more at rest than it asks for, in any container", async () => {
  const asked = await requests();
  const before = await usageSince(Date.now());
  const after = await usageSince(Math.max(...before.map(({ at }) => at)) + REST_SECONDS * 1000);
  const cpuOf = ({ name, at, cpuSeconds }: Usage) => {
    const first = before.find((usage) => usage.name === name);
    return first ? ((cpuSeconds - first.cpuSeconds) * 1000) / (at - first.at) : Infinity;
  };
  const rows = after.map((usage) => {
    const { cpu = 0, memory = 0 } = asked.get(usage.name) ?? {};
    return { name: usage.name, cpu: cpuOf(usage), askedCpu: cpu, memory: usage.memoryMiB, askedMemory: memory };
  });
  for (const { name, cpu, askedCpu, memory, askedMemory } of rows) {
    process.stdout.write(
      `${name}: ${(cpu * 1000).toFixed(0)}m of ${askedCpu * 1000}m, ${memory.toFixed(0)} of ${askedMemory} MiB\n`,
    );
  }
  expect(rows.map(({ name }) => name).toSorted()).toEqual([...asked.keys()].toSorted());
  expect(rows.filter(({ memory, askedMemory }) => memory > askedMemory)).toEqual([]);
  expect(rows.filter(({ cpu, askedCpu }) => cpu > askedCpu)).toEqual([]);
}, 240_000);
