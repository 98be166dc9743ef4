import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LiveObject, Manifest, VerifiedManifests } from "../../src/manifest.ts";
import { type Applier, createApplier } from "../../src/runtime/apply.ts";
import { type Change, NameTaken } from "../../src/runtime/changes.ts";
import type { Cache, CacheEvent } from "../../src/runtime/cluster.ts";
import { createCluster } from "../../src/runtime/kube-cluster.ts";
import { RESOURCES, resourceOf } from "../../src/runtime/resources.ts";
import { createStore, type Store } from "../../src/runtime/store.ts";
import { createTransport, type Transport } from "../../src/runtime/transport.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { type JumpingClock, jumpingClock } from "../support/jumping-clock.ts";
import { quickClock } from "../support/quick-clock.ts";
import { type ScriptedServer, startScriptedServer } from "../support/scripted-server.ts";

type Stored = LiveObject & { metadata: { managedFields?: object[] } };

const MANAGER = "telehealth-operator";
const OPTIONS = {
  ours: ({ metadata }: LiveObject) => metadata.labels?.["owner"] === "us",
  signal: new AbortController().signal,
};

let server: ScriptedServer;
let transport: Transport;
let objects: Map<string, Stored>;
let version: number;
let store: Store;
let applier: Applier;
let clock: JumpingClock;
let emit: (event: CacheEvent) => void;

beforeEach(async () => {
  objects = new Map();
  version = 10;
  clock = jumpingClock();
  server = await startScriptedServer(({ method, path, body, query }, reply) => {
    const before = objects.get(path);
    if (method === "GET") return before ? reply.json(200, before) : reply.status(404, "NotFound");
    if (method === "DELETE") {
      objects.delete(path);
      return reply.json(200, {});
    }
    const wanted = JSON.parse(body) as Stored;
    if (method === "POST") {
      const name = `${path}/${wanted.metadata.name}`;
      return objects.has(name)
        ? reply.status(409, "AlreadyExists")
        : reply.json(201, put(name, owned(wanted, "Update")));
    }
    const refusal = refused(wanted, before, query.get("force") !== "false");
    if (refusal) return reply.status(refusal.code, refusal.reason, { details: { causes: refusal.causes } });
    reply.json(200, put(path, query.has("force") ? applied(wanted, before) : patched(wanted, before)));
  });
  transport = createTransport({ connection: server.connection, metrics: createMetrics(), clock: quickClock() });
  restart();
});

afterEach(async () => {
  await transport.close();
  await server.close();
});

const fieldsOf = (object: Stored | undefined, operation: string) =>
  (
    object?.metadata.managedFields as
      | { manager: string; operation: string; fieldsV1: { "f:data"?: object } }[]
      | undefined
  )
    ?.filter((entry) => entry.manager === MANAGER && entry.operation === operation)
    .flatMap(({ fieldsV1 }) => Object.keys(fieldsV1["f:data"] ?? {}).map((field) => field.slice(2))) ?? [];

function owned(object: Stored, operation: string): Stored {
  const data = fields((object["data"] as object | undefined) ?? {});
  const managedFields = [{ manager: MANAGER, operation, apiVersion: "v1", fieldsV1: { "f:data": data } }];
  return { ...object, metadata: { ...object.metadata, managedFields } };
}

/** Server-side apply takes away what it has set and is not told again, unless an update has set it as well. */
function applied(wanted: Stored, before: Stored | undefined): Stored {
  const mine = wanted["data"] as Record<string, string> | undefined;
  const made = fieldsOf(before, "Update");
  const kept = Object.entries((before?.["data"] ?? {}) as Record<string, string>).filter(
    ([file]) => mine?.[file] !== undefined || made.includes(file) || !fieldsOf(before, "Apply").includes(file),
  );
  const others =
    before?.metadata.managedFields?.filter((entry) => (entry as { operation: string }).operation !== "Apply") ?? [];
  const [entry] = owned(wanted, "Apply").metadata.managedFields ?? [];
  const metadata = { ...wanted.metadata, managedFields: [...(entry ? [entry] : []), ...others] };
  return { ...wanted, ...(mine && { data: { ...Object.fromEntries(kept), ...mine } }), metadata };
}

function patched({ metadata, ...rest }: Stored, before: Stored | undefined): Stored {
  return { ...before, ...rest, metadata: { ...before?.metadata, ...metadata } };
}

