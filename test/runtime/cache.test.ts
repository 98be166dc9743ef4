import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LiveObject } from "../../src/manifest.ts";
import { createCache, type WatchedCache } from "../../src/runtime/cache.ts";
import type { CachedKind, CacheEvent } from "../../src/runtime/cluster.ts";
import { type Resource, RESOURCES } from "../../src/runtime/resources.ts";
import { createTransport, type Transport } from "../../src/runtime/transport.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { fakeClock } from "../support/fake-clock.ts";
import { countTurns } from "../support/loop-turns.ts";
import { quickClock } from "../support/quick-clock.ts";
import { type Reply, type ScriptedServer, startScriptedServer, type Stream } from "../support/scripted-server.ts";

const MAPS = RESOURCES.ConfigMap;
const ADVISORY: CachedKind = { resource: MAPS, optional: true, advisory: true };
const metrics = createMetrics();
const logger = pino({ level: "silent" });

/** One kind on the server: what a list answers, and the open watches. */
interface Kind {
  items: object[];
  version: number;
  readonly watches: { readonly since: string | null; readonly stream: Stream }[];
  /** Taken one per request; `undefined` lets the request through. */
  readonly onList: ((reply: Reply) => void)[];
  readonly onWatch: ((reply: Reply) => void)[];
  absent: boolean;
  /** How often it was asked for. */
  asked: number;
}

const forbid = (reply: Reply) => reply.status(403, "Forbidden", { message: "configmaps is forbidden" });

/** Refuses every list. @returns what ends that. */
function forbidLists({ onList }: Kind): () => void {
  const again = (reply: Reply) => {
    onList.push(again);
    forbid(reply);
  };
  onList.push(again);
  return () => void (onList.length = 0);
}

let server: ScriptedServer;
/** Plurals that discovery names. */
let served: string[];
let transport: Transport;
let stop: AbortController;
let kinds: Map<string, Kind>;

beforeEach(async () => {
  kinds = new Map();
  served = [];
  stop = new AbortController();
  server = await startScriptedServer(({ path, query }, reply) => {
    if (path === "/api/v1") return reply.json(200, { resources: served.map((name) => ({ name })) });
    const plural = path.split("/").at(-1) ?? "";
    const kind = kindOf(path.includes("/namespaces/") ? `${path.split("/").at(-2) ?? ""}/${plural}` : plural);
    kind.asked += 1;
    if (kind.absent) return reply.status(404, "NotFound");
    const fail = (query.get("watch") ? kind.onWatch : kind.onList).shift();
    if (fail) return fail(reply);
    if (!query.get("watch")) {
      return reply.json(200, { metadata: { resourceVersion: String(kind.version) }, items: kind.items });
    }
    kind.watches.push({ since: query.get("resourceVersion"), stream: reply.stream() });
  });
  transport = createTransport({ connection: server.connection, metrics, clock: quickClock() });
});

afterEach(async () => {
  stop.abort();
  await transport.close();
  await server.close();
});

function kindOf(plural: string): Kind {
  const nothing = { items: [], watches: [], onList: [], onWatch: [] };
  const found = kinds.get(plural) ?? { ...nothing, version: 1, absent: false, asked: 0 };
  kinds.set(plural, found);
  return found;
}

function map(name: string, version: number, more: object = {}): object {
  const metadata = { name, namespace: "green", uid: `uid-${name}`, resourceVersion: String(version) };
  return { apiVersion: "v1", kind: "ConfigMap", metadata, ...more };
}

/** What a cache of ConfigMaps is made of. */
const ofMaps = () => ({
  transport,
  kinds: [{ resource: MAPS }],
  namespaces: "all" as const,
  manager: "us",
  logger,
  metrics,
});

async function start(
  options: {
    kinds?: CachedKind[];
    random?: number;
    namespaces?: string[];
    watchTimes?: Parameters<typeof createCache>[0]["watchTimes"];
  } = {},
): Promise<{ cache: WatchedCache; events: string[] }> {
  const cache = createCache({
    ...ofMaps(),
    ...(options.kinds && { kinds: options.kinds }),
    namespaces: options.namespaces ?? "all",
    clock: { ...quickClock(), random: () => options.random ?? 0 },
    ...(options.watchTimes ? { watchTimes: options.watchTimes } : {}),
  });
  const events: string[] = [];
  cache.onEvent(({ type, object }: CacheEvent) => events.push(`${type} ${object.metadata.name}`));
  await cache.start(stop.signal);
  return { cache, events };
}

/** The n-th watch of the kind, once it is open. */
async function watchOf(kind: Kind, nth = 0) {
  return vi.waitFor(() => {
    const watch = kind.watches[nth];
    if (!watch) throw new Error("not open yet");
    return watch;
  });
}

const names = (cache: WatchedCache) =>
  cache
    .list(MAPS)
    .map(({ metadata }: LiveObject) => `${metadata.name}@${metadata.resourceVersion}`)
    .toSorted();

