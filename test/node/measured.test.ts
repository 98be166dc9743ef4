import { afterAll, beforeAll, expect, it } from "vitest";
import { auditEvents } from "../support/bed.ts";
import { hand } from "./support/node.ts";
import { podsOf, type RunningPractice, startPractice } from "./support/practice.ts";
import { type Usage, usageOf } from "./support/usage.ts";

/** How long a practice is watched at rest. */
const REST_SECONDS = 30;

let practice: RunningPractice;

beforeAll(async () => {
  practice = await startPractice();
}, 400_000);
afterAll(() => hand.close());

/** When each request for a kind of the practice's namespace was answered well, by milliseconds since 1970, as the API server tells. */
async function times(verbs: readonly string[], resources: readonly string[], subresource?: string): Promise<number[]> {
  const events = await auditEvents(
    ({ verb, objectRef, responseStatus }) =>
      objectRef?.namespace === practice.namespace &&
      verbs.includes(verb) &&
      resources.includes(objectRef.resource ?? "") &&
      objectRef.subresource === subresource &&
      (responseStatus?.code ?? 500) < 300,
  );
  return events.map(({ stageTimestamp }) => Date.parse(stageTimestamp)).toSorted((a, b) => a - b);
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

it("waits for the operator only before its first pods and after its last one", async () => {
  const [asked = 0] = await times(["create", "patch"], ["telehealthpractices"]);
  const [begun = 0] = await times(["create", "patch"], ["deployments", "statefulsets"]);
  const ready = (await times(["patch"], ["pods"], "status")).at(-1) ?? 0;
  const told = (await times(["patch", "update"], ["telehealthpractices"], "status")).find((time) => time > ready) ?? 0;
  expect([begun > asked, ready > begun, told > ready]).toEqual([true, true, true]);
  const [before, after, all] = [begun - asked, told - ready, told - asked];
  const share = ((100 * (before + after)) / all).toFixed(1);
  process.stdout.write(
    `From apply to ready: ${(all / 1000).toFixed(1)} s; the operator's own: ${before} ms before the first pods and ${after} ms after the last one, ${share} %.\n`,
  );
});

it("uses no more at rest than it asks for, in any container", async () => {
  const asked = await requests();
  const before = new Map((await usageOf(practice.namespace)).map((usage) => [usage.name, usage]));
  await new Promise((resolve) => setTimeout(resolve, REST_SECONDS * 1000));
  const after = await usageOf(practice.namespace);
  const cpuOf = ({ name, cpuSeconds }: Usage) => (cpuSeconds - (before.get(name)?.cpuSeconds ?? 0)) / REST_SECONDS;
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
}, 120_000);