/** Preconditions and other managers' fields, as test/cluster/preconditions.test.ts sees a real API server judge them. */
function refused({ metadata: { uid, resourceVersion }, data }: Stored, before: Stored | undefined, force: boolean) {
  const conflict = { code: 409, reason: "Conflict", causes: [] as object[] };
  if (!before) return uid ? conflict : undefined;
  if (uid && uid !== before.metadata.uid) {
    return { code: 422, reason: "Invalid", causes: [{ field: "metadata.uid" }] };
  }
  if (resourceVersion && resourceVersion !== before.metadata.resourceVersion) return conflict;
  const [wanted, live] = [data, before["data"]] as Record<string, string>[];
  const held = (before.metadata.managedFields as { manager: string; fieldsV1: { "f:data"?: object } }[] | undefined)
    ?.filter(({ manager }) => manager !== MANAGER)
    .flatMap(({ fieldsV1 }) => Object.keys(fieldsV1["f:data"] ?? {}).map((field) => field.slice(2)));
  const fought = held?.some((file) => wanted?.[file] !== undefined && wanted[file] !== live?.[file]);
  return fought && !force ? { ...conflict, causes: [{ reason: "FieldManagerConflict" }] } : undefined;
}

/** Like an API server that knows no defaults: the version moves only when something changes. */
function put(path: string, wanted: Manifest): Stored {
  const before = objects.get(path);
  const given = (wanted.metadata as Partial<LiveObject["metadata"]>).uid;
  const { uid = given ?? `uid-${path}`, resourceVersion = "", ...others } = before?.metadata ?? {};
  const merged = { ...before, ...wanted, metadata: { ...others, ...wanted.metadata, uid, resourceVersion } };
  if (before && JSON.stringify(merged) === JSON.stringify(before)) return before;
  version += 1;
  const after = { ...merged, metadata: { ...merged.metadata, resourceVersion: String(version) } } as Stored;
  objects.set(path, after);
  return after;
}

/** A new process with an empty cache and an empty memory. */
function restart(holds: "whole" | "part" = "whole"): void {
  const listeners: ((event: CacheEvent) => void)[] = [];
  emit = (event) => {
    for (const listener of listeners) listener(event);
  };
  store = createStore({ resource: RESOURCES.ConfigMap }, emit);
  const cache: Cache = {
    get: (resource, ref) => (resource.kind === "ConfigMap" ? store.get(ref) : undefined),
    list: () => store.list(),
    serves: (resource) => resource.kind === "ConfigMap",
    unread: () => undefined,
    isCurrent: () => true,
    holds: () => holds,
    readContents: () => Promise.resolve(),
    learn: (_, live) => store.put(live),
    synced: true,
    onEvent: (listener) => void listeners.push(listener),
  };
  applier = createApplier({
    cluster: createCluster(transport),
    cache,
    manager: MANAGER,
    metrics: createMetrics(),
    logger: pino({ level: "silent" }),
    clock,
  });
}

/** The cache sees what the server has. */
function sync(): void {
  for (const object of objects.values()) if (object.kind === "ConfigMap") store.put(object);
}

function map(name: string, data: Record<string, string>, labels: Record<string, string> = { owner: "us" }): Manifest {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "green", labels }, data };
}

const fields = (data: object) => Object.fromEntries(Object.keys(data).map((file) => [`f:${file}`, {}]));
const PATH = "/api/v1/namespaces/green/configmaps/";
const writes = () => server.received.filter(({ method }) => method !== "GET").length;
const verified = (...list: Manifest[]) => list as unknown as VerifiedManifests;
async function actions(...list: Manifest[]): Promise<string[]> {
  return (await applier.apply(verified(...list), OPTIONS)).map(({ object, action }) => `${object.name} ${action}`);
}

