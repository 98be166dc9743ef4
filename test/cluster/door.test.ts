import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { REPAIR_SECONDS } from "../../src/controller/door.ts";
import { waitFor } from "../bed/wait.ts";
import { bed, kubectl, kubectlApply } from "../support/bed.ts";
import { runOperator } from "../support/operator.ts";
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
  let operator: ReturnType<typeof runOperator>;
  const routes = async () => (await children(namespace)).filter(({ kind }) => kind === "Ingress").length;
  /** What the operator tells of its one practice, when it is scraped. */
  const counts = (ready: number, closed: number) =>
    waitFor(
      async () => {
        const told = await operator.metrics();
        const lines = [`telehealth_practices_ready{shard=""} ${ready}`, `telehealth_doors_closed{shard=""} ${closed}`];
        return lines.every((line) => told.includes(line));
      },
      { timeout: 30_000, what: `${ready} practices that are ready and ${closed} closed doors` },
    );
  const workloads = async () =>
    (await children(namespace)).filter(({ kind }) => kind === "StatefulSet").map(({ metadata }) => metadata.uid);

  beforeAll(async () => {
    namespace = await practiceNamespace();
    operator = runOperator(bed.adminConnection, [namespace]);
    await applyPractice(namespace, { certificates: { external: {} } });
    await giveMediaAddress(namespace);
    await waitFor(async () => (await routes()) === 4, { timeout: 60_000, what: "all four routes" });
    await expectReason(namespace, "Ready", "Ready");
    await quiet(namespace);
  });
  afterAll(() => operator.stop());

  it("closes its doors, leaves running pods alone, and opens again by itself", async () => {
    const running = await workloads();
    await counts(1, 0);
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
    await counts(0, 1);
    const [, seconds] = /^telehealth_practices_unready_seconds\{shard=""\} (.+)$/m.exec(await operator.metrics()) ?? [];
    expect(Number(seconds)).toBeGreaterThanOrEqual(REPAIR_SECONDS - 1);

    await kubectl(["delete", "networkpolicy", "hole", "-n", namespace]);
    await waitFor(async () => (await routes()) === 4, { what: "the routes to be back" });
    await counts(1, 0);
  });
});
