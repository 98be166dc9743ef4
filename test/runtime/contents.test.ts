import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createCache, type WatchedCache } from "../../src/runtime/cache.ts";
import type { CachedKind } from "../../src/runtime/cluster.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { createTransport, type Transport } from "../../src/runtime/transport.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { quickClock } from "../support/quick-clock.ts";
import {
  type Received,
  type Reply,
  type ScriptedServer,
  startScriptedServer,
  type Stream,
} from "../support/scripted-server.ts";

const MAPS = RESOURCES.ConfigMap;
const KIND: CachedKind = { resource: MAPS, labelSelector: "ours", contentsLater: "rendered", alike: true };

interface MapOnServer {
  readonly name: string;
  readonly namespace: string;
  readonly version: number;
  readonly text: string;
  readonly rendered?: false;
}

let server: ScriptedServer;
let transport: Transport;
let stop: AbortController;
/** What is on the server, and the version of its lists. */
let there: { version: number; maps: MapOnServer[] };
let watches: { readonly since: string | null; readonly stream: Stream }[];
/** Answers of lists in one namespace, one per request. */
let onRead: ((reply: Reply) => void)[];

beforeEach(async () => {
  there = {
    version: 9,
    maps: [
      { name: "files", namespace: "green", version: 3, text: "green" },
      { name: "more", namespace: "green", version: 5, text: "more" },
      { name: "identity", namespace: "green", version: 4, text: "port", rendered: false },
      { name: "files", namespace: "red", version: 6, text: "red" },
    ],
  };
  [watches, onRead] = [[], []];
  stop = new AbortController();
  server = await startScriptedServer(answer);
  transport = createTransport({
    connection: server.connection,
    metrics: createMetrics(),
    clock: quickClock(),
  });
});

afterEach(async () => {
  stop.abort();
  await transport.close();
  await server.close();
});

/** Lists as the API server does: by namespace and by the label, as metadata when that is asked for. */
function answer({ path, query, headers }: Received, reply: Reply): void {
  if (query.get("watch")) return void watches.push({ since: query.get("resourceVersion"), stream: reply.stream() });
  const namespace = /namespaces\/(\w+)\//.exec(path)?.[1];
  const other = namespace && onRead.shift();
  if (other) return other(reply);
  const wanted = query.get("labelSelector") ?? "";
  const found = there.maps.filter(
    (map) =>
      (namespace === undefined || map.namespace === namespace) &&
      (!wanted.includes("rendered") || wanted.includes("!rendered") === (map.rendered === false)),
  );
  const isMetadata = headers.accept?.includes("PartialObjectMetadataList") ?? false;
  reply.json(200, list(there.version, found, isMetadata));
}

function list(version: number, maps: readonly MapOnServer[], isMetadata = false): object {
  return { metadata: { resourceVersion: String(version) }, items: maps.map((map) => asMap(map, isMetadata)) };
}

function asMap({ name, namespace, version, text }: MapOnServer, isMetadata = false): object {
  const metadata = { name, namespace, uid: `${namespace}-${name}`, resourceVersion: String(version) };
  return isMetadata ? { metadata } : { metadata, data: { text } };
}

async function started(
  clock = quickClock(),
): Promise<{ cache: WatchedCache; events: string[]; asked: () => string[] }> {
  const cache = createCache({
    transport,
    kinds: [KIND],
    namespaces: "all",
    manager: "us",
    logger: pino({ level: "silent" }),
    metrics: createMetrics(),
    clock,
  });
  const events: string[] = [];
  cache.onEvent(({ type, object: { metadata } }) => void events.push(`${type} ${metadata.namespace}/${metadata.name}`));
  await cache.start(stop.signal);
  await vi.waitFor(() => expect(watches).toHaveLength(1));
  events.length = 0;
  const from = server.received.length;
  const asked = () => server.received.slice(from).map(({ path, query }) => `${path}?${query.toString()}`);
  return { cache, events, asked };
}

const texts = (cache: WatchedCache, namespace: string) =>
  Object.fromEntries(
    cache
      .list(MAPS, namespace)
      .map(({ metadata, data }) => [metadata.name, (data as { text: string } | undefined)?.text]),
  );
const read = (cache: WatchedCache, namespace = "green") => cache.readContents(namespace, stop.signal);

