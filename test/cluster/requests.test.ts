import { describe, expect, it } from "vitest";
import { cachedKinds } from "../../src/controller/kinds.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { runOperator } from "../support/operator.ts";
import { applyPractice, children, practiceNamespace, quiet, statusOf } from "../support/practice-bed.ts";
import { type Proxy, startProxy } from "../support/proxy.ts";

const ADDRESS = { video: { media: { addresses: [{ ip: "203.0.113.7", port: 10_000 }] } } };

/** The operator looks now and then for kinds that this cluster does not have; that is no practice's cost. */
const MAYBE_ABSENT = cachedKinds({ nodes: false }).flatMap(({ optional, resource }) =>
  optional ? resource.plural : [],
);

/** Writes that make no object. */
const FINALIZER = 1;

describe("the requests that a practice costs", () => {
  it("are one for each object and one for the finalizer, beside what is told: statuses, and events of trouble", async () => {
    const namespace = await practiceNamespace();
    const proxy = await startProxy(bed);
    const operator = runOperator(proxy.connection, [namespace]);
    await cachesFilled(proxy);
    const before = proxy.requests.length;
    await applyPractice(namespace, ADDRESS);
    await waitFor(async () => (await statusOf(namespace)).conditions?.some(({ type }) => type === "Ready"), {
      timeout: 60_000,
      what: "a status",
    });
    await quiet(namespace);
    await operator.stop();
    await proxy.stop();

    // Each kind was listed as a whole, and is watched; ConfigMaps with files as metadata, and the others.
    const kinds = proxy.requests.slice(0, before);
    const watched = kinds.filter(({ isWatch }) => isWatch).map(({ path }) => path);
    const lists = kinds.filter(({ isWatch, path }) => !isWatch && watched.includes(path));
    expect(watched.length).toBeGreaterThan(10);
    const configMaps = watched.filter((path) => path.endsWith("/configmaps"));
    expect(lists.map(({ path }) => path).toSorted()).toEqual([...watched, ...configMaps].toSorted());
    expect(lists.filter(({ query }) => query.has("limit"))).toEqual([]);

    const made = await children(namespace);
    const requests = proxy.requests.slice(before).filter(({ isWatch, method, path }) => {
      return !isWatch && !(method === "GET" && MAYBE_ABSENT.some((plural) => path.endsWith(`/${plural}`)));
    });
    const statuses = requests.filter(({ path }) => path.endsWith("/status"));
    // Events follow what a status says, and how many there are depends on how soon pods run.
    const others = requests.filter((request) => !statuses.includes(request) && !request.path.endsWith("/events"));
    const told = others.map(({ method, path }) => `${method} ${path}`).join("\n");
    expect(made.length).toBeGreaterThan(50);
    expect(others.length, told).toBe(made.length + FINALIZER);
    // Told once, when all is made that can be; what pods tell later are stories of their own.
    const firstStatus = requests.findIndex((request) => statuses.includes(request));
    const madeBefore = requests.slice(0, firstStatus).filter(({ isWrite }) => isWrite).length - FINALIZER;
    const routes = made.filter(({ kind }) => kind === "Ingress").length;
    expect(madeBefore).toBeGreaterThanOrEqual(made.length - routes);
  });
});

/** Every kind is listed and watched: nothing more is asked until something happens. */
async function cachesFilled({ requests }: Proxy): Promise<void> {
  let seen = -1;
  const same = () => seen === (seen = requests.length) && seen > 0;
  await waitFor(same, { interval: 2000, what: "the caches to be filled" });
}
