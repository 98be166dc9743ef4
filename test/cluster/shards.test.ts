import { afterEach, describe, expect, it } from "vitest";
import { parseSpec } from "../../src/api/practice.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { defaultIdentity } from "../../src/practice/resolve.ts";
import { pathOf, RESOURCES } from "../../src/runtime/resources.ts";
import { apiClient } from "../bed/api.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { runOperator } from "../support/operator.ts";
import {
  applyPractice,
  children,
  expectReason,
  practiceFor,
  practiceNamespace,
  quiet,
  statusOf,
} from "../support/practice-bed.ts";
import { type Proxy, startProxy } from "../support/proxy.ts";

const LABEL = "telehealth-operator.io/shard";
const ADDRESS = { video: { media: { addresses: [{ ip: "203.0.113.7", port: 10_000 }] } } };

const client = apiClient(bed.adminConnection);
const started: { stop: () => Promise<void> }[] = [];

afterEach(async () => {
  for (const one of started.splice(0).toReversed()) await one.stop();
});

describe("two operators that share the practices by a label", () => {
  it("each make their own, leave one that nobody selects alone, and tell by numbers", async () => {
    const [east, west, nobody] = [await practiceIn("east"), await practiceIn("west"), await practiceIn("north")];
    const all = [east, west, nobody];
    const operators = { east: await shard("east", all), west: await shard("west", all) };
    for (const namespace of [east, west]) await made(namespace);
    expect(await children(nobody)).toEqual([]);
    expect((await statusOf(nobody)).conditions).toBeUndefined();
    expect(wrote(operators.east.proxy, west)).toEqual([]);
    expect(wrote(operators.west.proxy, east)).toEqual([]);
    // Each holds what is its own, and knows of all practices.
    for (const [name, { metrics }] of Object.entries(operators)) {
      const told = await metrics();
      expect(told).toContain(`telehealth_practices{shard="${name}"} 1`);
      expect(told).toContain("telehealth_practices_seen 3");
      await holds(metrics, name === "east" ? east : west);
    }
  });

  it("give a host to the practice that had it first, whoever looks after it", async () => {
    const old = await practiceIn("east");
    const young = await practiceNamespace();
    const east = await shard("east", [old, young]);
    await shard("west", [old, young]);
    await made(old);
    const path = pathOf(PRACTICES, { namespace: old, name: "greenriver" });
    await client.request("DELETE", path);
    const gone = async () => (await client.request("GET", path)).status === 404;
    await waitFor(gone, { timeout: 60_000, what: "the practice to be gone" });
    // While it is away another one takes its host, and has an identity then.
    await applyPractice(young, { ...ADDRESS, domain: `${old}.example` });
    await label(young, "west");
    await made(young);
    // As a practice it is now the younger one. That its claim is the older one stands where west keeps nothing in memory.
    await applyPractice(old, ADDRESS);
    await label(old, "east");
    await expectReason(young, "Stalled", "HostTaken");
    await waitFor(async () => (await statusOf(old)).conditions !== undefined, { what: "a status of the older one" });
    await quiet(old);
    const stalled = (await statusOf(old)).conditions?.find(({ type }) => type === "Stalled");
    expect(stalled?.status).toBe("False");
    expect(wrote(east.proxy, young)).toEqual([]);
  });

  it("leave a media port to the practice that has it, whoever looks after it", async () => {
    const [first, second] = [await practiceIn("east"), await practiceNamespace()];
    const east = await shard("east", [first, second]);
    const west = await shard("west", [first, second]);
    // Practices of other tests may have the port that it asked for.
    const [port = 0] = await portsIn(first, "greenriver");
    let name = "river";
    for (let n = 0; (await portOf(second, name)) !== port; n += 1) name = `river-${n}`;
    await applyPractice(second, ADDRESS, name);
    await label(second, "west", name);
    // The next one, or one after it that no other test has.
    const [own = 0, ownNext] = await portsIn(second, name);
    expect(own).not.toBe(port);
    expect(ownNext).toBe(own + 1);
    // West did not know: it asked for the port, was refused, and moved on, once for each that was taken.
    const moves = wrote(west.proxy, second).filter((line) => line.endsWith(`configmaps/${name}-identity`));
    expect(moves).toHaveLength(Math.max(1, (own - port) / 2));
    expect(await portsIn(first, "greenriver")).toEqual([port, port + 1]);
    expect(wrote(east.proxy, second)).toEqual([]);
  });

  it("hand a practice over without making anything anew", async () => {
    const namespace = await practiceIn("east");
    const east = await shard("east", [namespace]);
    const west = await shard("west", [namespace]);
    await made(namespace);
    await quiet(namespace);
    const before = await uidsIn(namespace);
    const written = wrote(east.proxy, namespace).length;
    await label(namespace, "west");
    const account = { namespace, name: "greenriver-front" };
    await client.request("DELETE", pathOf(RESOURCES.ServiceAccount, account));
    await waitFor(() => wrote(west.proxy, namespace).length > 0, { timeout: 60_000, what: "the other one to repair" });
    const exists = async () => (await client.request("GET", pathOf(RESOURCES.ServiceAccount, account))).status === 200;
    await waitFor(exists, { what: "the ServiceAccount to be back" });
    await quiet(namespace);
    const after = await uidsIn(namespace);
    const anew = [...before.keys()].filter((name) => after.get(name) !== before.get(name));
    expect(anew).toEqual(["ServiceAccount/greenriver-front"]);
    expect(wrote(east.proxy, namespace).length).toBe(written);
    expect(await west.metrics()).toContain('telehealth_practices{shard="west"} 1');
    // What it passed over while the practice was another's is in its memory now.
    await holds(west.metrics, namespace);
  });
});