describe("apply", () => {
  it("creates what is missing and then leaves it alone: no write and no read in a steady state", async () => {
    expect(await actions(map("a", { x: "1" }), map("b", { x: "1" }))).toEqual(["a created", "b created"]);
    sync();
    const before = server.received.length;
    for (let round = 0; round < 10; round += 1) {
      expect(await actions(map("a", { x: "1" }), map("b", { x: "1" }))).toEqual(["a unchanged", "b unchanged"]);
    }
    expect(server.received.length).toBe(before);
  });

  it("writes nothing after a restart when everything is as it should be", async () => {
    await actions(map("a", { x: "1" }));
    const before = server.received.length;
    restart();
    sync();
    expect(await actions(map("a", { x: "1" }))).toEqual(["a unchanged"]);
    expect(server.received.length).toBe(before);
  });

  it("creates with one request, makes its own what it made before the first change, then changes with one", async () => {
    const requests = async (data: Record<string, string>) => {
      server.received.length = 0;
      await actions(map("a", data));
      sync();
      return server.received.map(({ method, query }) => `${method} ${query.get("force") ?? ""}`.trim());
    };
    expect(await requests({ x: "1", y: "1" })).toEqual(["POST"]);
    expect(await requests({ x: "2" })).toEqual(["GET", "PATCH", "PATCH true"]);
    // In whatever version: who writes to it all the time keeps nobody from it.
    const { metadata } = JSON.parse(server.received[1]?.body ?? "") as Stored;
    expect(Object.keys(metadata)).toEqual(["uid", "managedFields"]);
    expect(objects.get(`${PATH}a`)?.["data"]).toEqual({ x: "2" });
    expect(await requests({ z: "1" })).toEqual(["PATCH false"]);
    expect(objects.get(`${PATH}a`)?.["data"]).toEqual({ z: "1" });
  });

  it("makes once what it does not know to be made, because the answer was lost", async () => {
    server.script(({ method, path, body }, reply) => {
      if (method === "GET") return reply.json(200, objects.get(path));
      const name = `${path}/a`;
      if (objects.has(name)) return reply.status(409, "AlreadyExists");
      put(name, owned(JSON.parse(body) as Stored, "Update"));
      reply.reset();
    });
    expect(await actions(map("a", { x: "1" }))).toEqual(["a unchanged"]);
    expect(server.received.map(({ method }) => method)).toEqual(["POST", "POST", "GET"]);
    sync();
    expect(applier.settled("green")).toBe(true);
  });

  it("reads what is ours but not in the cache, and what is another object by now", async () => {
    put(`${PATH}a`, map("a", { x: "0" }));
    expect(await actions(map("a", { x: "1" }))).toEqual(["a configured"]);
    expect(server.received.map(({ method }) => method)).toEqual(["POST", "GET", "PATCH"]);
    sync();
    objects.delete(`${PATH}a`);
    put(`${PATH}a`, {
      ...map("a", { x: "theirs" }, {}),
      metadata: { ...map("a", {}, {}).metadata, uid: "new" } as never,
    });
    await expect(actions(map("a", { x: "2" }))).rejects.toThrow(NameTaken);
    expect(objects.get(`${PATH}a`)?.["data"]).toEqual({ x: "theirs" });
  });

  it("does not take a cache that lags behind for a difference", async () => {
    await actions(map("a", { x: "1" }));
    sync();
    await actions(map("a", { x: "2" }));
    const before = server.received.length;
    expect(await actions(map("a", { x: "2" }))).toEqual(["a unchanged"]);
    expect(server.received.length).toBe(before);
  });

  it("writes again when what we want has changed, also when a field is only gone", async () => {
    await actions(map("a", { x: "1", y: "2" }));
    sync();
    put(`${PATH}a`, {
      ...map("a", { x: "1", y: "2" }),
      metadata: {
        ...map("a", {}).metadata,
        managedFields: [{ manager: MANAGER, operation: "Apply", fieldsV1: { "f:data": { "f:x": {}, "f:y": {} } } }],
      } as Manifest["metadata"],
    });
    expect(await actions(map("a", { x: "1" }))).toEqual(["a configured"]);
    expect(JSON.parse(server.received.at(-1)?.body ?? "")).toMatchObject({ data: { x: "1" } });
  });

  it.each([
    ["other content", { x: "2" }],
    ["a file more", { x: "1", y: "2" }],
  ])("makes anew what cannot be written to and has %s, naming who made it", async (_, data) => {
    const sealed = { ...map("a", { x: "1" }), immutable: true };
    expect(await actions(sealed)).toEqual(["a created"]);
    sync();
    const managedFields = [{ manager: "kubectl-create", operation: "Update", fieldsV1: { "f:data": fields(data) } }];
    const metadata = { ...sealed.metadata, uid: "another", managedFields } as Manifest["metadata"];
    objects.delete(`${PATH}a`);
    put(`${PATH}a`, { ...sealed, data, metadata });
    sync();
    const before = server.received.length;
    const [change] = await applier.apply(verified(sealed), OPTIONS);
    expect(change).toMatchObject({ action: "configured", tookOverFrom: ["kubectl-create"] });
    expect(server.received.slice(before).map(({ method }) => method)).toEqual(["GET", "DELETE", "POST"]);
    expect(objects.get(`${PATH}a`)).toMatchObject({ data: { x: "1" } });
    expect(objects.get(`${PATH}a`)?.["data"]).not.toHaveProperty("y");
    sync();
    expect(await actions(sealed)).toEqual(["a unchanged"]);
  });

  it("makes anew also what somebody put there unsealed, and says in place of what", async () => {
    const sealed = { ...map("a", { x: "1" }), immutable: true };
    put(`${PATH}a`, map("a", { x: "2", y: "theirs" }));
    sync();
    const [change] = await applier.apply(verified(sealed), OPTIONS);
    expect(change?.inPlaceOf?.["data"]).toEqual({ x: "2", y: "theirs" });
    expect(objects.get(`${PATH}a`)?.["data"]).toEqual({ x: "1" });
  });

  it("writes labels to what is sealed, and makes nothing anew for that", async () => {
    const sealed = { ...map("a", { x: "1" }), immutable: true };
    await actions(sealed);
    const managedFields = [{ manager: "kubectl-label", operation: "Update", fieldsV1: {} }];
    put(`${PATH}a`, {
      ...sealed,
      metadata: { ...sealed.metadata, labels: { owner: "us", role: "x" }, managedFields } as Manifest["metadata"],
    });
    sync();
    const before = server.received.length;
    const wanted = { ...sealed, metadata: { ...sealed.metadata, labels: { owner: "us", role: "y" } } };
    expect(await actions(wanted)).toEqual(["a configured"]);
    expect(server.received.slice(before).map(({ method }) => method)).toEqual(["PATCH"]);
  });

  it("leaves alone what others add, and repairs what they change, naming them", async () => {
    await actions(map("a", { x: "1" }));
    const drift = (data: Record<string, string>) => {
      const managedFields = [
        { manager: "kubectl-edit", operation: "Update", fieldsV1: { "f:data": { "f:x": {} } } },
        { manager: "bystander", operation: "Update", fieldsV1: { "f:data": { "f:other": {} } } },
      ];
      put(`${PATH}a`, {
        ...map("a", data),
        metadata: { ...map("a", {}).metadata, managedFields } as Manifest["metadata"],
      });
      sync();
    };
    drift({ x: "1", other: "2" });
    expect(await actions(map("a", { x: "1" }))).toEqual(["a unchanged"]);
    expect(writes()).toBe(1);
    drift({ x: "evil", other: "2" });
    const [change] = await applier.apply(verified(map("a", { x: "1" })), OPTIONS);
    expect(change).toEqual({
      object: { apiVersion: "v1", kind: "ConfigMap", namespace: "green", name: "a" },
      action: "configured",
      tookOverFrom: ["kubectl-edit"],
    });
  });

  it("puts back at once at first, and later and later when somebody goes on; another wish is not held up", async () => {
    const fight = async () => {
      put(`${PATH}a`, {
        ...map("a", { x: "evil" }),
        metadata: { ...map("a", {}).metadata, managedFields: [] } as never,
      });
      sync();
      return applier.apply(verified(map("a", { x: "1" })), OPTIONS);
    };
    await actions(map("a", { x: "1" }));
    sync();
    const rounds = [];
    for (let round = 0; round < 8; round += 1) rounds.push((await fight())[0]);
    expect(rounds.map((change) => change?.action)).toEqual([
      ...Array.from({ length: 6 }, () => "configured"),
      "contested",
      "contested",
    ]);
    expect(rounds.at(-1)?.waitMs).toBeGreaterThan(9000);
    const [short] = await applier.apply(verified(map("a", { x: "1" })), { ...OPTIONS, longestFightMs: 0 });
    expect(short?.action).toBe("configured");
    await fight();
    expect(await actions(map("a", { x: "2" }))).toEqual(["a configured"]);
  });

  it("counts what is deleted again and again as a fight too, but not what it deletes itself", async () => {
    const lose = async (prune: boolean) => {
      await actions(map("a", { x: "1" }));
      sync();
      const live = objects.get(`${PATH}a`) as LiveObject;
      if (prune) await applier.prune([live], { signal: OPTIONS.signal });
      objects.delete(`${PATH}a`);
      version += 1;
      store.remove({ ...live, metadata: { ...live.metadata, resourceVersion: String(version) } });
    };
    for (let round = 0; round < 8; round += 1) await lose(true);
    expect(await actions(map("a", { x: "1" }))).toEqual(["a created"]);
    for (let round = 0; round < 6; round += 1) await lose(false);
    expect(await actions(map("a", { x: "1" }))).toEqual(["a contested"]);
    applier.forget("green");
    expect(await actions(map("a", { x: "1" }))).toEqual(["a created"]);
  });

  it("re-creates what was deleted behind our back", async () => {
    await actions(map("a", { x: "1" }));
    sync();
    const gone = objects.get(`${PATH}a`) as LiveObject;
    objects.delete(`${PATH}a`);
    store.remove({ ...gone, metadata: { ...gone.metadata, resourceVersion: "99" } });
    expect(await actions(map("a", { x: "1" }))).toEqual(["a created"]);
  });

  it.each(["in the cache", "only on the server"])("never writes to a foreign object that is %s", async (where) => {
    put(`${PATH}a`, map("a", { x: "theirs" }, {}));
    if (where === "in the cache") sync();
    const refused = applier.apply(verified(map("b", {}), map("a", { x: "1" })), OPTIONS);
    await expect(refused).rejects.toThrow(NameTaken);
    await expect(refused).rejects.toMatchObject({ ref: { kind: "ConfigMap", namespace: "green", name: "a" } });
    expect(objects.get(`${PATH}a`)?.["data"]).toEqual({ x: "theirs" });
    expect(objects.has(`${PATH}b`)).toBe(true);
  });

  it("tells what was done also when the rest could not be", async () => {
    put(`${PATH}a`, map("a", { x: "theirs" }, {}));
    const told: string[] = [];
    const options = { ...OPTIONS, told: ({ object, action }: Change) => told.push(`${object.name} ${action}`) };
    await expect(applier.apply(verified(map("b", {}), map("a", { x: "1" })), options)).rejects.toThrow(NameTaken);
    expect(told).toEqual(["b created"]);
  });

  it("does not claim a foreign object only because it is the same", async () => {
    put(`${PATH}a`, map("a", { x: "1" }));
    sync();
    const refused = applier.apply(verified(map("a", { x: "1" })), { ...OPTIONS, ours: () => false });
    await expect(refused).rejects.toThrow(NameTaken);
    expect(server.received).toHaveLength(0);
  });

  it("sends another notation once and remembers that the server saw no difference", async () => {
    const wanted = map("a", { x: "1" });
    server.script(({ method, path, body }, reply) => {
      const before = objects.get(path);
      if (method === "GET") return before ? reply.json(200, before) : reply.status(404, "NotFound");
      const canonical = { ...(JSON.parse(body) as Manifest), data: { x: "one" } };
      reply.json(200, put(method === "POST" ? `${path}/${canonical.metadata.name}` : path, canonical));
    });
    await actions(wanted);
    for (let round = 0; round < 3; round += 1) {
      sync();
      expect(await actions(wanted)).toEqual(["a unchanged"]);
      // Somebody writes a status: the version moves, our fields do not.
      put(`${PATH}a`, { ...(objects.get(`${PATH}a`) as Manifest), status: { round } });
    }
    expect(writes()).toBe(1);
  });

  it("reads from the server what the cache holds only in part", async () => {
    await actions(map("a", { x: "1" }));
    restart("part");
    sync();
    expect(await actions(map("a", { x: "1" }))).toEqual(["a unchanged"]);
    expect(writes()).toBe(1);
  });

  it("does only the chosen ones", async () => {
    const changes = await applier.apply(verified(map("a", {}), map("b", {})), {
      ...OPTIONS,
      only: ({ metadata }) => metadata.name === "b",
    });
    expect(changes.map(({ object }) => object.name)).toEqual(["b"]);
  });
});

