import { afterAll, describe, expect, it } from "vitest";
import { RESOURCES, pathOf } from "../../src/runtime/resources.ts";
import { apiClient } from "../bed/api.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { type RunningOperator, startOperator } from "../support/operator.ts";
import { applyPractice, children, practiceNamespace } from "../support/practice-bed.ts";

const leads = async (operator: RunningOperator) => (await operator.log()).includes("Reconciling practices");

describe("several operators for the same practices", () => {
  const started: RunningOperator[] = [];
  const client = apiClient(bed.adminConnection);
  afterAll(() => Promise.all(started.map((operator) => operator.stop())));

  async function holder(namespace: string): Promise<string> {
    const { body } = await client.request("GET", pathOf(RESOURCES.Lease, { namespace, name: "operators" }));
    return (body as { spec?: { holderIdentity?: string } }).spec?.holderIdentity ?? "";
  }

  it("leave the work to one, which hands over when it stops and is replaced when it is killed", async () => {
    const namespace = await practiceNamespace();
    const leaderElection = { enabled: true, namespace, name: "operators" };
    const start = async (ready: boolean) => {
      const operator = await startOperator(bed.kubeconfig, { watchNamespaces: [namespace], leaderElection }, { ready });
      started.push(operator);
      return operator;
    };
    const first = await start(true);
    const second = await start(false);
    await waitFor(async () => (await second.log()).includes("Operator started"));
    const before = await holder(namespace);
    await applyPractice(namespace);
    await waitFor(async () => (await children(namespace)).some(({ kind }) => kind === "StatefulSet"));
    expect(await leads(second)).toBe(false);

    await first.stop();
    await waitFor(() => leads(second), { timeout: 10_000, what: "the second operator to take over" });
    expect(await holder(namespace)).not.toBe(before);

    const third = await start(false);
    await second.kill();
    await waitFor(() => leads(third), { timeout: 25_000, what: "the third operator to find the lease abandoned" });
    expect((await children(namespace)).some(({ kind }) => kind === "StatefulSet")).toBe(true);
  });
});
