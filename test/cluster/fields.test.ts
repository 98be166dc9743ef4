import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FIELD_MANAGER } from "../../src/api/group.ts";
import { superfluousChildren } from "../../src/controller/apply-plan.ts";
import { cachedKinds, PRACTICES } from "../../src/controller/kinds.ts";
import { liveChildren } from "../../src/controller/live.ts";
import { type PlannedChange, planObject } from "../../src/controller/plan.ts";
import { describe as describeObject, type LiveObject, type VerifiedManifests } from "../../src/manifest.ts";
import type { Practice } from "../../src/practice/practice.ts";
import { render } from "../../src/render/render.ts";
import { type Applier, createApplier } from "../../src/runtime/apply.ts";
import { createCache, type WatchedCache } from "../../src/runtime/cache.ts";
import type { Cluster } from "../../src/runtime/cluster.ts";
import { createCluster } from "../../src/runtime/kube-cluster.ts";
import { createTransport, type Transport } from "../../src/runtime/transport.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { type ControlPlane, startControlPlane } from "../bed/control-plane.ts";
import { installCrds } from "../bed/crds.ts";
import { installOwnCrd } from "../bed/own-crd.ts";
import { waitFor } from "../bed/wait.ts";
import { FIELD_SAMPLES, type FieldSample } from "../support/field-samples.ts";
import { type Hand, handOn } from "../support/own-cluster.ts";
import { aPractice, params } from "../support/practices.ts";

type Spec = Readonly<Record<string, unknown>>;

/** The namespace and name of the example that `aPractice` takes. */
const [namespace, name] = ["greenriver", "greenriver"];

/**
 * What a field leaves behind on a real API server, with the operator's own applier and pruning, but nobody who makes pods:
 * each of some seventy fields is set, changed and unset.
 */
describe("every field that can be changed", () => {
  let plane: ControlPlane;
  let hand: Hand;
  let transport: Transport;
  let cluster: Cluster;
  let cache: WatchedCache;
  let applier: Applier;
  let uid: string;
  const stop = new AbortController();
  const metrics = createMetrics();
  const logger = createLogger("silent");
  beforeAll(async () => {
    plane = await startControlPlane({ workloadControllers: false });
    const { adminConnection } = plane;
    const apis = (["cert-manager", "gateway-api"] as const).map((api) => installCrds(adminConnection, api));
    await Promise.all([installOwnCrd(plane), ...apis]);
    hand = handOn(adminConnection);
    const namespaces = { group: "", version: "v1", kind: "Namespace", plural: "namespaces", namespaced: false };
    await hand.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    await hand.practice(namespace);
    uid = (await hand.get(PRACTICES, { namespace, name }))?.metadata.uid ?? "";
    const connection = { ...adminConnection, authorization: async () => undefined };
    transport = createTransport({ connection, metrics });
    cluster = createCluster(transport);
    cache = createCache({
      transport,
      kinds: cachedKinds({ nodes: false }),
      namespaces: [namespace],
      manager: FIELD_MANAGER,
      logger,
      metrics,
    });
    await cache.start(stop.signal);
    applier = createApplier({ cluster, cache, manager: FIELD_MANAGER, logger, metrics });
  });
  afterAll(async () => {
    stop.abort();
    await transport.close();
    await hand.close();
    await plane.stop();
  });

  it.each(changeable())("%s leaves its trace, and none when it is gone", async (_, sample) => {
    const { without = {}, set, changed, silent } = sample;
    const before = await made(without);
    const whenSet = await made(set);
    const whenChanged = await made(changed);
    if (silent === undefined) {
      expect(whenSet).not.toEqual(before);
      expect(whenChanged).not.toEqual(whenSet);
    }
    expect(await made(without)).toEqual(before);
    // Made with the field at once: what a POST has set goes as well.
    await remove(Object.keys(whenChanged).filter((child) => !isDeepStrictEqual(whenChanged[child], before[child])));
    expect(await made(changed)).toEqual(whenChanged);
    const planned = await plannedFor(without);
    expect(await made(without)).toEqual(before);
    // What a plan has shown of it is what has come.
    for (const { object, after } of planned)
      expect(withoutServersOwn(after as LiveObject), object).toEqual(before[object]);
  });

  async function plannedFor(spec: Spec): Promise<PlannedChange[]> {
    const { manifests } = render(paramsOf(spec));
    const planned = await Promise.all(manifests.map((desired) => planObject(cluster, desired)));
    return planned.filter(({ action }) => action === "change");
  }

  function paramsOf(spec: Spec) {
    const { addresses } = aPractice({ spec, uid }).video.media;
    return params({ spec, uid }, addresses.length > 0 ? { mediaAddresses: addresses } : {});
  }

  /** All but volumes, which wait for a controller that is not here. */
  async function remove(names: readonly string[]): Promise<void> {
    const meant = liveChildren(cache, { namespace, uid }).filter(
      (child) => child.kind !== "PersistentVolumeClaim" && names.includes(describeObject(child)),
    );
    await applier.prune(meant, { signal: stop.signal });
    const left = () => liveChildren(cache, { namespace, uid }).filter((child) => meant.includes(child));
    await waitFor(() => left().length === 0, { interval: 5, what: "what was deleted to go" });
  }

  /** Makes the practice so, and says what there is then. */
  async function made(spec: Spec): Promise<Record<string, unknown>> {
    const practice = aPractice({ spec, uid });
    const rendering = render(paramsOf(spec));
    await applier.apply(rendering.manifests, { ours: () => true, signal: stop.signal });
    await applier.waitSettled(namespace, 5000);
    const superfluous = () =>
      superfluousChildren(cache, practice, rendering, { now: rendering.manifests, withdraw: false });
    // What a workload mounts goes after it: the operator looks again as well.
    const gone = async () => {
      const left = superfluous();
      if (left.length > 0) await applier.prune(left, { signal: stop.signal });
      return left.length === 0;
    };
    await waitFor(gone, { interval: 5, what: "what is superfluous to go" });
    return snapshot(practice, rendering.manifests);
  }

  function snapshot({ uid: owner = "" }: Practice, wanted: VerifiedManifests): Record<string, unknown> {
    const children = liveChildren(cache, { namespace, uid: owner });
    expect(children.length).toBeGreaterThanOrEqual(wanted.length - 1);
    return Object.fromEntries(children.map((child) => [describeObject(child), withoutServersOwn(child)]));
  }
});

/** What the server counts and says for itself; an address of the cluster comes anew with a Service. */
const SERVERS_OWN = new Set(["status", "clusterIP", "clusterIPs", "healthCheckNodePort"]);
const SERVERS_METADATA = new Set(["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"]);

function withoutServersOwn({ metadata, ...rest }: LiveObject): unknown {
  const kept = Object.entries(metadata).filter(([key]) => !SERVERS_METADATA.has(key));
  const others = JSON.stringify(rest, (key, value: unknown) => (SERVERS_OWN.has(key) ? undefined : value));
  return { metadata: Object.fromEntries(kept), ...(JSON.parse(others) as object) };
}

function changeable(): [string, FieldSample][] {
  return Object.entries(FIELD_SAMPLES).filter(([, { fixed }]) => fixed === undefined);
}