describe("read your writes", () => {
  it("is settled once the cache has seen every write", async () => {
    await actions(map("a", { x: "1" }));
    expect(applier.settled("green")).toBe(false);
    const waiting = applier.waitSettled("green", 1000);
    sync();
    expect(await waiting).toBe(true);
    expect(applier.settled("green")).toBe(true);
    expect(applier.settled("elsewhere")).toBe(true);
  });

  it("counts what is created and patched beside the applies, also within a signal", async () => {
    const cluster = applier.expecting(createCluster(transport)).within(OPTIONS.signal);
    const made = await cluster.create(RESOURCES.ConfigMap, map("a", { x: "1" }), MANAGER);
    expect(applier.settled("green")).toBe(false);
    store.put(made);
    expect(applier.settled("green")).toBe(true);
    const ref = { namespace: "green", name: "a" };
    const patched = await cluster.mergePatch(RESOURCES.ConfigMap, ref, map("a", { x: "2" }), MANAGER);
    expect(applier.settled("green")).toBe(false);
    store.put(patched);
    expect(applier.settled("green")).toBe(true);
  });

  it("does not wait for what went with the write: that may have been told before the answer came", async () => {
    const cluster = applier.expecting(createCluster(transport));
    const ending = map("a", {});
    put(`${PATH}a`, {
      ...ending,
      metadata: { ...ending.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } as never,
    });
    const ref = { namespace: "green", name: "a" };
    const patch = (finalizers: readonly string[]) =>
      cluster.mergePatch(RESOURCES.ConfigMap, ref, { metadata: { finalizers } }, MANAGER);
    await patch([]);
    expect(applier.settled("green")).toBe(true);
    await patch(["somebody.else/holds-it"]);
    expect(applier.settled("green")).toBe(false);
  });

  it("says so as long as a write was not seen", async () => {
    await actions(map("a", { x: "1" }));
    expect(await applier.waitSettled("green", 30)).toBe(false);
    expect(await applier.waitSettled("green", 30)).toBe(false);
    expect(server.received.filter(({ method }) => method === "GET")).toEqual([]);
  });

  it("reads what no watch has told for half a minute", async () => {
    await actions(map("a", { x: "1" }), map("b", { x: "1" }));
    objects.delete(`${PATH}b`);
    clock.jump(30_000);
    expect(await applier.waitSettled("green", 0)).toBe(true);
    expect(store.get({ namespace: "green", name: "a" })?.["data"]).toEqual({ x: "1" });
    expect(store.get({ namespace: "green", name: "b" })).toBeUndefined();
  });

  it("waits no longer for what an etcd that was restored does not have any more", async () => {
    await actions(map("a", { x: "1" }));
    const live = objects.get(`${PATH}a`) as Stored;
    objects.set(`${PATH}a`, { ...live, metadata: { ...live.metadata, resourceVersion: "2" } });
    clock.jump(30_000);
    expect(await applier.waitSettled("green", 0)).toBe(true);
  });

  it("is not fooled by the late news of a predecessor's delete", async () => {
    const old = put(`${PATH}a`, map("a", { x: "0" }));
    sync();
    objects.clear();
    await actions(map("a", { x: "1" }));
    emit({ type: "deleted", resource: resourceOf(old), object: old });
    expect(applier.settled("green")).toBe(false);
  });
});

