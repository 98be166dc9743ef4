import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createTransport, type Transport } from "../../src/runtime/transport.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { waitFor } from "../bed/wait.ts";
import { type FakeClock, fakeClock } from "../support/fake-clock.ts";
import { type Reply, type ScriptedServer, startScriptedServer } from "../support/scripted-server.ts";

let server: ScriptedServer;
let transport: Transport;
let clock: FakeClock;

beforeEach(async () => {
  server = await startScriptedServer((_, reply) => reply.json(200, {}));
  clock = fakeClock();
  transport = createTransport({ connection: server.connection, metrics: createMetrics(), clock });
});

afterEach(async () => {
  await transport.close();
  await server.close();
});

/** As many as an applier writes at the same time for one practice. */
const AT_ONCE = 8;

function write(namespace: string, repeatable = true): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/configmaps/a`;
  return transport.request({ method: "PATCH", path, body: "{}", repeatable });
}

/** Writes of practices that are sick: `answer` is what becomes of them, everybody else's succeed. */
function sicken(namespaces: readonly string[], answer: (reply: Reply) => void): Promise<unknown> {
  server.script(({ path }, reply) =>
    namespaces.some((name) => path.includes(`/${name}/`)) ? answer(reply) : reply.json(200, {}),
  );
  return Promise.allSettled(namespaces.flatMap((name) => Array.from({ length: AT_ONCE }, () => write(name))));
}

it("lets a practice write while the writes of others hang", async () => {
  void sicken(["sick-1", "sick-2", "sick-3", "sick-4"], () => {});
  await expect(Promise.all(Array.from({ length: 60 }, () => write("well")))).resolves.toHaveLength(60);
});

it("lets a practice write while others wait to try again", async () => {
  const headers = { "retry-after": "30" };
  void sicken(["sick-1", "sick-2", "sick-3"], (reply) => reply.status(500, "InternalError", { headers }));
  await waitFor(() => server.received.length >= 16, { what: "writes that failed" });
  await expect(Promise.all(Array.from({ length: 60 }, () => write("well")))).resolves.toHaveLength(60);
});

it("gives a practice that writes alone as much as it had when nobody could be in its way", async () => {
  void sicken(["busy"], () => {});
  await waitFor(() => server.received.length === AT_ONCE, { what: "all of them to arrive" });
});

it("does not take an error of the server for a sign that it bears more", async () => {
  server.script((_, reply) => reply.status(500, "InternalError"));
  await Promise.allSettled(Array.from({ length: 60 }, (_, each) => write(`failing-${each}`, false)));
  const before = server.received.length;
  server.script(() => {});
  void Promise.allSettled(Array.from({ length: 60 }, (_, each) => write(`hanging-${each}`)));
  const inFlight = () => server.received.length - before;
  await waitFor(() => inFlight() >= 16, { what: "writes in flight" });
  await sleep(100); // so that one too many would have arrived
  expect(inFlight()).toBe(16);
});

it("tries again after half a minute though it is told to come back in an hour", async () => {
  const headers = { "retry-after": "3600" };
  server.script((_, reply) => reply.status(503, "ServiceUnavailable", { headers }));
  const written = write("any");
  await waitFor(() => clock.pending > 0, { what: "the write to wait" });
  server.script((_, reply) => reply.json(200, {}));
  await clock.advance(30_000);
  await expect(written).resolves.toBe("{}");
});