describe("contents that come later", () => {
  it("are left out of the first lists, but not what has no label; the watch tells all", async () => {
    const { cache } = await started();
    const asked = server.received.map(({ query, headers }) => [
      query.get("labelSelector"),
      headers.accept?.includes("PartialObjectMetadata"),
    ]);
    expect(asked).toEqual([
      ["ours,rendered", true],
      ["ours,!rendered", false],
      ["ours", false],
    ]);
    expect(texts(cache, "green")).toEqual({ files: undefined, more: undefined, identity: "port" });
  });

  it("are read once, by one request for a namespace, which is no news", async () => {
    const { cache, events, asked } = await started();
    await read(cache);
    await read(cache);
    expect(asked()).toEqual([
      "/api/v1/namespaces/green/configmaps?resourceVersion=5&resourceVersionMatch=NotOlderThan&labelSelector=ours",
    ]);
    expect(events).toEqual([]);
    expect(texts(cache, "green")).toEqual({ files: "green", more: "more", identity: "port" });
    expect(texts(cache, "red")).toEqual({ files: undefined });
    const held = ["green", "red", "blue"].map((namespace) => cache.holds(MAPS, { namespace, name: "files" }));
    expect(held).toEqual(["whole", "part", "nothing"]);
  });

  it("that changed or went since are told as the watch would tell them", async () => {
    const { cache, events } = await started();
    there = { version: 12, maps: [{ name: "files", namespace: "green", version: 11, text: "new" }] };
    await read(cache);
    expect(events).toEqual(["modified green/files", "deleted green/more"]);
    // Of what is there whole the watch tells.
    expect(texts(cache, "green")).toEqual({ files: "new", identity: "port" });
  });

  it("that the watch has told are not asked for, and not replaced by older ones", async () => {
    const { cache, asked } = await started();
    const tell = (map: MapOnServer) => watches[0]?.stream.write({ type: "MODIFIED", object: asMap(map) });
    tell({ name: "files", namespace: "red", version: 10, text: "told" });
    tell({ name: "files", namespace: "green", version: 11, text: "told" });
    await vi.waitFor(() => expect(texts(cache, "green")["files"]).toBe("told"));
    await read(cache, "red");
    expect(asked()).toEqual([]);
    await read(cache);
    expect(texts(cache, "green")).toEqual({ files: "told", more: "more", identity: "port" });
  });

  it("stay away when the watch tells that they are deleted before an older answer comes", async () => {
    const { cache } = await started();
    const asked = Promise.withResolvers<Reply>();
    onRead.push(asked.resolve);
    const reading = read(cache);
    const reply = await asked.promise;
    const [files, more] = there.maps as [MapOnServer, MapOnServer];
    watches[0]?.stream.write({ type: "DELETED", object: asMap({ ...more, version: 10 }) });
    watches[0]?.stream.write({ type: "DELETED", object: asMap({ ...files, version: 11 }) });
    watches[0]?.stream.write({ type: "ADDED", object: asMap({ ...files, version: 12, text: "anew" }) });
    await vi.waitFor(() => expect(texts(cache, "green")).toEqual({ files: "anew", identity: "port" }));
    reply.json(200, list(9, there.maps.slice(0, 3)));
    await reading;
    expect(texts(cache, "green")).toEqual({ files: "anew", identity: "port" });
  });

  it("may be nothing by now", async () => {
    const { cache } = await started();
    onRead.push((reply) => reply.json(200, { metadata: { resourceVersion: "9" }, items: null }));
    await read(cache);
    expect(texts(cache, "green")).toEqual({ identity: "port" });
  });

  it("are all there after everything was told anew, which is no news", async () => {
    const clock = quickClock();
    let ahead = 0;
    const { cache, events, asked } = await started({ ...clock, now: () => clock.now() + ahead });
    ahead = 1_810_000;
    watches[0]?.stream.end();
    await vi.waitFor(() => expect(watches).toHaveLength(2));
    expect(asked()[0]).toBe("/api/v1/configmaps?labelSelector=ours");
    expect(texts(cache, "green")).toEqual({ files: "green", more: "more", identity: "port" });
    expect(texts(cache, "red")).toEqual({ files: "red" });
    await read(cache);
    expect(asked().filter((path) => path.includes("green"))).toEqual([]);
    expect(events).toEqual([]);
  });

  it("are still missing when they cannot be read, or the answer is from before what is known", async () => {
    const { cache } = await started();
    onRead.push((reply) => reply.status(403, "Forbidden"));
    await expect(read(cache)).rejects.toThrow("Forbidden");
    const { maps } = there;
    const older = maps.map((map) => (map.name === "more" ? { ...map, version: 2, text: "old" } : map));
    onRead.push((reply) => reply.json(200, list(4, older)));
    await expect(read(cache)).rejects.toThrow("older configmaps than it did before");
    expect(texts(cache, "green")).toEqual({ files: "green", more: undefined, identity: "port" });
    await read(cache);
    expect(texts(cache, "green")).toEqual({ files: "green", more: "more", identity: "port" });
  });

  it.each([7, 11])("are watched from the older of the two lists (9 and %i)", async (other) => {
    server.script((request, reply) => {
      answer(request, reply);
      // Another API server answers next.
      there = { ...there, version: other };
    });
    await started();
    expect(watches[0]?.since).toBe(String(Math.min(9, other)));
  });
});
