import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { BORN_SECRETS } from "../../src/practice/names.ts";
import { RESOURCES, pathOf } from "../../src/runtime/resources.ts";
import { apiClient } from "../bed/api.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { kubeconfigFile } from "../support/kubeconfig.ts";
import { likenessOf } from "../support/likeness.ts";
import { type RunningOperator, runOperator, startOperator } from "../support/operator.ts";
import {
  ALWAYS,
  applyPractice,
  childNames,
  children,
  giveMediaAddress,
  practiceNamespace,
  quiet,
} from "../support/practice-bed.ts";
import { type Fault, type ProxiedRequest, startProxy } from "../support/proxy.ts";

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const leads = async (operator: RunningOperator) => (await operator.log()).includes("Reconciling practices");

const LONG = { timeout: 300_000 };

describe("several operators for the same practices", () => {
  const started: RunningOperator[] = [];
  const client = apiClient(bed.adminConnection);
  afterAll(() => Promise.all(started.map((operator) => operator.stop())));

  async function holder(namespace: string): Promise<string> {
    const { body } = await client.request("GET", pathOf(RESOURCES.Lease, { namespace, name: "operators" }));
    return (body as { spec?: { holderIdentity?: string } }).spec?.holderIdentity ?? "";
  }

  it("leave the work to one, which hands over when it stops and is replaced when it is killed", async () => {
    const [namespace, office] = [await practiceNamespace(), await practiceNamespace()];
    const leaderElection = { enabled: true, namespace: office, name: "operators" };
    const start = async (ready: boolean) => {
      const operator = await startOperator(bed.kubeconfig, { watchNamespaces: [namespace], leaderElection }, { ready });
      started.push(operator);
      return operator;
    };
    const first = await start(true);
    const second = await start(false);
    await waitFor(async () => (await second.log()).includes("Operator started"));
    const before = await holder(office);
    await applyPractice(namespace);
    await waitFor(async () => (await children(namespace)).some(({ kind }) => kind === "StatefulSet"));
    expect(await leads(second)).toBe(false);
    // It watches, and keeps no keys that nobody takes.
    const watches = async () => /^telehealth_practices{.*} 1$/m.test(await second.tell("/metrics"));
    await waitFor(watches, { what: "the second operator to know of the practice" });
    expect(await second.tell("/metrics")).toMatch(/^workqueue_depth{.*} 0$/m);

    await quiet(namespace);
    const stoppedAt = performance.now();
    const stopped = first.stop();
    await waitFor(() => leads(second), { timeout: 10_000, interval: 20, what: "the second operator to take over" });
    expect(performance.now() - stoppedAt, "hand-over").toBeLessThan(3000);
    await stopped;
    expect(await holder(office)).not.toBe(before);

    const third = await start(false);
    await waitFor(async () => (await third.log()).includes("Operator started"));
    const killedAt = performance.now();
    await second.kill();
    await waitFor(() => leads(third), { timeout: 25_000, what: "the third operator to find the lease abandoned" });
    expect(performance.now() - killedAt, "fail-over").toBeLessThan(17_500);
    expect((await children(namespace)).some(({ kind }) => kind === "StatefulSet")).toBe(true);
  });

  it("hand over as fast while a write hangs", async () => {
    const [namespace, office] = [await practiceNamespace(), await practiceNamespace()];
    const config = {
      watchNamespaces: [namespace],
      leaderElection: { enabled: true, namespace: office, name: "operators" },
    };
    const hangs = ({ isWrite, path }: ProxiedRequest) => isWrite && /\/services(\/|$)/.test(path);
    const proxy = await startProxy(bed, (request) =>
      hangs(request) ? { kind: "delay", milliseconds: 60_000 } : undefined,
    );
    onTestFinished(() => proxy.stop());
    const first = await startOperator(await kubeconfigFile(proxy.connection), config);
    const second = await startOperator(bed.kubeconfig, config, { ready: false });
    started.push(first, second);
    await waitFor(async () => (await second.log()).includes("Operator started"));
    const before = await holder(office);
    await applyPractice(namespace);
    await waitFor(() => proxy.requests.some(hangs), { interval: 10, what: "a write to hang" });
    const stoppedAt = performance.now();
    const stopped = first.stop();
    const isAnothers = async () => ![before, ""].includes(await holder(office));
    await waitFor(isAnothers, { timeout: 10_000, interval: 20, what: "the second operator to take over" });
    expect(performance.now() - stoppedAt, "hand-over").toBeLessThan(3000);
    expect(await stopped).toBe(0);
  });

  it("write nothing any more when they have slept until another one leads", { timeout: 120_000 }, async () => {
    const namespace = await practiceNamespace();
    const config = { watchNamespaces: [namespace], leaderElection: { enabled: true, namespace, name: "operators" } };
    // In the middle of a birth: there is more to write as soon as it wakes up.
    let sleeps = false;
    const slow = ({ writes }: ProxiedRequest): Fault | undefined =>
      writes > 20 && !sleeps ? { kind: "delay", milliseconds: 300 } : undefined;
    const proxy = await startProxy(bed, slow);
    const first = await startOperator(await kubeconfigFile(proxy.connection), config);
    const second = await startOperator(bed.kubeconfig, config, { ready: false });
    started.push(first, second);
    try {
      await applyPractice(namespace);
      await waitFor(() => (proxy.requests.at(-1)?.writes ?? 0) > 24, { interval: 10, what: "a birth to begin" });
      process.kill(first.pid, "SIGSTOP");
      sleeps = true;
      await waitFor(() => leads(second), { timeout: 25_000, what: "the second operator to find the lease abandoned" });
      const slept = proxy.requests.length;
      process.kill(first.pid, "SIGCONT");
      await waitFor(() => !isAlive(first.pid), { timeout: 20_000, what: "the first operator to end" });
      const written = proxy.requests.slice(slept).filter(({ isWrite, path }) => isWrite && !path.includes("/leases/"));
      expect(written.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
    } finally {
      await first.kill();
      await proxy.stop();
    }
  });

  it(
    "do no damage when two work at the same time for 15 s: one birth, the same objects, and then peace",
    LONG,
    async () => {
      const namespace = await practiceNamespace();
      const operators = [runOperator(bed.adminConnection, [namespace]), runOperator(bed.adminConnection, [namespace])];
      try {
        await applyPractice(namespace);
        await giveMediaAddress(namespace);
        for (const size of ["group", "clinic", "solo"]) {
          await new Promise((resolve) => setTimeout(resolve, 5000));
          await applyPractice(namespace, { size, maintenance: ALWAYS });
        }
        await quiet(namespace, 3);
        const names = childNames(await children(namespace));
        const born = BORN_SECRETS.map((secret) => `Secret/greenriver-${secret}-1`);
        expect(names.filter((name) => name.startsWith("Secret/")).toSorted()).toEqual(born.toSorted());
        const alone = await practiceNamespace();
        operators.push(runOperator(bed.adminConnection, [alone]));
        await applyPractice(alone, { size: "solo", maintenance: ALWAYS });
        await giveMediaAddress(alone);
        await quiet(alone, 3);
        const alike = async () => {
          expect(await likenessOf(namespace)).toEqual(await likenessOf(alone));
          return true;
        };
        await waitFor(alike, { timeout: 60_000, interval: 1000, what: "the same objects" });
        await quiet(namespace, 3);
        await alike();
      } finally {
        await Promise.all(operators.map((operator) => operator.stop()));
      }
    },
  );
});
