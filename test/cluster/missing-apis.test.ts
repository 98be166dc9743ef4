import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RESOURCES } from "../../src/runtime/resources.ts";
import type { ControlPlane } from "../bed/control-plane.ts";
import { installCrds, removeCrds } from "../bed/crds.ts";
import { waitFor } from "../bed/wait.ts";
import { expectLikeACleanRun } from "../support/clean-run.ts";
import { type RunningOperator, startOperator } from "../support/operator.ts";
import { type Hand, startOwnCluster } from "../support/own-cluster.ts";
import { quiet } from "../support/practice-bed.ts";

/** The kinds of cert-manager and Gateway API come and go under one operator that is never restarted. */
describe("a cluster in which APIs are missing", () => {
  let plane: ControlPlane;
  let hand: Hand;
  let operator: RunningOperator;
  beforeAll(async () => {
    ({ plane, hand } = await startOwnCluster());
    operator = await startOperator(plane.kubeconfig);
  });
  afterAll(async () => {
    await operator.stop();
    await hand.close();
    await plane.stop();
  });

  const route = (namespace: string, host: string) =>
    waitFor(() => hand.get(RESOURCES.Ingress, { namespace, name: `greenriver-${host}` }), {
      timeout: 60_000,
      what: `the route of ${host}`,
    });
  const uids = async (namespace: string) => {
    const kinds = [RESOURCES.StatefulSet, RESOURCES.Deployment, RESOURCES.Service, RESOURCES.ConfigMap, RESOURCES.Pod];
    const lists = await Promise.all(kinds.map((kind) => hand.list(kind, namespace)));
    return lists.flat().map(({ metadata: { name, uid } }) => `${name} ${uid}`);
  };

  /** The same objects a second later: a pod that is replaced takes a moment to end. */
  const atRest = (namespace: string) =>
    waitFor(
      async () => {
        const before = await uids(namespace);
        await new Promise((resolve) => setTimeout(resolve, 1000));
        return isDeepStrictEqual(await uids(namespace), before) && before;
      },
      { what: "peace" },
    );

  it("runs messaging without cert-manager, lets video wait and says what to install", async () => {
    const namespace = await hand.namespace();
    await hand.practice(namespace);
    await hand.mediaAddress(namespace);
    const told = await hand.expectReason(namespace, "CertificatesReady", "CertManagerMissing");
    expect(told).toMatchObject({ status: "False", message: expect.stringContaining("Install") as unknown });
    for (const host of ["entry", "matrix", "chat"]) await route(namespace, host);
    expect((await hand.names(RESOURCES.StatefulSet, namespace)).toSorted()).toEqual([
      "greenriver-postgres",
      "greenriver-synapse",
    ]);
    expect((await hand.names(RESOURCES.Deployment, namespace)).toSorted()).toEqual([
      "greenriver-entry",
      "greenriver-front",
    ]);
    expect(await hand.names(RESOURCES.NetworkPolicy, namespace)).toContain("greenriver-bridge");
    // The reason is there before the other pods are ready.
    await waitFor(async () => {
      const { message } = await hand.expectReason(namespace, "ComponentsReady", "CertManagerMissing");
      return message.includes("Not ready: signalling, bridge.");
    });
    expect(await hand.get(RESOURCES.Ingress, { namespace, name: "greenriver-meet" })).toBeUndefined();
  });

  // The API server takes minutes to let go of six kinds when it has much else to do.
  it(
    "goes on by itself when cert-manager comes, and keeps video running when its kinds are removed",
    { timeout: 400_000 },
    async () => {
      const namespace = await hand.namespace();
      await hand.practice(namespace);
      await hand.mediaAddress(namespace);
      await hand.expectReason(namespace, "CertificatesReady", "CertManagerMissing");

      await installCrds(plane.adminConnection, "cert-manager");
      await hand.expectReason(namespace, "CertificatesReady", "CertificateIssuing", undefined, 60_000);
      await route(namespace, "meet");
      await hand.expectReason(namespace, "ComponentsReady", "AllReady");
      expect(await hand.names(RESOURCES.Certificate, namespace)).toContain("greenriver-signalling-tls");
      await quiet(namespace, 2, plane);
      const running = await atRest(namespace);
      expect(running.some((entry) => entry.startsWith("greenriver-bridge-0 "))).toBe(true);

      await removeCrds(plane.adminConnection, "cert-manager");
      // The status is written after everything superfluous was deleted.
      await hand.expectReason(namespace, "CertificatesReady", "CertManagerMissing", undefined, 60_000);
      expect(await uids(namespace)).toEqual(running);
      await route(namespace, "meet");

      await installCrds(plane.adminConnection, "cert-manager");
      await hand.expectReason(namespace, "CertificatesReady", "CertificateIssuing", undefined, 60_000);
      expect(await uids(namespace)).toEqual(running);
      await expectLikeACleanRun(plane, hand, namespace);
    },
  );

  it("says that Gateway API is missing where a practice needs it, and opens the routes when it comes", async () => {
    const namespace = await hand.namespace();
    await installCrds(plane.adminConnection, "cert-manager"); // so that nothing else is missing
    const spec = { exposure: { gateway: { className: "any" } } };
    await hand.practice(namespace, spec);
    await hand.mediaAddress(namespace);
    const told = await hand.expectReason(namespace, "ComponentsReady", "GatewayApiMissing", undefined, 60_000);
    expect(told).toMatchObject({ status: "False" });
    expect(told.message).toContain("Gateway API is not installed");
    await waitFor(async () => (await hand.status(namespace)).components?.every(({ ready }) => ready), {
      timeout: 60_000,
      what: "every pod to be ready without any route",
    });
    await hand.expectReason(namespace, "ComponentsReady", "GatewayApiMissing");

    await installCrds(plane.adminConnection, "gateway-api");
    await hand.expectReason(namespace, "ComponentsReady", "AllReady", undefined, 60_000);
    const hosts = ["chat", "entry", "matrix", "meet"];
    const open = async () => {
      const names = await hand.names(RESOURCES.HTTPRoute, namespace);
      return hosts.every((host) => names.includes(`greenriver-${host}`));
    };
    await waitFor(open, { what: "the routes" });
    expect(await hand.names(RESOURCES.Gateway, namespace)).toEqual(["greenriver-gateway"]);
    await expectLikeACleanRun(plane, hand, namespace, spec);
  });
});
