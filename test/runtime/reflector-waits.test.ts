import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Clock, systemClock } from "../../src/runtime/clock.ts";
import { createReflector } from "../../src/runtime/reflector.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { createStore } from "../../src/runtime/store.ts";
import { createTransport, type Transport } from "../../src/runtime/transport.ts";
import { WATCH_TIMES } from "../../src/runtime/watch.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { waitFor } from "../bed/wait.ts";
import { type FakeClock, fakeClock } from "../support/fake-clock.ts";
import { type Reply, type ScriptedServer, startScriptedServer, type Stream } from "../support/scripted-server.ts";

const kind = { resource: RESOURCES.ConfigMap };
/** What its first failures add to what it was told: half of a bound that doubles from 800 ms to half a minute. */
const BACKOFF = [400, 800, 1600, 3200, 6400, 12_800, 15_000, 15_000];
const [FIRST = 0, SECOND = 0] = BACKOFF;

type Asked = "list" | "watch";
type Refusal = (reply: Reply) => void;

let server: ScriptedServer;
let transport: Transport;
let stop: AbortController;
let clock: FakeClock;
/** Every wait that was asked for, but for how long a watch may last. */
let waits: number[];
/** Taken one per request. */
let refusals: Record<Asked, Refusal[]>;
let watches: Stream[];

beforeEach(async () => {
  stop = new AbortController();
  clock = fakeClock(() => 0.5);
  [waits, watches] = [[], []];
  refusals = { list: [], watch: [] };
  server = await startScriptedServer(({ query }, reply) => {
    const asked = query.get("watch") ? "watch" : "list";
    const refuse = refusals[asked].shift();
    if (refuse) refuse(reply);
    else if (asked === "watch") watches.push(reply.stream());
    else reply.json(200, { metadata: { resourceVersion: "1" }, items: [] });
  });
  transport = createTransport({ connection: server.connection, metrics: createMetrics() });
});

afterEach(async () => {
  stop.abort();
  await transport.close();
  await server.close();
});

function noted(): Clock {
  const after: Clock["after"] = (ms, run) => {
    if (ms < WATCH_TIMES.shortest * 1000) waits.push(ms);
    return clock.after(ms, run);
  };
  return { ...clock, after };
}

function start({ by = noted(), isExpected = true } = {}): void {
  const reflector = createReflector({
    transport,
    kind,
    manager: "us",
    store: createStore(kind, () => {}),
    logger: pino({ level: "silent" }),
    metrics: createMetrics(),
    clock: by,
    breathe: () => undefined,
    isExpected: () => isExpected,
    onRights: () => {},
  });
  void reflector.run(stop.signal);
}

const refusal =
  (status: number, retryAfter?: string): Refusal =>
  (reply) =>
    reply.status(status, "Trouble", retryAfter === undefined ? {} : { headers: { "retry-after": retryAfter } });

/** What it waits the n-th time, once it does. */
const waitOf = (nth: number) => waitFor(() => waits[nth], { interval: 5, what: "the reflector to wait" });

const watching = () => waitFor(() => watches[0], { interval: 5, what: "the watch to be open" });

/** Fails so many times, and lets what it waits after each of them pass. @returns how long that was. */
async function failing(asked: Asked, times: number): Promise<number[]> {
  refusals[asked].push(...Array.from({ length: times }, () => refusal(503)));
  start();
  for (let nth = 0; nth < times; nth += 1) await clock.advance(await waitOf(nth));
  return waits;
}

describe("a reflector that is told to come back later", () => {
  const told = (["list", "watch"] as const).flatMap((asked) => [429, 503].map((status) => ({ asked, status })));

  it.each(told)("by a $status to its $asked does so, and not with all others", async ({ asked, status }) => {
    refusals[asked].push(refusal(status, "7"));
    start();
    expect(await waitOf(0)).toBe(7000 + FIRST);
    const before = server.received.length;
    await clock.advance(6999 + FIRST);
    expect(server.received).toHaveLength(before);
    await clock.advance(1);
    await watching();
  });

  it.each(["3600", "9999999"])("in %s s comes after half a minute", async (seconds) => {
    refusals.list.push(refusal(503, seconds));
    refusals.watch.push(refusal(429, seconds));
    start();
    expect(await waitOf(0)).toBe(30_000 + FIRST);
    await clock.advance(30_000 + FIRST);
    expect(await waitOf(1)).toBe(30_000 + SECOND);
  });

  it("in the past waits as if nobody had said so", async () => {
    refusals.list.push(refusal(503, "-7"));
    start();
    expect(await waitOf(0)).toBe(FIRST);
  });

  it.each([
    { what: "is expected soon", isExpected: true, wait: FIRST },
    { what: "has no definition", isExpected: false, wait: 225_000 },
  ])("to a kind that $what waits half a minute more at most", async ({ isExpected, wait }) => {
    refusals.list.push(refusal(404, "3600"));
    start({ isExpected });
    expect(await waitOf(0)).toBe(30_000 + wait);
  });

  it("in months does not ask all the time instead", async () => {
    refusals.list.push(...Array.from({ length: 1000 }, () => refusal(503, "9999999")));
    start({ by: systemClock });
    await waitFor(() => server.received.length > 0, { what: "the first request" });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(server.received).toHaveLength(1);
  });
});

describe("a reflector that fails again and again", () => {
  it.each(["list", "watch"] as const)("asks for its %s ever less often, down to twice a minute", async (asked) => {
    expect(await failing(asked, BACKOFF.length)).toEqual(BACKOFF);
  });

  it("waits for a moment only once a watch has told something", async () => {
    await failing("watch", 3);
    const watch = await watching();
    watch.write({ type: "BOOKMARK", object: { metadata: { resourceVersion: "2" } } });
    watch.end();
    expect(await waitOf(3)).toBe(FIRST);
  });

  it.each([
    { lived: 120_000, next: FIRST, what: "for a moment only once a watch has lasted" },
    { lived: 119_000, next: BACKOFF[3], what: "on after a watch that did not last" },
  ])("waits $what", async ({ lived, next }) => {
    await failing("watch", 3);
    const watch = await watching();
    await clock.advance(lived);
    watch.reset();
    expect(await waitOf(3)).toBe(next);
  });
});
