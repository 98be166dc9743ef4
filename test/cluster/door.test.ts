import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { REPAIR_SECONDS } from "../../src/controller/door.ts";
import { waitFor } from "../bed/wait.ts";
import { bed, kubectl, kubectlApply } from "../support/bed.ts";
import { type RunningOperator, startOperator } from "../support/operator.ts";
import {
  applyPractice,
  children,
  expectReason,
  giveMediaAddress,
  practiceNamespace,
  quiet,
} from "../support/practice-bed.ts";

describe("a practice whose isolation stays broken", () => {
  let namespace: string;
  let operator: RunningOperator;
  const routes = async () => (await children(namespace)).filter(({ kind }) => kind === "Ingress").length;
  const workloads = async () =>
    (await children(namespace)).filter(({ kind }) => kind === "StatefulSet").map(({ metadata }) => metadata.uid);

  beforeAll(async () => {
    namespace = await practiceNamespace();
    operator = await startOperator(bed.kubeconfig, { watchNamespaces: [namespace] });
    await applyPractice(namespace);
    await giveMediaAddress(namespace);
    await waitFor(async () => (await routes()) === 4, { timeout: 60_000, what: "all four routes" });
    await quiet(namespace);
  });
  afterAll(() => operator.stop());

  it("closes its doors, leaves running pods alone, and opens again by itself", async () => {
    const running = await workloads();
    const hole = {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "hole", namespace },
      spec: { podSelector: {}, ingress: [{}], policyTypes: ["Ingress"] },
    };
    await kubectlApply(hole);
    await expectReason(namespace, "NetworkIsolated", "ForeignPolicy");
    // Repair has some time: the doors are still open then.
    expect(await routes()).toBe(4);
    const closed = async () => (await routes()) === 0;
    await waitFor(closed, { timeout: (REPAIR_SECONDS + 20) * 1000, what: "the routes to be withdrawn" });
    await expectReason(namespace, "ComponentsReady", "DoorClosed");
    expect(await workloads()).toEqual(running);

    await kubectl(["delete", "networkpolicy", "hole", "-n", namespace]);
    await waitFor(async () => (await routes()) === 4, { what: "the routes to be back" });
  });
});
