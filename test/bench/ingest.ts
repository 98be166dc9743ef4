import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { cachedKinds, keyOf, PRACTICES } from "../../src/controller/kinds.ts";
import { createCache } from "../../src/runtime/cache.ts";
import { createTransport } from "../../src/runtime/transport.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { POD_FLAGS } from "./pod-flags.ts";

/**
 * How long the event loop is held while 30,000 pod-sized objects arrive, of all the kinds that the operator keeps at the same
 * time and with a listener as it has: the longest delay that the runtime's own monitor saw, beside that of a process that does nothing at the same time, and the longest work that the
 * thread did between two turns, which no other program on this machine makes longer. Garbage collection is part of both but
 * for what its helping threads do. The server is a process of its own. `npm run bench:ingest`.
 */

const OBJECTS = 30_000;
const KINDS = cachedKinds({ nodes: true });
const OF_EACH = Math.ceil(OBJECTS / KINDS.length);
/** The monitor counts from one look to the next, so this much is no delay. */
const RESOLUTION_MS = 1;

interface Told {
  readonly longestMs: number;
  readonly longestWorkMs?: number;
  readonly seconds?: number;
  readonly objects?: number;
  readonly rssMiB?: number;
}

const roles: Readonly<Record<string, (argument: string) => Promise<void>>> = { server, idle, fill };
const [role, argument = ""] = process.argv.slice(2);
await (role === undefined ? compare() : roles[role]?.(argument));

async function compare(): Promise<void> {
  const serving = start("server", "");
  const [port] = (await once(serving, "message")) as [number];
  const idle = start("idle", "");
  const filling = start("fill", String(port));
  const [ours] = (await once(filling, "message")) as [Told];
  idle.send("end");
  const [theirs] = (await once(idle, "message")) as [Told];
  for (const child of [serving, idle, filling]) child.kill();
  const { objects = 0, seconds = 0, rssMiB = 0, longestMs, longestWorkMs = 0 } = ours;
  console.log(
    `${objects} objects in ${seconds.toFixed(1)} s, ${rssMiB.toFixed(0)} MiB; event loop held for ` +
      `${longestMs.toFixed(1)} ms at most, ${theirs.longestMs.toFixed(1)} ms in an idle process; ` +
      `longest work at a time ${longestWorkMs.toFixed(1)} ms`,
  );
}

function start(...parts: string[]) {
  return fork(fileURLToPath(import.meta.url), parts, { stdio: "inherit", execArgv: [...POD_FLAGS] });
}

function pod(n: number): object {
  const name = `pod-${n}`;
  const labels = { app: "bench", n: String(n) };
  const metadata = {
    name,
    namespace: `ns-${n % 500}`,
    uid: name,
    resourceVersion: String(n + 10),
    labels,
    managedFields: [{ manager: "x".repeat(600) }],
  };
  const env = Array.from({ length: 10 }, (_, index) => ({ name: `VARIABLE_${index}`, value: `value ${n} ${index}` }));
  const containers = ["a", "b"].map((container) => ({ name: container, image: "example.org/image:1", env }));
  return { metadata, spec: { containers }, status: { phase: "Running" } };
}

/** An API server that has as many objects of any kind. What it tells is made before, so that it takes little of the processor. */
async function server(): Promise<void> {
  const items = Array.from({ length: OF_EACH }, (_, n) => JSON.stringify(pod(n)));
  const list = Buffer.from(`{"metadata":{"resourceVersion":"99999"},"items":[${items.join()}]}`);
  const http = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://bench");
    if (url.searchParams.has("watch")) response.writeHead(200).flushHeaders();
    else response.end(list);
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  process.send?.((http.address() as AddressInfo).port);
}

async function fill(port: string): Promise<void> {
  const metrics = createMetrics();
  const connection = { server: `http://127.0.0.1:${port}`, authorization: () => Promise.resolve(undefined) };
  const transport = createTransport({ connection, metrics });
  const logger = createLogger("silent");
  const cache = createCache({ transport, kinds: KINDS, namespaces: "all", manager: "bench", logger, metrics });
  // While the caches fill, what concerns a practice is looked up, and nothing is done.
  cache.onEvent(({ object }) => void cache.list(PRACTICES, object.metadata.namespace).map(keyOf));
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const work = followWork();
  const startedAt = performance.now();
  await cache.start(new AbortController().signal);
  const seconds = (performance.now() - startedAt) / 1000;
  delay.disable();
  const longestWorkMs = work();
  const rssMiB = process.memoryUsage.rss() / 2 ** 20;
  const objects = KINDS.reduce((sum, { resource }) => sum + cache.list(resource).length, 0);
  process.send?.({ longestMs: delay.max / 1e6, longestWorkMs, seconds, rssMiB, objects });
}

/** @returns a function that ends it and says how long this thread worked at most from one turn of its loop to the next. */
function followWork(): () => number {
  let longestMs = 0;
  let before = process.threadCpuUsage();
  const look = () => {
    const { user, system } = process.threadCpuUsage(before);
    longestMs = Math.max(longestMs, (user + system) / 1000);
    before = process.threadCpuUsage();
  };
  const timer = setInterval(look, RESOLUTION_MS);
  return () => {
    clearInterval(timer);
    look();
    return longestMs;
  };
}

async function idle(): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  await once(process, "message");
  process.send?.({ longestMs: delay.max / 1e6 });
}
