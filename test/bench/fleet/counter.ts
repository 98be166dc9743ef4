import type { IncomingMessage } from "node:http";
import { mkdir, writeFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { join } from "node:path";
import { LABEL } from "../../../src/api/group.ts";
import type { Manifest } from "../../../src/manifest.ts";
import { type ProxiedRequest, startProxy, type Upstream } from "../../support/proxy.ts";
import { type Counts, type Order, PLACEHOLDER, type Question } from "./counting.ts";

/**
 * The counting proxy of the fleet bench as a process of its own, so that what it costs is nobody else's. It is told what to
 * stand in front of, answers one question after the other, and ends with its parent.
 */

const OBJECT = /\/namespaces\/([^/]+)\/([^/]+)\/([^/]+)$/;
const COLLECTION = /\/namespaces\/([^/]+)\/([^/]+)$/;
/** What is written beside the objects of a practice. */
const NO_OBJECTS = new Set(["leases", "events", "telehealthpractices"]);

const sockets = new Set<Socket>();
let closed = 0;
const counts = { requests: 0, writes: 0, statusWrites: 0, refused: 0, bytes: 0, heardAt: 0 };
/** `namespace/plural/name` to the time when its first write was answered. */
const applied = new Map<string, number>();
const captured = new Map<string, Map<string, string>>();

process.once("disconnect", () => process.exit(0));
process.once("message", (order: Order) => void serve(order));

async function serve({ upstream, captures }: Order): Promise<void> {
  const proxy = await startProxy(upstream as Upstream, undefined, (request, incoming, outgoing) => {
    follow(incoming.socket);
    const named = request.isWrite ? nameOf(request, incoming, captures) : undefined;
    outgoing.once("finish", () => {
      // Watches and leases are there all the time, whatever happens.
      if (request.isWatch || request.path.includes("/leases")) return;
      const taken = outgoing.statusCode < 300;
      counts.requests += 1;
      counts.heardAt = Date.now();
      if (request.isWrite) counts.writes += 1;
      if (request.isWrite && request.path.endsWith("/status")) counts.statusWrites += 1;
      if (!taken) counts.refused += 1;
      if (taken && named) void named.then(note);
    });
  });
  process.on("message", (question: Question) => void answer(question));
  process.send?.({ server: proxy.connection.server });
}

interface Named {
  readonly key: string;
  readonly namespace: string;
  /** What to keep of it. */
  readonly object?: Manifest;
}

/** The server took it. */
function note({ key, namespace, object }: Named): void {
  if (!applied.has(key)) applied.set(key, Date.now());
  if (object) capture(namespace, key, object);
}

function follow(socket: Socket): void {
  if (sockets.has(socket)) return;
  sockets.add(socket);
  socket.once("close", () => {
    sockets.delete(socket);
    closed += socket.bytesRead + socket.bytesWritten;
  });
}

/** Which object a write is about; a creation says so in its body. */
function nameOf(
  { method, path }: ProxiedRequest,
  incoming: IncomingMessage,
  captures: boolean,
): Promise<Named> | undefined {
  const isCreation = method === "POST";
  const [, namespace, plural, name] = (isCreation ? COLLECTION : OBJECT).exec(path) ?? [];
  if (!namespace || !plural || NO_OBJECTS.has(plural)) return undefined;
  if (method === "DELETE") {
    captured.get(namespace)?.delete(`${namespace}/${plural}/${name}`); // superfluous after all
    return undefined;
  }
  if (!isCreation && !captures) return Promise.resolve({ key: `${namespace}/${plural}/${name}`, namespace });
  return bodyOf(incoming).then((body) => {
    const type = incoming.headers["content-type"];
    const isWhole = type === "application/apply-patch+yaml" || (isCreation && type === "application/json");
    const object = (isWhole ? JSON.parse(body) : undefined) as Manifest | undefined;
    const key = `${namespace}/${plural}/${name ?? object?.metadata.name}`; // helm's own records come as protobuf
    return { key, namespace, ...(captures && object && { object }) };
  });
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  incoming.on("data", (part: Buffer) => parts.push(part));
  await new Promise((resolve) => incoming.once("end", resolve));
  return Buffer.concat(parts).toString();
}

/** As it was sent, without the preconditions and with a placeholder for the uid of the practice. */
function capture(namespace: string, key: string, object: Manifest): void {
  const {
    uid: _,
    resourceVersion: __,
    ...metadata
  } = object.metadata as Manifest["metadata"] & Record<string, unknown>;
  const text = JSON.stringify({ ...object, metadata });
  const owner = object.metadata.labels?.[LABEL.practiceUid];
  const known = captured.get(namespace) ?? new Map<string, string>();
  captured.set(namespace, known.set(key, owner ? text.replaceAll(owner, PLACEHOLDER) : text));
}

async function answer(question: Question): Promise<void> {
  if (question.ask === "applied") return void process.send?.([...applied]);
  if (question.ask === "dump") return void process.send?.(await dump(question.into));
  let bytes = closed;
  for (const { bytesRead, bytesWritten } of sockets) bytes += bytesRead + bytesWritten;
  process.send?.({ ...counts, bytes, applied: applied.size } satisfies Counts);
}

/** Writes `NAMESPACE/NUMBER-KIND.json` for each object, in the order in which they came. @returns their keys. */
async function dump(into: string): Promise<string[]> {
  for (const [namespace, objects] of captured) {
    const folder = join(into, namespace);
    await mkdir(folder, { recursive: true });
    let number = 0;
    for (const text of objects.values()) {
      const { kind } = JSON.parse(text) as Manifest;
      await writeFile(join(folder, `${String((number += 1)).padStart(3, "0")}-${kind}.json`), text);
    }
  }
  return [...captured.values()].flatMap((objects) => [...objects.keys()]);
}
