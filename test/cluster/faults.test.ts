import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, type TestContext } from "vitest";
import { REPAIR_SECONDS } from "../../src/controller/door.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { waitFor } from "../bed/wait.ts";
import { type Disturbed, disturbed } from "../support/disturbed.ts";
import { writesOf } from "../support/practice-bed.ts";
import type { Fault, ProxiedRequest } from "../support/proxy.ts";

/**
 * Each of these puts one practice through one fault, on a real API server behind a proxy that misbehaves. After it the
 * practice must be what a clean run makes of its manifest, and nothing of worth may have been deleted on the way.
 */

const HALF_AN_HOUR = 1_800_000;
const AN_HOUR = 3_600_000;
const WALL = "greenriver-default-deny";

/** A practice of this test alone: tests run side by side, each with an operator that sees one namespace. */
async function scene(
  { onTestFinished }: Pick<TestContext, "onTestFinished">,
  fault?: (request: ProxiedRequest) => Fault | undefined,
): Promise<Disturbed> {
  const made = await disturbed(fault);
  onTestFinished(made.end);
  return made;
}

/** Everything arrives at once. */
const AT_ONCE = { milliseconds: 0 };
const isList = ({ method, isWatch, path }: ProxiedRequest) =>
  method === "GET" && !isWatch && /\/namespaces\/[^/]+\/[^/]+$/.test(path);

describe.concurrent("events of a watch", () => {
  it("that are lost are made up for when everything is told anew, after half an hour and a watch's time", async (test) => {
    const lost: string[] = [];
    let loses = false;
    const names = ["greenriver-front", WALL, "greenriver"];
    const made = await scene(test, ({ isWatch }) =>
      isWatch
        ? {
            kind: "events",
            change: ({ type, object }) => {
              if (!loses || type === "BOOKMARK" || !names.includes(object.metadata.name)) return AT_ONCE;
              lost.push(`${object.kind}/${object.metadata.name}`);
              return "drop";
            },
          }
        : undefined,
    );
    const { hand, namespace, clock, proxy } = made;
    await made.practice();
    await made.converged();
    const [wall, front] = [
      { namespace, name: WALL },
      { namespace, name: "greenriver-front" },
    ];
    const before = (await hand.get(RESOURCES.NetworkPolicy, wall))?.metadata.uid;
    loses = true;
    await made.tear(WALL);
    await hand.patch(RESOURCES.Service, front, { spec: { selector: { somebody: "else" } } });
    await made.practice({ size: "group" });
    const expected = [
      "NetworkPolicy/greenriver-default-deny",
      "Service/greenriver-front",
      "TelehealthPractice/greenriver",
    ];
    await waitFor(() => expected.every((name) => lost.includes(name)), { what: "the events to be lost" });
    loses = false;
    await sleep(2000);
    // The fault is one: nobody has noticed.
    expect(await hand.get(RESOURCES.NetworkPolicy, wall)).toBeUndefined();

    clock.jump(HALF_AN_HOUR);
    proxy.cutWatches();
    const back = async () => {
      const uid = (await hand.get(RESOURCES.NetworkPolicy, wall))?.metadata.uid;
      return uid !== undefined && uid !== before;
    };
    await waitFor(back, { what: "the wall to be back" });
    const seen = async () => (await hand.status(namespace)).observedGeneration === 2;
    await waitFor(seen, { what: "the edit to be seen" });
    await made.expectLikeACleanRun({ size: "group" });
  });

  it("that come later than those of other kinds mislead nobody", async (test) => {
    const late: Record<string, number> = { NetworkPolicy: 1500, ConfigMap: 2500, StatefulSet: 2000, Pod: 1000 };
    const made = await scene(test, ({ isWatch }) =>
      isWatch ? { kind: "events", change: ({ object }) => ({ milliseconds: late[object.kind] ?? 0 }) } : undefined,
    );
    await made.practice();
    for (const size of ["group", "clinic", "solo"]) {
      await sleep(1500);
      await made.practice({ size });
    }
    await made.converged();
    await made.practice({ size: "group" });
    await made.expectLikeACleanRun({ size: "group" });
    expect((await made.hand.status(made.namespace)).observedGeneration).toBe(5);
  });

  it("are missed when a practice goes and its successor comes: the successor is taken for one", async (test) => {
    let loses = false;
    const made = await scene(test, ({ isWatch, path }) =>
      isWatch && path.endsWith("/telehealthpractices")
        ? { kind: "events", change: ({ type }) => (loses && type === "DELETED" ? "drop" : AT_ONCE) }
        : undefined,
    );
    const { hand, namespace } = made;
    await made.practice();
    await made.converged();
    loses = true;
    await hand.remove(PRACTICES, { namespace, name: "greenriver" });
    await hand.gone(PRACTICES, { namespace, name: "greenriver" });
    await made.practice({ size: "group" });
    const seen = async () => (await hand.status(namespace)).conditions !== undefined;
    await waitFor(seen, { what: "the successor's status" });
    await made.converged();
    const uid = (await hand.get(PRACTICES, { namespace, name: "greenriver" }))?.metadata.uid;
    const sets = await hand.list(RESOURCES.StatefulSet, namespace);
    expect(sets.map(({ metadata }) => metadata.ownerReferences?.[0]?.uid)).toEqual(sets.map(() => uid));
  });

  it("without bookmarks are followed all the same, over one cut connection after the other", async (test) => {
    const made = await scene(test, ({ isWatch }) => (isWatch ? { kind: "query", change: unmarked } : undefined));
    await made.practice();
    await made.converged();
    for (const size of ["group", "clinic", "group"]) {
      made.proxy.cutWatches();
      await made.practice({ size });
      await sleep(1500);
    }
    const { hand, namespace } = made;
    const seen = async () => (await hand.status(namespace)).observedGeneration === 4;
    await waitFor(seen, { what: "the last edit to be seen" });
    await made.expectLikeACleanRun({ size: "group" });
  });
});