describe("list and watch", () => {
  it("holds of managedFields whether we have updated the object, and nothing else", async () => {
    const kind = kindOf("configmaps");
    const fieldsV1 = { "f:data": { "f:x": {} } };
    const held = async (...managers: string[]) => {
      const managedFields = managers.map((manager) => ({ manager, operation: "Update", fieldsV1 }));
      kind.items = [{ metadata: { name: "a", namespace: "green", uid: "1", resourceVersion: "1", managedFields } }];
      const { cache } = await start();
      return cache.get(MAPS, { namespace: "green", name: "a" })?.metadata;
    };
    expect(await held("kubectl", "us")).toHaveProperty("managedFields", [{ manager: "us", operation: "Update" }]);
    expect(await held("kubectl")).not.toHaveProperty("managedFields");
  });

  it("holds what is listed, then follows the watch", async () => {
    const kind = kindOf("configmaps");
    kind.items = [{ metadata: { name: "a", namespace: "green", uid: "1", resourceVersion: "1", managedFields: [{}] } }];
    const { cache, events } = await start();
    expect(cache.synced).toBe(true);
    expect(cache.get(MAPS, { namespace: "green", name: "a" })).toEqual({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "a", namespace: "green", uid: "1", resourceVersion: "1" },
    });
    const { since, stream } = await watchOf(kind);
    expect(since).toBe("1");
    stream.write({ type: "ADDED", object: map("b", 2) });
    stream.write({ type: "MODIFIED", object: map("a", 3) });
    stream.write({ type: "DELETED", object: map("b", 4) });
    await vi.waitFor(() => expect(events).toEqual(["added a", "added b", "modified a", "deleted b"]));
    expect(names(cache)).toEqual(["a@3"]);
    expect(cache.list(MAPS, "green")).toHaveLength(1);
    expect(cache.list(MAPS, "blue")).toHaveLength(0);
  });

  it("asks for bookmarks and a bounded time, and resumes after the last bookmark", async () => {
    const kind = kindOf("configmaps");
    await start();
    const { stream } = await watchOf(kind);
    const request = server.received.find(({ query }) => query.get("watch"));
    expect(request?.query.get("allowWatchBookmarks")).toBe("true");
    expect(request?.query.get("timeoutSeconds")).toBe("300");
    stream.write({ type: "BOOKMARK", object: { kind: "ConfigMap", metadata: { resourceVersion: "77" } } });
    stream.end();
    expect((await watchOf(kind, 1)).since).toBe("77");
    expect(kind.onList).toHaveLength(0);
  });

  it("understands lines and characters that are cut anywhere", async () => {
    const kind = kindOf("configmaps");
    const { cache } = await start();
    const { stream } = await watchOf(kind);
    const bytes = Buffer.from(
      [map("ä", 2, { data: { text: "Grüße 🌱" } }), map("b", 3)]
        .map((object) => `${JSON.stringify({ type: "ADDED", object })}\n`)
        .join("\n"),
    );
    for (let index = 0; index < bytes.length; index += 7) {
      stream.write(bytes.subarray(index, index + 7));
      if (index % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await vi.waitFor(() => expect(names(cache)).toEqual(["b@3", "ä@2"]));
    expect(cache.get(MAPS, { namespace: "green", name: "ä" })?.["data"]).toEqual({ text: "Grüße 🌱" });
  });

  it("watches each named namespace, and cluster-scoped kinds once", async () => {
    kindOf("green/configmaps").items = [map("a", 1)];
    kindOf("blue/configmaps").items = [{ metadata: { name: "b", namespace: "blue", uid: "2", resourceVersion: "1" } }];
    const { cache } = await start({
      kinds: [{ resource: MAPS }, { resource: RESOURCES.Node }],
      namespaces: ["green", "blue"],
    });
    expect(names(cache)).toEqual(["a@1", "b@1"]);
    expect(cache.status().map(({ resource, namespace }) => `${resource.kind} ${namespace ?? "-"}`)).toEqual([
      "ConfigMap green",
      "ConfigMap blue",
      "Node -",
    ]);
  });

  it("asks for each list in a turn of its own", async () => {
    const loop = countTurns();
    const turns: number[] = [];
    const counted: Transport = {
      ...transport,
      stream(request) {
        if (!request.query?.["watch"]) turns.push(loop.turns);
        return transport.stream(request);
      },
    };
    const kinds = ["configmaps", "services", "pods", "jobs"].map((plural) => ({ resource: { ...MAPS, plural } }));
    const cache = createCache({ ...ofMaps(), transport: counted, kinds });
    await cache.start(stop.signal);
    loop.stop();
    expect(new Set(turns).size).toBe(kinds.length);
  });

  it("asks for metadata only, and projects what it keeps", async () => {
    kindOf("secrets").items = [map("s", 1, { kind: "PartialObjectMetadata" })];
    kindOf("configmaps").items = [map("a", 1, { data: { big: "x" } })];
    const project = ({ apiVersion, kind, metadata }: LiveObject) => ({ apiVersion, kind, metadata });
    const { cache } = await start({
      kinds: [
        { resource: RESOURCES.Secret, metadataOnly: true },
        { resource: MAPS, project },
      ],
    });
    expect(cache.list(RESOURCES.Secret)[0]?.kind).toBe("Secret");
    expect(cache.list(MAPS)[0]?.["data"]).toBeUndefined();
    const list = server.received.find(({ path, query }) => path.endsWith("secrets") && !query.get("watch"));
    expect(list?.headers.accept).toMatch(/^application\/json;as=PartialObjectMetadataList;/);
    const holds = (resource: Resource, name: string) => cache.holds(resource, { namespace: "green", name });
    expect([holds(RESOURCES.Secret, "s"), holds(MAPS, "a")]).toEqual(["part", "part"]);
    expect([holds(RESOURCES.Pod, "a"), holds(MAPS, "b")]).toEqual(["nothing", "nothing"]);
  });
});

describe("a list", () => {
  const limits = () =>
    server.received.filter(({ query }) => !query.get("watch")).map(({ query }) => query.get("limit"));
  const whole = (version: number, ...items: object[]) =>
    Buffer.from(JSON.stringify({ metadata: { resourceVersion: String(version) }, items }));

  /** Answers the next list with all but its end. @returns what sends that, once the rest is on its way. */
  function holdBack({ onList }: Kind, list: Buffer): Promise<() => void> {
    const begun = Promise.withResolvers<() => void>();
    onList.push((reply) => {
      const stream = reply.stream();
      stream.write(list.subarray(0, -20));
      begun.resolve(() => {
        stream.write(list.subarray(-20));
        stream.end();
      });
    });
    return begun.promise;
  }

  it("is taken in while it arrives, and everything is known only at its end", async () => {
    const kind = kindOf("configmaps");
    const list = whole(5, map("a", 1), map("b", 2));
    const begun = holdBack(kind, list);
    const cache = createCache(ofMaps());
    void cache.start(stop.signal);
    const end = await begun;
    await vi.waitFor(() => expect(names(cache)).toEqual(["a@1"]));
    expect([cache.synced, cache.isCurrent(MAPS)]).toEqual([false, false]);
    end();
    await vi.waitFor(() => expect(cache.synced).toBe(true));
    expect(names(cache)).toEqual(["a@1", "b@2"]);
    expect((await watchOf(kind)).since).toBe("5");
    expect(limits()).toEqual([null]);
  });

  it("is a sign of life while it arrives", async () => {
    const clock = fakeClock();
    const begun = Promise.withResolvers<Stream>();
    kindOf("configmaps").onList.push((reply) => begun.resolve(reply.stream()));
    const cache = createCache({ ...ofMaps(), clock });
    void cache.start(stop.signal);
    const stream = await begun.promise;
    await clock.advance(200_000);
    expect(cache.stale()).toEqual(["ConfigMap: nothing heard for 200 s"]);
    stream.write(whole(5, map("a", 1), map("b", 2)).subarray(0, -20));
    await vi.waitFor(() => expect(cache.stale()).toEqual([]));
    expect(cache.synced).toBe(false);
  });

  it("that breaks off is asked for in pages, and the one after that as a whole again", async () => {
    const kind = kindOf("configmaps");
    Object.assign(kind, { version: 5, items: [map("kept", 1), map("b", 2)] });
    kind.onList.push((reply) => {
      const stream = reply.stream();
      stream.write(whole(5, map("kept", 1), map("gone", 2), map("c", 3)).subarray(0, -20));
      setTimeout(() => stream.reset(), 50);
    });
    const { cache, events } = await start();
    expect(names(cache)).toEqual(["b@2", "kept@1"]);
    expect(events).toEqual(["added kept", "added gone", "added b", "deleted gone"]);
    kind.onWatch.push((reply) => reply.status(410, "Expired"));
    (await watchOf(kind)).stream.end();
    await watchOf(kind, 1);
    expect(limits()).toEqual([null, "500", null]);
  });

  it("that falls silent is given up", async () => {
    await transport.close();
    transport = createTransport({ connection: server.connection, metrics, clock: quickClock(), timeoutMs: 300 });
    const kind = kindOf("configmaps");
    kind.items = [map("a", 1)];
    kind.onList.push((reply) => reply.stream().write(whole(5, map("a", 1)).subarray(0, -20)));
    const { cache } = await start();
    expect(names(cache)).toEqual(["a@1"]);
    expect(limits()).toEqual([null, "500"]);
  });

  it("in pages goes on where the last one ended", async () => {
    const kind = kindOf("configmaps");
    const page =
      (more: object, ...items: object[]) =>
      (reply: Reply) =>
        reply.json(200, { metadata: { resourceVersion: "9", ...more }, items });
    kind.onList.push(
      (reply) => reply.status(503, "Trouble"),
      page({ continue: "2" }, map("a", 1)),
      page({}, map("b", 2)),
    );
    const { cache } = await start({ kinds: [{ resource: MAPS, labelSelector: "a=b" }] });
    expect(names(cache)).toEqual(["a@1", "b@2"]);
    const asked = server.received.filter(({ query }) => !query.get("watch"));
    expect(asked.map(({ query }) => query.get("continue"))).toEqual([null, null, "2"]);
    expect(asked.map(({ query }) => query.get("labelSelector"))).toEqual(["a=b", "a=b", "a=b"]);
    expect(limits()).toEqual([null, "500", "500"]);
    expect((await watchOf(kind)).since).toBe("9");
  });

  it("in pages of which the server forgot one begins anew in pages; what was refused comes as a whole", async () => {
    const kind = kindOf("configmaps");
    kind.items = [map("a", 1)];
    kind.onList.push(
      forbid,
      (reply) => reply.status(503, "Trouble"),
      (reply) => reply.status(410, "Expired"),
    );
    await start();
    expect(limits()).toEqual([null, null, "500", "500"]);
  });

  it("that is not wanted any more is given up at once, also when it is silent", async () => {
    const kind = kindOf("configmaps");
    kind.onList.push((reply) => void reply.stream());
    const cache = createCache({ ...ofMaps(), kinds: [{ resource: MAPS, keeps: () => true }] });
    void cache.start(stop.signal);
    await vi.waitFor(() => expect(kind.onList).toEqual([]));
    await cache.relistChosen("green");
    expect(limits()).toEqual([null, null]);
  });

  it("keeps what was learnt while it came and is newer", async () => {
    const kind = kindOf("configmaps");
    kind.items = [map("a", 1), map("gone", 1)];
    const { cache, events } = await start();
    const list = whole(9, map("a", 1), map("b", 2));
    const begun = holdBack(kind, list);
    kind.onWatch.push((reply) => reply.status(410, "Expired"));
    (await watchOf(kind)).stream.end();
    const end = await begun;
    cache.learn(MAPS, map("new", 12) as LiveObject);
    end();
    await watchOf(kind, 1);
    expect(names(cache)).toEqual(["a@1", "b@2", "new@12"]);
    expect(events.slice(2).toSorted()).toEqual(["added b", "added new", "deleted gone"]);
  });
});

describe("a flood", () => {
  it("lets others have a turn, whatever listeners take for each object, and however many kinds come at once", async () => {
    const { Pod, Service, Ingress, StatefulSet, Deployment } = RESOURCES;
    const kinds = [MAPS, Pod, Service, Ingress, StatefulSet, Deployment].map((resource) => ({ resource }));
    for (const { resource } of kinds) {
      const items = Array.from({ length: 100 }, (_, n) => map(`a${String(n)}`, n + 1));
      kindOf(resource.plural).items = items;
    }
    const cache = createCache({ ...ofMaps(), kinds });
    let [inOneTurn, most] = [0, 0];
    cache.onEvent(() => {
      for (const until = performance.now() + 1; performance.now() < until;);
      inOneTurn += 1;
      most = Math.max(most, inOneTurn);
    });
    let watching = true;
    const turn = () => {
      inOneTurn = 0;
      if (watching) setImmediate(turn);
    };
    turn();
    await cache.start(stop.signal);
    watching = false;
    expect(names(cache)).toHaveLength(100);
    expect(most).toBeLessThanOrEqual(15);
  });

  it("holds once what many objects have alike, and every object whole", async () => {
    const text = "program ".repeat(100);
    const kind = kindOf("configmaps");
    kind.items = ["a", "b"].map((name) => map(name, 1, { data: { text, own: `${text}${name}`, short: "s" } }));
    const { cache } = await start({ kinds: [{ resource: MAPS, alike: true }] });
    for (const name of ["a", "b"]) {
      expect(cache.holds(MAPS, { namespace: "green", name })).toBe("whole");
      const data = cache.get(MAPS, { namespace: "green", name })?.["data"];
      expect(data).toEqual({ text, own: `${text}${name}`, short: "s" });
    }
  });
});

describe("when the server misbehaves", () => {
  /** After the trouble, a further change must arrive. */
  async function afterwards(cache: WatchedCache, kind: Kind, nth = 1): Promise<string[]> {
    const { stream } = await watchOf(kind, nth);
    stream.write({ type: "ADDED", object: map("after", 99) });
    return vi.waitFor(() => {
      if (!names(cache).includes("after@99")) throw new Error("not seen yet");
      return names(cache);
    });
  }

  it.each([429, 500, 503])("goes on from the same place after a watch got %i", async (code) => {
    const kind = kindOf("configmaps");
    kind.onWatch.push((reply) => reply.status(code, "Trouble"));
    const { cache } = await start();
    expect(await afterwards(cache, kind, 0)).toContain("after@99");
    expect(server.received.filter(({ query }) => !query.get("watch"))).toHaveLength(1);
  });

  it("lists again after a list got 500 and a reset", async () => {
    const kind = kindOf("configmaps");
    kind.onList.push(
      (reply) => reply.status(500, "InternalError"),
      (reply) => reply.reset(),
    );
    const { cache } = await start();
    expect(await afterwards(cache, kind, 0)).toContain("after@99");
  });

  it("resumes after the connection was reset in the middle of an event", async () => {
    const kind = kindOf("configmaps");
    const { cache } = await start();
    const { stream } = await watchOf(kind);
    stream.write({ type: "ADDED", object: map("a", 5) });
    stream.write(Buffer.from('{"type":"ADDED","obj'));
    await vi.waitFor(() => expect(names(cache)).toEqual(["a@5"]));
    stream.reset();
    expect((await watchOf(kind, 1)).since).toBe("5");
    expect(await afterwards(cache, kind)).toContain("after@99");
  });

  it.each(["as an answer", "as an event"])("after 410 %s lists anew and makes up for missed deletes", async (how) => {
    const kind = kindOf("configmaps");
    kind.items = [map("gone", 1), map("kept", 1), map("changed", 1)];
    const { cache, events } = await start();
    const { stream } = await watchOf(kind);
    kind.items = [map("kept", 1), map("changed", 7), map("new", 8)];
    kind.version = 8;
    if (how === "as an event")
      stream.write({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } });
    else {
      kind.onWatch.push((reply) => reply.status(410, "Expired"));
      stream.end();
    }
    expect(await afterwards(cache, kind)).toContain("after@99");
    expect(events.slice(3, 6)).toEqual(["modified changed", "added new", "deleted gone"]);
    expect(kind.watches[1]?.since).toBe("8");
  });

  it("begins a list anew when the server forgot a page, and keeps nothing of the first try", async () => {
    const kind = kindOf("configmaps");
    kind.items = [map("gone", 1), map("kept", 1)];
    const { cache } = await start();
    kind.onWatch.push((reply) => reply.status(410, "Expired"));
    const page =
      (more: object, ...items: object[]) =>
      (reply: Reply) =>
        reply.json(200, { metadata: { resourceVersion: "9", ...more }, items });
    kind.onList.push(
      page({ continue: "2" }, map("gone", 1)),
      (reply) => reply.status(410, "Expired"),
      page({}, map("kept", 1)),
    );
    (await watchOf(kind)).stream.end();
    expect(await afterwards(cache, kind)).toEqual(["after@99", "kept@1"]);
  });

  it("is not current in what nothing has come of for longer than a bookmark takes, nor in what a new watch has still to tell", async () => {
    const kind = kindOf("configmaps");
    const clock = fakeClock();
    const cache = createCache({ ...ofMaps(), clock });
    void cache.start(stop.signal);
    const { stream } = await watchOf(kind);
    await vi.waitFor(() => expect(cache.isCurrent(MAPS)).toBe(true));
    await clock.advance(100_000);
    expect(cache.isCurrent(MAPS)).toBe(false);
    const bookmark = { type: "BOOKMARK", object: { metadata: { resourceVersion: "7" } } };
    stream.write(bookmark);
    await vi.waitFor(() => expect(cache.isCurrent(MAPS)).toBe(true));
    // Where the next watch goes on from, something may still have to be told.
    stream.end();
    await vi.waitFor(() => expect(cache.isCurrent(MAPS)).toBe(false));
    const next = await watchOf(kind, 1);
    next.stream.write({ type: "ADDED", object: map("a", 8) });
    await vi.waitFor(() => expect(names(cache)).toEqual(["a@8"]));
    expect(cache.isCurrent(MAPS)).toBe(false);
    next.stream.write(bookmark);
    await vi.waitFor(() => expect(cache.isCurrent(MAPS)).toBe(true));
  });

  it("cuts a watch that is silent for longer than was asked, and goes on", async () => {
    const kind = kindOf("configmaps");
    const { cache } = await start({ watchTimes: { shortest: 0, longest: 0, grace: 0.5 } });
    expect(await afterwards(cache, kind)).toContain("after@99");
  });

  it("waits for a watch that has nothing to tell", async () => {
    await transport.close();
    transport = createTransport({ connection: server.connection, metrics, clock: quickClock(), timeoutMs: 300 });
    const kind = kindOf("configmaps");
    const { cache } = await start();
    await watchOf(kind);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(kind.watches).toHaveLength(1);
    expect(await afterwards(cache, kind, 0)).toContain("after@99");
  });

  it("outlives a line that is not JSON", async () => {
    const kind = kindOf("configmaps");
    const { cache } = await start();
    (await watchOf(kind)).stream.write(Buffer.from("<html>\n"));
    expect(await afterwards(cache, kind)).toContain("after@99");
  });

  it("outlives a listener that throws", async () => {
    const kind = kindOf("configmaps");
    const { cache } = await start();
    cache.onEvent(() => {
      throw new Error("listener");
    });
    expect(await afterwards(cache, kind, 0)).toContain("after@99");
  });

  it("says that a kind that only advises may be read no more, goes on, and keeps what it had until it may again", async () => {
    const kind = kindOf("configmaps");
    kind.items = [map("a", 1)];
    served = ["configmaps"];
    const { cache } = await start({ kinds: [ADVISORY] });
    let told = 0;
    cache.onRights(() => (told += 1));
    const { stream } = await watchOf(kind);
    for (const refused of [kind.onList, kind.onWatch]) refused.push(...Array.from({ length: 5000 }, () => forbid));
    stream.end();
    await vi.waitFor(() => expect(cache.unread(MAPS, "green")).toBe("configmaps is forbidden"));
    expect([cache.synced, names(cache), cache.stale(), told]).toEqual([true, ["a@1"], [], 1]);
    kind.items = [];
    for (const refused of [kind.onList, kind.onWatch]) refused.length = 0;
    await vi.waitFor(() => expect(cache.unread(MAPS, "green")).toBeUndefined());
    expect([names(cache), told]).toEqual([[], 2]);
  });

  it("does not forget that a kind may be read no more because the server then fails otherwise", async () => {
    const kind = kindOf("configmaps");
    const { cache } = await start();
    const { stream } = await watchOf(kind);
    const trouble = (reply: Reply) => reply.status(503, "Trouble");
    kind.onWatch.push(forbid, ...Array.from({ length: 5000 }, () => trouble));
    kind.onList.push(...Array.from({ length: 5000 }, () => trouble));
    stream.end();
    await vi.waitFor(() => expect(cache.status()[0]?.state).toBe("failing"));
    expect(cache.unread(MAPS)).toBe("configmaps is forbidden");
  });

  it("waits for no kind that only advises and may not be read; that the cluster does not serve it is no lack", async () => {
    kindOf("configmaps").onList.push(...Array.from({ length: 5000 }, () => forbid));
    served = ["configmaps"];
    const { cache } = await start({ kinds: [ADVISORY] });
    expect([cache.synced, cache.unread(MAPS)]).toEqual([true, "configmaps is forbidden"]);
    served = ["secrets"];
    const other = await start({ kinds: [ADVISORY] });
    expect([other.cache.synced, other.cache.serves(MAPS), other.cache.unread(MAPS)]).toEqual([true, false, undefined]);
  });

  it("says so of a kind that it may list and not watch, all the time", async () => {
    const kind = kindOf("configmaps");
    kind.items = [map("a", 1)];
    kind.onWatch.push(...Array.from({ length: 5000 }, () => forbid));
    const { cache } = await start();
    await vi.waitFor(() => expect(cache.unread(MAPS)).toBe("configmaps is forbidden"));
    let told = 0;
    cache.onRights(() => (told += 1));
    kind.items = [map("a", 2)];
    await vi.waitFor(() => expect(names(cache)).toEqual(["a@2"]));
    expect([cache.unread(MAPS), told]).toEqual(["configmaps is forbidden", 0]);
  });

  it("says when what was passed over has been told, and may be believed of the rest meanwhile", async () => {
    const kind = kindOf("configmaps");
    kind.items = [map("a", 1), map("b", 2)];
    const chosen = new Set(["a"]);
    const keeps = ({ metadata }: LiveObject) => chosen.has(metadata.name);
    const { cache } = await start({ kinds: [{ resource: MAPS, keeps }] });
    expect(names(cache)).toEqual(["a@1"]);
    const allow = forbidLists(kind);
    chosen.add("b");
    let through = false;
    const listing = cache.relistChosen("").then(() => (through = true));
    await vi.waitFor(() => expect(cache.status()[0]?.state).toBe("forbidden"));
    expect([cache.synced, names(cache), through]).toEqual([true, ["a@1"], false]);
    allow();
    await listing;
    expect([cache.synced, names(cache)]).toEqual([true, ["a@1", "b@2"]]);
  });

  it("hears what was passed over also when that is asked for while another list goes on", async () => {
    const kind = kindOf("configmaps");
    kind.items = [map("b", 2), map("a", 1)];
    const chosen = new Set(["a"]);
    const keeps = ({ metadata }: LiveObject) => chosen.has(metadata.name);
    const cache = createCache({ ...ofMaps(), kinds: [{ resource: MAPS, keeps }] });
    const heard = Promise.withResolvers<string[]>();
    cache.onEvent(({ object }) => {
      if (object.metadata.name !== "a") return;
      chosen.add("b");
      void cache.relistChosen("").then(() => heard.resolve(names(cache)));
    });
    void cache.start(stop.signal);
    expect(await heard.promise).toEqual(["a@1", "b@2"]);
  });

  it("tells what was passed over in one namespace whatever may be read in another", async () => {
    const b = kindOf("b/configmaps");
    const keeps = () => true;
    const { cache } = await start({ kinds: [{ resource: MAPS, keeps }], namespaces: ["a", "b"] });
    const allow = forbidLists(b);
    const there = cache.relistChosen("b");
    await cache.relistChosen("a");
    await vi.waitFor(() => expect([cache.isCurrent(MAPS, "a"), cache.isCurrent(MAPS, "b")]).toEqual([true, false]));
    allow();
    await there;
    await vi.waitFor(() => expect(cache.isCurrent(MAPS, "b")).toBe(true));
  });

  it("hears what was passed over also when that is asked for while it waits after a failure", async () => {
    const kind = kindOf("configmaps");
    kind.items = [map("a", 1), map("b", 2)];
    const chosen = new Set(["a"]);
    const keeps = ({ metadata }: LiveObject) => chosen.has(metadata.name);
    const { cache } = await start({ kinds: [{ resource: MAPS, keeps }], random: 0.999 });
    const { stream } = await watchOf(kind);
    for (let tries = 0; tries < 20; tries += 1) kind.onWatch.push((reply) => reply.status(503, "ServiceUnavailable"));
    stream.end();
    await vi.waitFor(() => expect(cache.status()[0]?.state).toBe("failing"), 5000);
    kind.onWatch.length = 0;
    chosen.add("b");
    await cache.relistChosen("");
    expect(names(cache)).toEqual(["a@1", "b@2"]);
  });

  it("reports 403 and goes on once the right is given", async () => {
    const kind = kindOf("configmaps");
    const allow = forbidLists(kind);
    const started = start();
    const cache = createCache(ofMaps());
    void cache.start(stop.signal);
    await vi.waitFor(() => expect(cache.status()[0]?.state).toBe("forbidden"));
    expect(cache.status()[0]?.problem).toBe("configmaps is forbidden");
    expect(cache.synced).toBe(false);
    allow();
    await started;
    await vi.waitFor(() => expect(cache.synced).toBe(true), 5000);
  });

  it("tells what it knows nothing new of: a kind that fails after minutes, a silent one after its watch's time", async () => {
    const clock = fakeClock();
    const kind = kindOf("configmaps");
    const watchTimes = { shortest: 3000, longest: 3000, grace: 1 };
    const cache = createCache({ ...ofMaps(), clock, watchTimes });
    void cache.start(stop.signal);
    const { stream } = await watchOf(kind);
    await vi.waitFor(() => expect(cache.synced).toBe(true));
    const stale = async (ms: number) => {
      await clock.advance(ms);
      return cache.stale();
    };
    expect(await stale(700_000)).toEqual([]);
    expect(await stale(30_000)).toEqual(["ConfigMap: nothing heard for 730 s"]);
    stream.write({ type: "BOOKMARK", object: { metadata: { resourceVersion: "3" } } });
    await vi.waitFor(() => expect(cache.stale()).toEqual([]));
    kind.onWatch.push(...Array.from({ length: 1000 }, () => (reply: Reply) => reply.status(503, "Trouble")));
    stream.end();
    await vi.waitFor(() => expect(cache.status()[0]?.state).toBe("failing"));
    expect(await stale(100_000)).toEqual([]);
    expect(await stale(100_000)).toEqual([
      expect.stringMatching(/^ConfigMap: nothing heard for \d\d\d s \(Trouble\)$/),
    ]);
  });

  it("does not ask in a tight loop when watches end at once", async () => {
    const clock = quickClock();
    const cache = createCache({
      ...ofMaps(),
      clock: { ...clock, random: () => 0.5 },
    });
    const kind = kindOf("configmaps");
    kind.onWatch.push(...Array.from({ length: 50 }, () => (reply: Reply) => reply.stream().end()));
    await cache.start(stop.signal);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(kind.onWatch.length).toBeGreaterThan(47);
  });
});