/** Waits until an operator has in memory as many configurations as this namespace, its only one, has. */
async function holds(metrics: () => Promise<string>, namespace: string): Promise<void> {
  const held = async () => {
    const configurations = (await children(namespace)).filter(({ kind }) => kind === "ConfigMap").length;
    return (await metrics()).includes(`telehealth_cache_objects{kind="ConfigMap"} ${configurations}\n`);
  };
  await waitFor(held, { timeout: 60_000, what: `the configurations of ${namespace} in memory` });
}

/** The port that a practice of this name asks for. */
async function portOf(namespace: string, name: string): Promise<number> {
  const parsed = parseSpec(await practiceFor(namespace));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  return defaultIdentity(namespace, name, parsed.spec).mediaPort;
}

/** The media ports that a practice has, when it has them. */
function portsIn(namespace: string, name: string): Promise<(number | undefined)[]> {
  const path = pathOf(RESOURCES.Service, { namespace, name: `${name}-media` });
  const look = async () => {
    const { status, body } = await client.request("GET", path);
    const { spec } = body as { spec: { ports: { nodePort?: number }[] } };
    return status === 200 && spec.ports.map(({ nodePort }) => nodePort);
  };
  return waitFor(look, { timeout: 60_000, what: `a media Service of ${name}` });
}

async function shard(name: string, namespaces: readonly string[]) {
  const proxy = await startProxy(bed);
  const operator = runOperator(proxy.connection, namespaces, {
    shard: { name, practices: { matchLabels: { [LABEL]: name } } },
  });
  started.push(proxy, operator);
  return { proxy, metrics: operator.metrics };
}

async function practiceIn(shard: string): Promise<string> {
  const namespace = await practiceNamespace();
  await applyPractice(namespace, ADDRESS);
  await label(namespace, shard);
  return namespace;
}

async function label(namespace: string, shard: string, name = "greenriver"): Promise<void> {
  const patch = { metadata: { labels: { [LABEL]: shard } } };
  await client.request("PATCH", pathOf(PRACTICES, { namespace, name }), patch, "application/merge-patch+json");
}

async function made(namespace: string): Promise<void> {
  const told = async () => (await statusOf(namespace)).conditions?.some(({ type }) => type === "Ready");
  await waitFor(told, { timeout: 90_000, what: `a status in ${namespace}` });
}

function wrote({ requests }: Proxy, namespace: string): string[] {
  const inside = requests.filter(({ isWrite, path }) => isWrite && path.includes(`/namespaces/${namespace}/`));
  return inside.map(({ method, path }) => `${method} ${path}`);
}

async function uidsIn(namespace: string): Promise<ReadonlyMap<string, string>> {
  const found = await children(namespace);
  return new Map(found.map(({ kind, metadata }) => [`${kind}/${metadata.name}`, metadata.uid]));
}