const unmarked = (query: URLSearchParams) => query.delete("allowWatchBookmarks");

describe.concurrent("a list", () => {
  it("from before the practice existed is not believed: nothing is written, and it is asked for again", async (test) => {
    const old = new Map<string, string>();
    const replayed = new Map<string, number>();
    let replays = false;
    const made = await scene(test, (request) => {
      const { path, isWatch } = request;
      if (replays && isWatch && !replayed.has(path)) return { kind: "answer", status: 410, reason: "Expired" };
      if (!isList(request)) return undefined;
      const change = (body: string) => {
        const first = old.get(path) ?? body;
        old.set(path, first);
        const times = replayed.get(path) ?? 0;
        if (!replays || times >= 2) return body;
        replayed.set(path, times + 1);
        return first;
      };
      return { kind: "body", change };
    });
    const { hand, namespace, proxy } = made;
    await made.practice();
    await made.converged();
    const since = new Date();
    replays = true;
    proxy.cutWatches();
    const paths = ["telehealthpractices", "networkpolicies", "secrets", "configmaps", "statefulsets"];
    const told = () => paths.every((kind) => [...replayed].some(([path, times]) => path.endsWith(kind) && times === 2));
    await waitFor(told, { what: "old lists to be told twice" });
    const reads = () => proxy.requests.filter(({ isWatch }) => isWatch).length;
    const before = reads();
    await waitFor(() => reads() > before + paths.length, { what: "watches to go on" });
    const others = (write: string) => !write.includes("/status") && !write.includes("events");
    expect((await writesOf(namespace, since)).filter(others)).toEqual([]);
    await hand.remove(RESOURCES.Service, { namespace, name: "greenriver-front" });
    await waitFor(() => hand.get(RESOURCES.Service, { namespace, name: "greenriver-front" }), { what: "the Service" });
    await made.expectLikeACleanRun();
  });
});

describe.concurrent("a list that fails", () => {
  it("is asked for again in pages", async (test) => {
    const failed = new Set<string>();
    const made = await scene(test, (request) => {
      if (!isList(request) || failed.has(request.path)) return undefined;
      failed.add(request.path);
      return { kind: "answer", status: 503 };
    });
    await made.practice();
    await made.expectLikeACleanRun();
    const lists = made.proxy.requests.filter(isList);
    expect(failed.size).toBeGreaterThan(10);
    for (const path of failed) {
      const limits = lists.filter((each) => each.path === path).map(({ query }) => query.get("limit"));
      expect(limits.slice(0, 2), path).toEqual([null, "500"]);
    }
  });
});