describe("a history that is not told as it was", () => {
  /** A clock that jumps when told to, whose timers run in real time. */
  function jumping() {
    let ahead = 0;
    const clock = quickClock();
    return { ...clock, now: () => clock.now() + ahead, jump: (ms: number) => void (ahead += ms) };
  }

  function cacheBy(clock: ReturnType<typeof jumping>): WatchedCache {
    const cache = createCache({ ...ofMaps(), clock });
    void cache.start(stop.signal);
    return cache;
  }

  it("is told anew after half an hour, for what a watch lost", async () => {
    const kind = kindOf("configmaps");
    Object.assign(kind, { version: 5, items: [map("changed", 1), map("deleted", 1)] });
    const clock = jumping();
    const cache = cacheBy(clock);
    const { stream } = await watchOf(kind);
    await vi.waitFor(() => expect(names(cache)).toEqual(["changed@1", "deleted@1"]));
    Object.assign(kind, { version: 9, items: [map("changed", 7), map("added", 8)] });
    clock.jump(1_790_000);
    stream.end();
    await watchOf(kind, 1);
    expect(names(cache)).toEqual(["changed@1", "deleted@1"]);
    clock.jump(20_000);
    kind.watches[1]?.stream.end();
    await vi.waitFor(() => expect(names(cache)).toEqual(["added@8", "changed@7"]));
  });

  it("takes no older version for a newer one, in whatever order events come", async () => {
    const kind = kindOf("configmaps");
    const { cache, events } = await start();
    const { stream } = await watchOf(kind);
    stream.write({ type: "ADDED", object: map("a", 12) });
    stream.write({ type: "MODIFIED", object: map("a", 11) });
    // Deleted and made anew: the end of the former one comes late.
    stream.write({ type: "DELETED", object: map("a", 10) });
    stream.write({ type: "ADDED", object: map("b", 9) });
    await vi.waitFor(() => expect(events).toEqual(["added a", "added b"]));
    expect(names(cache)).toEqual(["a@12", "b@9"]);
    stream.end();
    expect((await watchOf(kind, 1)).since).toBe("12");
  });

  it("is asked for again when a list is from before what was seen, and keeps all that it had", async () => {
    const kind = kindOf("configmaps");
    Object.assign(kind, { version: 20, items: [map("a", 15), map("b", 16)] });
    const { cache, events } = await start();
    const old = (reply: Reply) => reply.json(200, { metadata: { resourceVersion: "12" }, items: [map("a", 11)] });
    kind.onList.push(old, old);
    kind.onWatch.push((reply) => reply.status(410, "Expired"));
    (await watchOf(kind)).stream.end();
    expect((await watchOf(kind, 1)).since).toBe("20");
    expect(names(cache)).toEqual(["a@15", "b@16"]);
    expect(events).toEqual(["added a", "added b"]);
    expect(kind.onList).toEqual([]);
  });

  it("is believed when the server insists for a minute: its data was put back from a backup", async () => {
    const kind = kindOf("configmaps");
    Object.assign(kind, { version: 20, items: [map("a", 15), map("b", 16)] });
    const clock = jumping();
    const cache = cacheBy(clock);
    const { stream } = await watchOf(kind);
    await vi.waitFor(() => expect(cache.synced).toBe(true));
    Object.assign(kind, { version: 12, items: [map("a", 11)] });
    kind.onWatch.push((reply) => reply.status(410, "Expired"));
    stream.end();
    await vi.waitFor(() => expect(cache.status()[0]?.problem).toMatch(/version 12, which is older than 20/));
    expect(names(cache)).toEqual(["a@15", "b@16"]);
    clock.jump(60_000);
    await vi.waitFor(() => expect(names(cache)).toEqual(["a@11"]), 5000);
    expect((await watchOf(kind, 1)).since).toBe("12");
  });
});

