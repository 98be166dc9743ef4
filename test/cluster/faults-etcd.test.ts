import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { pathOf, RESOURCES } from "../../src/runtime/resources.ts";
import { apiClient } from "../bed/api.ts";
import type { ControlPlane } from "../bed/control-plane.ts";
import { compactHistory } from "../bed/etcd.ts";
import { waitFor } from "../bed/wait.ts";
import { expectLikeACleanRun } from "../support/clean-run.ts";
import { runOperator } from "../support/operator.ts";
import { type Hand, startOwnCluster } from "../support/own-cluster.ts";
import { ALWAYS } from "../support/practice-bed.ts";
import { type Proxy, startProxy } from "../support/proxy.ts";

const name = "greenriver";
const SPEC = { maintenance: ALWAYS, video: { media: { addresses: [{ ip: "203.0.113.7", port: 10_000 }] } } };

describe("an API server that has forgotten what happened", () => {
  let plane: ControlPlane;
  let hand: Hand;
  let proxy: Proxy;
  let isCutOff = false;
  beforeAll(async () => {
    ({ plane, hand } = await startOwnCluster(["cert-manager", "gateway-api"]));
    proxy = await startProxy(plane, () => (isCutOff ? { kind: "answer", status: 503 } : undefined));
  });
  afterAll(async () => {
    await proxy.stop();
    await hand.close();
    await plane.stop();
  });

  it("is asked for everything anew, and what went meanwhile is made up for", async () => {
    const namespace = await hand.namespace();
    const operator = runOperator(proxy.connection, [namespace]);
    try {
      await hand.practice(namespace, SPEC);
      await hand.converged(namespace);
      const wall = { namespace, name: `${name}-default-deny` };
      const before = (await hand.get(RESOURCES.NetworkPolicy, wall))?.metadata.uid;
      const version = (await hand.get(PRACTICES, { namespace, name }))?.metadata.resourceVersion ?? "";

      isCutOff = true;
      proxy.cutWatches();
      await hand.patch(RESOURCES.NetworkPolicy, wall, { metadata: { finalizers: null } });
      await hand.remove(RESOURCES.NetworkPolicy, wall);
      await hand.remove(RESOURCES.Service, { namespace, name: `${name}-front` });
      await hand.practice(namespace, { ...SPEC, size: "group" });
      await compactHistory(plane);
      // The API server has a memory of its own, which goes with it.
      await plane.restartApiServer();
      expect(await listAt(namespace, version)).toBe(410);
      // Until it has read everything it says 429.
      await waitFor(async () => (await watchFrom(namespace, version)) === 410, { what: "the version to be forgotten" });

      const asked = proxy.requests.length;
      isCutOff = false;
      const back = async () => {
        const uid = (await hand.get(RESOURCES.NetworkPolicy, wall))?.metadata.uid;
        return uid !== undefined && uid !== before;
      };
      await waitFor(back, { timeout: 60_000, what: "the wall to be back" });
      const seen = async () => (await hand.status(namespace)).observedGeneration === 2;
      await waitFor(seen, { timeout: 60_000, what: "the edit to be seen" });
      await expectLikeACleanRun(plane, hand, namespace, { ...SPEC, size: "group" });
      // First each watch asked from where it was.
      const resumed = proxy.requests
        .slice(asked)
        .filter(({ isWatch, query }) => isWatch && query.has("resourceVersion"));
      expect(resumed.length).toBeGreaterThan(5);
    } finally {
      await operator.stop();
    }
  });

  /** What etcd says when it is asked how things were then. */
  async function listAt(namespace: string, resourceVersion: string): Promise<number> {
    const query = `?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`;
    const client = apiClient(plane.adminConnection);
    const answered = async () => {
      const { status } = await client.request("GET", pathOf(PRACTICES, { namespace }) + query);
      return status !== 429 && status;
    };
    const status = await waitFor(answered, { what: "an answer about the past" });
    await client.close();
    return status;
  }

  /** What the API server says to a watch from there: its answer, or that of its first event. */
  async function watchFrom(namespace: string, resourceVersion: string): Promise<number> {
    const client = apiClient(plane.adminConnection);
    const query = `?watch=1&timeoutSeconds=1&resourceVersion=${resourceVersion}`;
    const { status, body } = await client.request("GET", pathOf(PRACTICES, { namespace }) + query);
    await client.close();
    return (body as { object?: { code?: number } }).object?.code ?? status;
  }
});
