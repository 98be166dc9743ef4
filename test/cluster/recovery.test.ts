import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseSpec } from "../../src/api/practice.ts";
import type { LiveObject } from "../../src/manifest.ts";
import { defaultIdentity } from "../../src/practice/resolve.ts";
import { type Resource, RESOURCES } from "../../src/runtime/resources.ts";
import type { ControlPlane } from "../bed/control-plane.ts";
import { waitFor } from "../bed/wait.ts";
import { expectLikeACleanRun } from "../support/clean-run.ts";
import { type RunningOperator, startOperator } from "../support/operator.ts";
import { type Hand, startOwnCluster } from "../support/own-cluster.ts";
import { ALWAYS, practiceFor } from "../support/practice-bed.ts";

const QUOTAS: Resource = {
  group: "",
  version: "v1",
  kind: "ResourceQuota",
  plural: "resourcequotas",
  namespaced: true,
};

const name = "greenriver";
let plane: ControlPlane;
let hand: Hand;
beforeAll(async () => {
  ({ plane, hand } = await startOwnCluster(["cert-manager", "gateway-api"]));
});
afterAll(async () => {
  await hand.close();
  await plane.stop();
});

async function started(spec: object = {}): Promise<string> {
  const namespace = await hand.namespace();
  await hand.practice(namespace, spec);
  await hand.mediaAddress(namespace);
  await hand.converged(namespace);
  return namespace;
}

const specOf = (object: LiveObject | undefined) => object?.["spec"] as Record<string, unknown>;

describe("with an operator that has all it needs", () => {
  let operator: RunningOperator;
  beforeAll(async () => {
    operator = await startOperator(plane.kubeconfig);
  });
  afterAll(() => operator.stop());

  it("an exceeded quota is named, and the practice goes on when it is raised", async () => {
    const namespace = await hand.namespace();
    const quota = { namespace, name: "small" };
    await hand.create(QUOTAS, {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: quota,
      spec: { hard: { "count/services": "2" } },
    });
    await waitFor(async () => (await hand.get(QUOTAS, quota))?.["status"] as object | undefined, {
      what: "the quota to be in force",
    });
    await hand.practice(namespace);
    const told = await hand.expectReason(namespace, "Ready", "QuotaExceeded");
    expect(told.message).toContain("exceeded quota: small");
    expect(await hand.names(RESOURCES.StatefulSet, namespace)).toEqual([]);
    await hand.patch(QUOTAS, quota, { spec: { hard: { "count/services": "20" } } });
    await hand.mediaAddress(namespace);
    await expectLikeACleanRun(plane, hand, namespace);
  });

  it("a port that another Service has is left to it; the next two are taken and recorded", async () => {
    const [namespace, other] = [await hand.namespace(), await hand.namespace()];
    const parsed = parseSpec(await practiceFor(namespace));
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
    const { mediaPort } = defaultIdentity(namespace, name, parsed.spec);
    await occupy(other, mediaPort + 1);
    await hand.practice(namespace);
    const media = await waitFor(() => hand.get(RESOURCES.Service, { namespace, name: `${name}-media` }), {
      what: "the media Service",
    });
    const next = mediaPort === 32766 ? 30086 : mediaPort + 2;
    expect(specOf(media)).toMatchObject({
      ports: [
        { port: next, nodePort: next, protocol: "UDP" },
        { port: next + 1, nodePort: next + 1, protocol: "UDP" },
      ],
    });
    const identity = await hand.get(RESOURCES.ConfigMap, { namespace, name: `${name}-identity` });
    expect(identity?.["data"]).toMatchObject({ mediaPort: String(next) });
    await hand.mediaAddress(namespace);
    await expectLikeACleanRun(plane, hand, namespace);
    expect((await hand.status(namespace)).media?.addresses).toEqual([
      { ip: "203.0.113.7", port: next, stunPort: next + 1 },
    ]);
  });

  it("a media port that the manifest states is not exchanged for another when it is taken", async () => {
    const [namespace, other] = [await hand.namespace(), await hand.namespace()];
    await occupy(other, 30001);
    const stated = { video: { media: { port: 30001 } } };
    await hand.practice(namespace, stated);
    const told = await hand.expectReason(namespace, "Stalled", "InvalidSpec");
    expect(told.message).toContain("spec.video.media.port: 30001 or 30002 belongs to another Service");
    await hand.remove(RESOURCES.Service, { namespace: other, name: "other" });
    await hand.mediaAddress(namespace);
    await expectLikeACleanRun(plane, hand, namespace, stated);
    expect((await hand.status(namespace)).media?.addresses).toEqual([
      { ip: "203.0.113.7", port: 30001, stunPort: 30002 },
    ]);
  });

  it("a restart of the API server is survived without one of the operator", async () => {
    const namespace = await started({ maintenance: ALWAYS });
    await plane.restartApiServer();
    const front = { namespace, name: `${name}-front` };
    const { uid } = (await hand.get(RESOURCES.Service, front))?.metadata ?? {};
    await hand.remove(RESOURCES.Service, front);
    const back = async () => {
      const now = (await hand.get(RESOURCES.Service, front))?.metadata.uid;
      return now !== undefined && now !== uid;
    };
    await waitFor(back, { timeout: 60_000, what: "the Service to be back" });
    const edited = { maintenance: ALWAYS, size: "group" };
    await hand.practice(namespace, edited);
    const looked = async () => (await hand.status(namespace)).observedGeneration === 2;
    await waitFor(looked, { timeout: 60_000, what: "the edit to be seen" });
    await expectLikeACleanRun(plane, hand, namespace, edited);
    expect(process.kill(operator.pid, 0)).toBe(true);
  });

  /** Another Service that has a UDP port of the nodes. */
  async function occupy(namespace: string, nodePort: number): Promise<void> {
    await hand.create(RESOURCES.Service, {
      apiVersion: "v1",
      kind: "Service",
      metadata: { namespace, name: "other" },
      spec: { type: "NodePort", selector: { app: "other" }, ports: [{ port: 9, nodePort, protocol: "UDP" }] },
    });
  }
});