describe("optional kinds", () => {
  const GATEWAYS: CachedKind = { resource: RESOURCES.Gateway, optional: true };
  const crd = (version: number) => ({
    metadata: { name: "gateways.gateway.networking.k8s.io", uid: "crd", resourceVersion: String(version) },
  });

  it("are watched soon after their definition is established, and emptied when it goes", async () => {
    const gateways = kindOf("gateways");
    const crds = kindOf("customresourcedefinitions");
    gateways.absent = true;
    const { cache, events } = await start({ kinds: [GATEWAYS], random: 0.999 });
    expect(cache.synced).toBe(true);
    expect(cache.serves(RESOURCES.Gateway)).toBe(false);

    gateways.absent = false;
    gateways.items = [{ metadata: { name: "gate", namespace: "green", uid: "1", resourceVersion: "1" } }];
    const startedAt = performance.now();
    const watch = await watchOf(crds);
    watch.stream.write({ type: "ADDED", object: crd(2) });
    await vi.waitFor(() => expect(cache.serves(RESOURCES.Gateway)).toBe(true));
    // Without the event it would ask again only after minutes.
    expect(performance.now() - startedAt).toBeLessThan(500);
    expect(events).toEqual(["added gate"]);

    gateways.absent = true;
    watch.stream.write({ type: "DELETED", object: crd(3) });
    await vi.waitFor(() => expect(cache.serves(RESOURCES.Gateway)).toBe(false));
    expect(events).toEqual(["added gate", "deleted gate"]);
    expect(cache.list(RESOURCES.Gateway)).toEqual([]);
  });

  it("are not looked for where there is no definition, and soon where there is one", async () => {
    const gateways = kindOf("gateways");
    const crds = kindOf("customresourcedefinitions");
    gateways.absent = true;
    const { cache } = await start({ kinds: [GATEWAYS] });
    const watch = await watchOf(crds);
    // Without chance it would be asked for without a pause.
    await vi.waitFor(async () => {
      const before = gateways.asked;
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(gateways.asked).toBe(before);
    });

    watch.stream.write({ type: "ADDED", object: crd(2) });
    const before = gateways.asked;
    await vi.waitFor(() => expect(gateways.asked).toBeGreaterThan(before + 5));
    expect(cache.serves(RESOURCES.Gateway)).toBe(false);
  });

  it("are looked for again where nothing is heard of definitions any more", async () => {
    const gateways = kindOf("gateways");
    const crds = kindOf("customresourcedefinitions");
    gateways.absent = true;
    const clock = fakeClock();
    void createCache({ ...ofMaps(), kinds: [GATEWAYS], clock }).start(stop.signal);
    const { stream } = await watchOf(crds);
    const askedWithin = async (ms: number) => {
      const before = gateways.asked;
      await clock.advance(ms);
      await vi.waitFor(() => expect(clock.pending).toBeGreaterThan(0));
      return gateways.asked - before;
    };
    await vi.waitFor(async () => expect(await askedWithin(10_000)).toBe(0));
    forbidLists(crds);
    stream.end();
    await askedWithin(150_000);
    await vi.waitFor(async () => expect(await askedWithin(100)).toBeGreaterThan(0));
    await vi.waitFor(async () => expect(await askedWithin(100)).toBeGreaterThan(0));
  });

  it("are not served from when their definition is being deleted, though they are still there", async () => {
    kindOf("gateways").items = [{ metadata: { name: "gate", namespace: "green", uid: "1", resourceVersion: "1" } }];
    const { cache } = await start({ kinds: [GATEWAYS] });
    expect(cache.serves(RESOURCES.Gateway)).toBe(true);
    const { metadata } = crd(2);
    const object = { metadata: { ...metadata, deletionTimestamp: "2026-11-26T12:00:00Z" } };
    (await watchOf(kindOf("customresourcedefinitions"))).stream.write({ type: "MODIFIED", object });
    await vi.waitFor(() => expect(cache.serves(RESOURCES.Gateway)).toBe(false));
    expect(cache.list(RESOURCES.Gateway)).toHaveLength(1);
  });

  it("do not need the right to read definitions", async () => {
    kindOf("customresourcedefinitions").onList.push(
      ...Array.from({ length: 5000 }, () => (reply: Reply) => reply.status(403, "Forbidden")),
    );
    kindOf("gateways").absent = true;
    const { cache } = await start({ kinds: [GATEWAYS] });
    kindOf("gateways").absent = false;
    await vi.waitFor(() => expect(cache.serves(RESOURCES.Gateway)).toBe(true));
  });

  it("may have no objects: an empty list of metadata has null for items", async () => {
    server.script((_, reply) => reply.json(200, { metadata: { resourceVersion: "1" }, items: null }));
    const { cache } = await start({ kinds: [{ resource: RESOURCES.Secret, metadataOnly: true }] });
    expect(cache.serves(RESOURCES.Secret)).toBe(true);
  });

  it("differ from required ones: a required kind that is absent is not synced", async () => {
    kindOf("configmaps").absent = true;
    const cache = createCache(ofMaps());
    void cache.start(stop.signal);
    await vi.waitFor(() => expect(cache.status()[0]?.state).toBe("absent"));
    expect(cache.synced).toBe(false);
  });
});
