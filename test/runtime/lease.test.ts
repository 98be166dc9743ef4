import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { LiveObject } from "../../src/manifest.ts";
import { createLease, NotLeader } from "../../src/runtime/lease.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { type FakeClock, fakeClock } from "../support/fake-clock.ts";
import { type MemoryCluster, memoryCluster } from "../support/memory-cluster.ts";

function candidate(
  identity: string,
  clock: FakeClock,
  cluster: MemoryCluster,
  isAlive = () => true,
  ready?: AbortSignal,
) {
  const told: number[] = [];
  const stop = new AbortController();
  const state = { lost: false, ended: false };
  const lease = createLease({
    cluster,
    namespace: "ops",
    name: "op",
    identity,
    metrics: createMetrics(),
    logger: pino({ level: "silent" }),
    onLost: () => (state.lost = true),
    isAlive,
    ...(ready && { ready }),
    onRenewed: (until) => told.push(until),
    clock,
  });
  void lease.run(stop.signal).then(() => (state.ended = true));
  return { lease, stop, state, told };
}

const holder = (cluster: MemoryCluster) => cluster.objects.get("leases/op")?.["spec"] as Record<string, unknown>;

describe("lease", () => {
  it("is taken by exactly one of several, which keeps renewing it", async () => {
    const [clock, cluster] = [fakeClock(), memoryCluster()];
    const all = ["a", "b", "c"].map((name) => candidate(name, clock, cluster));
    await clock.advance(60_000);
    expect(all.filter(({ lease }) => lease.isLeader())).toHaveLength(1);
    expect(all.every(({ state }) => !state.lost)).toBe(true);
    expect(holder(cluster)).toMatchObject({ leaseDurationSeconds: 15, leaseTransitions: 0 });
    expect(holder(cluster)["renewTime"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  });

  it("passes on soon after the leader gives it back", async () => {
    const [clock, cluster] = [fakeClock(), memoryCluster()];
    const a = candidate("a", clock, cluster);
    await clock.advance(0);
    const b = candidate("b", clock, cluster);
    await clock.advance(10_000);
    a.stop.abort();
    await clock.advance(0);
    expect(a.lease.isLeader()).toBe(false);
    expect(() => a.lease.assertLeader()).toThrow(NotLeader);
    await clock.advance(1500);
    expect(b.lease.isLeader()).toBe(true);
    expect(a.state).toEqual({ lost: false, ended: true });
    expect(holder(cluster)).toMatchObject({ holderIdentity: "b", leaseTransitions: 1 });
  });

  /** Stops `a` while a claim of it is on its way, which arrives at a given moment, if nothing prevents it. */
  async function stoppedWhileClaiming(lease: object | undefined, arrives: "before" | "during" | "after") {
    const [clock, cluster] = [fakeClock(), memoryCluster()];
    const metadata = { namespace: "ops", name: "op", uid: "1", resourceVersion: "0", creationTimestamp: "" };
    if (lease) cluster.objects.set("leases/op", { apiVersion: "x", kind: "Lease", metadata, spec: lease });
    const gate = Promise.withResolvers<void>();
    let writes = 0;
    cluster.before = async (call) => {
      if (!/^(patch|create)/.test(call)) return;
      writes += 1;
      if (writes === 1) {
        a.stop.abort();
        if (arrives !== "before") await gate.promise;
      } else if (arrives === "during") {
        gate.resolve();
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const a = candidate("a", clock, cluster);
    await clock.advance(20_000);
    gate.resolve();
    await clock.advance(0);
    expect(a.state).toEqual({ lost: false, ended: true });
    return holder(cluster);
  }

  const ofNobody = { holderIdentity: "", leaseDurationSeconds: 1 };
  const ofOneThatIsGone = { holderIdentity: "b", leaseDurationSeconds: 15 };
  describe.each([
    ["there is no lease", undefined],
    ["it is nobody's", ofNobody],
    ["it is one's that is gone", ofOneThatIsGone],
    ["it is its own", { holderIdentity: "a", leaseDurationSeconds: 15 }],
  ])("is given back though the order to stop comes while a claim is on its way, when %s", (_, lease) => {
    it.each(["before", "during", "after"] as const)("and the claim arrives %s that", async (arrives) => {
      expect(await stoppedWhileClaiming(lease, arrives)).toMatchObject(ofNobody);
    });
  });

  it("stays with one who was faster when the other stops", async () => {
    const [clock, cluster] = [fakeClock(), memoryCluster()];
    const faster: LiveObject[] = [];
    cluster.before = async (call) => {
      const lease = cluster.objects.get("leases/op");
      if (!call.startsWith("patch") || faster.length > 0 || !lease) return;
      const metadata = { ...lease.metadata, resourceVersion: "9" };
      faster.push({ ...lease, metadata, spec: { holderIdentity: "b", leaseDurationSeconds: 15 } });
      cluster.objects.set("leases/op", faster[0] as LiveObject);
      await Promise.resolve();
    };
    const metadata = { namespace: "ops", name: "op", uid: "1", resourceVersion: "1", creationTimestamp: "" };
    cluster.objects.set("leases/op", { apiVersion: "x", kind: "Lease", metadata, spec: ofNobody });
    const a = candidate("a", clock, cluster);
    await clock.advance(5000);
    a.stop.abort();
    await clock.advance(0);
    expect(a.state.ended).toBe(true);
    expect([cluster.objects.get("leases/op")]).toEqual(faster);
  });

  it("stays with whom it belongs to when one stops that has lost it without knowing", async () => {
    const [clock, cluster] = [fakeClock(), memoryCluster()];
    const a = candidate("a", clock, cluster);
    await clock.advance(0);
    const lease = cluster.objects.get("leases/op") as LiveObject;
    const metadata = { ...lease.metadata, resourceVersion: "7" };
    cluster.objects.set("leases/op", { ...lease, metadata, spec: { ...holder(cluster), holderIdentity: "b" } });
    a.stop.abort();
    await clock.advance(0);
    expect(a.state).toEqual({ lost: false, ended: true });
    expect(holder(cluster)).toMatchObject({ holderIdentity: "b", leaseDurationSeconds: 15 });
  });

  it("is lost after 10 s without a renewal, before anybody else may take it", async () => {
    const [clock, cluster] = [fakeClock(), memoryCluster()];
    const a = candidate("a", clock, cluster);
    await clock.advance(0);
    const b = candidate("b", clock, cluster);
    await clock.advance(4000);
    let aCut = true;
    cluster.before = () => (aCut ? Promise.reject(new Error("API server away")) : Promise.resolve());
    await clock.advance(9999);
    expect(a.state.lost).toBe(false);
    await clock.advance(2001);
    expect(a.lease.isLeader()).toBe(false);
    expect(a.state.lost).toBe(true);
    expect(b.lease.isLeader()).toBe(false);
    aCut = false;
    await clock.advance(20_000);
    expect(b.lease.isLeader()).toBe(true);
  });

  it("is lost in time also when the API server is silent", async () => {
    const [clock, cluster] = [fakeClock(), memoryCluster()];
    const a = candidate("a", clock, cluster);
    await clock.advance(0);
    cluster.before = () => new Promise(() => {});
    await clock.advance(9999);
    expect(a.lease.isLeader()).toBe(true);
    await clock.advance(1);
    expect(a.lease.isLeader()).toBe(false);
    expect(a.state.lost).toBe(true);
  });

  it("of one that is killed is another's within 17 s, whenever that one looked last", async () => {
    for (const random of [0, 0.5, 0.999]) {
      const [clock, cluster] = [fakeClock(() => random), memoryCluster()];
      let killed = false;
      const a = candidate("a", clock, cluster, () => !killed);
      await clock.advance(0);
      const b = candidate("b", clock, cluster);
      await clock.advance(7000 + random * 2000);
      killed = true;
      const from = clock.now();
      while (!b.lease.isLeader() && clock.now() - from < 30_000) await clock.advance(100);
      expect(clock.now() - from).toBeLessThanOrEqual(17_000);
      expect(clock.now() - from).toBeGreaterThan(10_000);
      expect(a.state.lost).toBe(true);
    }
  }, 20_000);

  it("is neither taken nor renewed by a process that does not do its work", async () => {
    const [clock, cluster] = [fakeClock(), memoryCluster()];
    let alive = false;
    const a = candidate("a", clock, cluster, () => alive);
    await clock.advance(5000);
    expect([cluster.calls, a.told]).toEqual([[], []]);
    alive = true;
    await clock.advance(4000);
    expect(a.lease.isLeader()).toBe(true);
    alive = false;
    const calls = cluster.calls.length;
    await clock.advance(20_000);
    expect(cluster.calls).toHaveLength(calls);
    expect([a.state.lost, a.lease.isLeader(), a.told.at(-1)]).toEqual([true, false, 0]);
  });

  it("is left to others by a process that could not lead yet, which loses no time by that", async () => {
    const [clock, cluster] = [fakeClock(), memoryCluster()];
    const gone = candidate("gone", clock, cluster);
    await clock.advance(0);
    gone.stop.abort();
    await clock.advance(0);
    const [able, unable] = [new AbortController(), new AbortController()];
    const a = candidate("a", clock, cluster, () => true, unable.signal);
    await clock.advance(30_000);
    expect(a.lease.isLeader()).toBe(false);
    let killed = false;
    const b = candidate("b", clock, cluster, () => !killed);
    await clock.advance(3000);
    expect(b.lease.isLeader()).toBe(true);
    killed = true;
    const c = candidate("c", clock, cluster, () => true, able.signal);
    await clock.advance(15_000);
    expect([a, c].map(({ lease }) => lease.isLeader())).toEqual([false, false]);
    able.abort();
    await clock.advance(0);
    expect([a, c].map(({ lease }) => lease.isLeader())).toEqual([false, true]);
  });

  it("goes by what was seen here, not by the other's clock", async () => {
    const [clock, cluster] = [fakeClock(), memoryCluster()];
    const spec = { holderIdentity: "old", leaseDurationSeconds: 15, renewTime: "1999-01-01T00:00:00.000000Z" };
    const meta = { name: "op", namespace: "ops" };
    const lease = { group: "", version: "v1", kind: "Lease", plural: "leases", namespaced: true };
    await cluster.create(lease, { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: meta, spec }, "t");
    const a = candidate("a", clock, cluster);
    await clock.advance(14_999);
    expect(a.lease.isLeader()).toBe(false);
    await clock.advance(3000);
    expect(a.lease.isLeader()).toBe(true);
  });
});
