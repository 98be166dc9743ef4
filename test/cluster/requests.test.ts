import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { cachedKinds } from "../../src/controller/kinds.ts";
import { ROLES } from "../../src/practice/names.ts";
import { readiness } from "../../src/runtime/readiness.ts";
import { type Resource, RESOURCES } from "../../src/runtime/resources.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { runOperator } from "../support/operator.ts";
import { type Hand, handOn } from "../support/own-cluster.ts";
import { applyPractice, children, practiceNamespace, quiet } from "../support/practice-bed.ts";
import { type ProxiedRequest, type Proxy, startProxy } from "../support/proxy.ts";

/** Of the ports that no Service is given by chance, a pair for each try: one that is taken costs requests. */
let port = 30_040;
const media = () => ({ port: (port += 2), addresses: [{ ip: "203.0.113.7", port: 10_000 }] });

/** The operator looks now and then for kinds that this cluster does not have or has just been given; that is no practice's cost. */
const MAYBE_ABSENT = cachedKinds({ nodes: false }).flatMap(({ optional, resource }) =>
  optional ? resource.plural : [],
);
const isMaybeAbsent = ({ path }: ProxiedRequest) => MAYBE_ABSENT.some((plural) => path.endsWith(`/${plural}`));

/** Requests that make no object: all is made, all pods are ready. */
const FINALIZER = 1;
const STATUSES = 2;

describe("the requests that a practice costs", () => {
  it("are one for each object, one for the finalizer, and two statuses where pods take no longer than a word", async () => {
    const namespace = await practiceNamespace();
    const hand = handOn(bed.adminConnection);
    // How often is told how far pods are depends on how they start. When the first word is through, they have.
    const told = Promise.withResolvers<void>();
    const proxy = await startProxy(bed, ({ path }) =>
      path.endsWith("/status") ? { kind: "hold", until: told.promise } : undefined,
    );
    const operator = runOperator(proxy.connection, [namespace]);
    await cachesFilled(proxy);
    const before = proxy.requests.length;
    await applyPractice(namespace, { video: { media: media() } });
    await allPodsReady(hand, namespace);
    told.resolve();
    await hand.converged(namespace);
    await quiet(namespace);
    await operator.stop();
    await proxy.stop();
    await hand.close();

    // Each kind was listed as a whole, and is watched; ConfigMaps with files as metadata, and the others.
    const kinds = proxy.requests.slice(0, before).filter((request) => !isMaybeAbsent(request));
    const watched = kinds.filter(({ isWatch }) => isWatch).map(({ path }) => path);
    const lists = kinds.filter(({ isWatch, path }) => !isWatch && watched.includes(path));
    expect(watched.length).toBeGreaterThan(10);
    const configMaps = watched.filter((path) => path.endsWith("/configmaps"));
    expect(lists.map(({ path }) => path).toSorted()).toEqual([...watched, ...configMaps].toSorted());
    expect(lists.filter(({ query }) => query.has("limit"))).toEqual([]);

    const made = await children(namespace);
    const requests = proxy.requests.slice(before).filter((request) => {
      return !request.isWatch && !(request.method === "GET" && isMaybeAbsent(request));
    });
    const isStatus = ({ path }: ProxiedRequest) => path.endsWith("/status");
    expect(made.length).toBeGreaterThan(50);
    expect(requests.filter(isStatus)).toHaveLength(STATUSES);
    const all = requests.map(({ method, path }) => `${method} ${path}`).join("\n");
    expect(requests.length, all).toBe(made.length + FINALIZER + STATUSES);
    // Told when all is made that can be.
    const firstStatus = requests.findIndex(isStatus);
    const madeBefore = requests.slice(0, firstStatus).filter(({ isWrite }) => isWrite).length - FINALIZER;
    const routes = made.filter(({ kind }) => kind === "Ingress").length;
    expect(madeBefore).toBeGreaterThanOrEqual(made.length - routes);
  });
});

/** All pods are ready, and the watches have had time to tell of it. */
async function allPodsReady(hand: Hand, namespace: string): Promise<void> {
  const workloads = async (resource: Resource) =>
    (await hand.list(resource, namespace)).map((workload) => ({ ...workload, kind: resource.kind }));
  const ready = async () => {
    const found = [...(await workloads(RESOURCES.StatefulSet)), ...(await workloads(RESOURCES.Deployment))];
    return found.length === ROLES.length && found.every((workload) => readiness(workload).ready);
  };
  await waitFor(ready, { timeout: 50_000, what: "all pods to be ready" });
  await sleep(2000);
}

/** Every kind is listed and watched: nothing more is asked until something happens. */
async function cachesFilled({ requests }: Proxy): Promise<void> {
  let seen = -1;
  const same = () => seen === (seen = requests.length) && seen > 0;
  await waitFor(same, { interval: 2000, what: "the caches to be filled" });
}