describe.concurrent("an API server that does not answer as it should", () => {
  it("for every few writes resets the connection, before or after they took effect", async (test) => {
    const cuts = { before: 0, after: 0 };
    const made = await scene(test, ({ isWrite, writes }) => {
      const moment = writes % 7 === 2 ? "before" : "after";
      if (!isWrite || (moment === "after" && writes % 7 !== 5)) return undefined;
      cuts[moment] += 1;
      return { kind: "cut", moment };
    });
    await made.practice();
    await made.converged();
    await made.practice({ size: "group" });
    await made.expectLikeACleanRun({ size: "group" });
    expect(Math.min(cuts.before, cuts.after)).toBeGreaterThan(5);
    const born = (await made.hand.names(RESOURCES.Secret, made.namespace)).filter((name) => !name.endsWith("-1"));
    expect(born).toEqual([]);
  });
});

describe.concurrent("a namespace that goes while its practice comes", () => {
  it("is left in peace, and gone in the end", async (test) => {
    const made = await scene(test);
    const { hand, namespace, proxy, clock } = made;
    await made.practice();
    const begun = async () => (await hand.list(RESOURCES.NetworkPolicy, namespace)).length > 3;
    await waitFor(begun, { interval: 20, what: "the first walls" });
    await hand.remove(RESOURCES.Namespace, { name: namespace });
    await hand.gone(RESOURCES.Namespace, { name: namespace });
    const writes = () => proxy.requests.filter(({ isWrite }) => isWrite).length;
    // The operator hears of the end a moment later than we do; then it has nothing more to write.
    const atRest = async () => {
      const before = writes();
      await sleep(3000);
      return writes() === before;
    };
    await waitFor(atRest, { timeout: 20_000, what: "the operator to leave it in peace" });
    // Nor does a later attempt come, as one would after a failure.
    const before = writes();
    clock.pass(300_000);
    await sleep(2000);
    expect(writes()).toBe(before);
  });
});

describe.concurrent("a clock that jumps", () => {
  it("keeps no door open that has to close, and lets it open again", async (test) => {
    const made = await scene(test);
    const { hand, namespace, clock } = made;
    await made.practice();
    await made.converged();
    const hole = { namespace, name: "hole" };
    await hand.create(RESOURCES.NetworkPolicy, {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: hole,
      spec: { podSelector: {}, ingress: [{}], policyTypes: ["Ingress"] },
    });
    await hand.expectReason(namespace, "NetworkIsolated", "ForeignPolicy");
    clock.set(-AN_HOUR);
    clock.jump(REPAIR_SECONDS * 1000);
    const touch = (word: string) => hand.patch(RESOURCES.NetworkPolicy, hole, { metadata: { labels: { word } } });
    await touch("again");
    const routes = async () => (await hand.list(RESOURCES.Ingress, namespace)).length;
    await waitFor(async () => (await routes()) === 0, { timeout: 15_000, what: "the routes to be withdrawn" });
    clock.set(AN_HOUR);
    await hand.remove(RESOURCES.NetworkPolicy, hole);
    await waitFor(async () => (await routes()) === 4, { what: "the routes to be back" });
    await made.expectLikeACleanRun();
  });

  it("by an hour to and fro changes nothing and holds nothing up", async (test) => {
    const made = await scene(test);
    const { hand, namespace, clock } = made;
    await made.practice();
    await made.converged();
    const front = { namespace, name: "greenriver-front" };
    for (const jump of [() => clock.set(-AN_HOUR), () => clock.set(AN_HOUR), () => clock.jump(AN_HOUR)]) {
      jump();
      const { uid } = (await hand.get(RESOURCES.Service, front))?.metadata ?? {};
      await hand.remove(RESOURCES.Service, front);
      const back = async () => {
        const now = (await hand.get(RESOURCES.Service, front))?.metadata.uid;
        return now !== undefined && now !== uid;
      };
      await waitFor(back, { timeout: 10_000, what: "the Service to be back" });
    }
    await made.expectLikeACleanRun();
  });
});