describe("prune", () => {
  it("deletes with the uid as precondition", async () => {
    const live = put(`${PATH}a`, map("a", {}));
    const changes = await applier.prune([live], { signal: OPTIONS.signal });
    expect(changes.map(({ action }) => action)).toEqual(["pruned"]);
    expect(JSON.parse(server.received.at(-1)?.body ?? "")).toMatchObject({ preconditions: { uid: live.metadata.uid } });
  });

  it("deletes once what the cache shows for a moment longer, and again what it still shows after half a minute", async () => {
    const live = put(`${PATH}a`, map("a", {}));
    sync();
    const prune = async () => (await applier.prune([live], { signal: OPTIONS.signal }))[0]?.action;
    expect([await prune(), await prune()]).toEqual(["pruned", "unchanged"]);
    expect(server.received.filter(({ method }) => method === "DELETE")).toHaveLength(1);
    clock.jump(30_000);
    expect(await prune()).toBe("pruned");
    // One of the same name that was made since is another one.
    const next = { ...live, metadata: { ...live.metadata, uid: "another" } };
    const changes = await applier.prune([next], { signal: OPTIONS.signal });
    expect(changes.map(({ action }) => action)).toEqual(["pruned"]);
  });

  it("remembers nothing of what it deleted when the watch told of that before the answer came", async () => {
    const live = put(`${PATH}a`, map("a", {}));
    sync();
    server.script((_, reply) => {
      store.remove(live);
      reply.json(200, {});
    });
    const prune = async () => (await applier.prune([live], { signal: OPTIONS.signal }))[0]?.action;
    expect([await prune(), await prune()]).toEqual(["pruned", "pruned"]);
  });
});
