import { type ChildProcess, spawn } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { loadAssets } from "../../../src/assets.ts";
import { waitFor } from "../../bed/wait.ts";

const { drain } = loadAssets();

/** As `Prometheus.java` of the bridge answers curl, shortened: OpenMetrics, with the names that begin alike. */
const metrics = (conferences: string) => `# TYPE jitsi_jvb_conferences_inactive gauge
# HELP jitsi_jvb_conferences_inactive Number of inactive conferences (no endpoint is sending audio or video).
jitsi_jvb_conferences_inactive 0.0
# TYPE jitsi_jvb_conferences gauge
# HELP jitsi_jvb_conferences Current number of conferences.
jitsi_jvb_conferences ${conferences}
# TYPE jitsi_jvb_conferences_created counter
# HELP jitsi_jvb_conferences_created The total number of conferences created on the Videobridge.
jitsi_jvb_conferences_created_total 0.0
# EOF
`;

let server: Server | undefined;
let script: ChildProcess | undefined;
afterEach(() => {
  script?.kill();
  server?.closeAllConnections();
  server?.close();
});

/** What was asked so far, and what is answered from now on: a status and a body for everything. */
interface Program {
  readonly asked: string[];
  answer: readonly [number, string];
}

/**
 * Starts a script as the kubelet does, but with the program elsewhere and less patience. The program listens after
 * `late` milliseconds; resolves when it does, or halfway there.
 */
async function run(
  text: string,
  answer: Program["answer"],
  late = 0,
  called = "/etc/jitsi/prosody/drain.sh",
): Promise<{ program: Program; ended: () => unknown }> {
  const program: Program = { asked: [], answer };
  server = createServer(({ method, url }, response) => {
    program.asked.push(`${method} ${url}`);
    const [status, body] = program.answer;
    response.writeHead(status).end(method === "POST" ? "" : body);
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const moved = text.replaceAll(/127\.0\.0\.1:\d+/g, `127.0.0.1:${port}`).replaceAll("sleep 2", "sleep 0.1");
  if (late > 0) await new Promise((resolve) => server?.close(resolve));
  const started = spawn("sh", ["-c", moved, called], { stdio: "ignore" });
  script = started;
  if (late > 0) {
    setTimeout(() => server?.listen(port, "127.0.0.1"), late).unref();
    await sleep(Math.min(late / 2, 300));
  }
  return { program, ended: () => started.exitCode };
}

/** Long enough for several looks. */
const looks = ({ asked }: Program, count = 3) => {
  const before = asked.length;
  return waitFor(() => asked.length >= before + count, { interval: 20, what: "three looks" });
};

describe("the script before the bridge is stopped", () => {
  it("takes no new conference, waits while there are some, and ends with the last", async () => {
    const { program, ended } = await run(drain.bridge, [200, metrics("2.0")]);
    await looks(program);
    expect(program.asked.slice(0, 2)).toEqual(["POST /colibri/drain/enable", "GET /metrics"]);
    expect(ended()).toBeNull();
    program.answer = [200, metrics("0.0")];
    await waitFor(() => ended() === 0, { what: "the script to end" });
  });

  it.each([
    ["ten conferences", 200, metrics("10.0")],
    ["an error", 500, ""],
    ["something without that number", 200, "# EOF\n"],
  ])("waits at %s", async (_, status, body) => {
    const { program, ended } = await run(drain.bridge, [status, body]);
    await looks(program);
    expect(ended()).toBeNull();
  });

  it("ends when the bridge has", async () => {
    const { program, ended } = await run(drain.bridge, [200, metrics("1.0")]);
    await looks(program);
    server?.closeAllConnections();
    server?.close();
    await waitFor(() => ended() === 0, { what: "the script to end" });
  });
});

describe.each([
  ["the bridge", drain.bridge, metrics("0.0")],
  ["Prosody", drain.signalling, '{"busy":false}'],
])("the script before %s is stopped that has only just been started", (_, text, idle) => {
  it("waits until it listens, because it would not hear the signal to end before", async () => {
    const { program, ended } = await run(text, [200, idle], 600);
    expect(ended()).toBeNull();
    await looks(program, 1);
    await waitFor(() => ended() === 0, { what: "the script to end" });
  });

  it("ends after a minute where it never listens", async () => {
    const { ended } = await run(text.replace(/-(gt|lt) 30/, "-$1 3"), [200, idle], 60_000);
    await waitFor(() => ended() === 0, { what: "the script to end" });
  });
});

describe("the script before Prosody and jicofo are stopped", () => {
  it("waits while somebody is in a room, and ends when nobody is", async () => {
    const { program, ended } = await run(drain.signalling, [200, '{"busy":true}']);
    await looks(program);
    expect(new Set(program.asked)).toEqual(new Set(["GET /practice/busy"]));
    expect(ended()).toBeNull();
    program.answer = [200, '{"busy":false}'];
    await waitFor(() => ended() === 0, { what: "the script to end" });
  });

  it("asks jicofo first whether it listens, in its own container", async () => {
    const { program } = await run(drain.signalling, [200, '{"busy":true}'], 0, "/etc/jitsi/jicofo/drain.sh");
    await looks(program);
    expect(program.asked.slice(0, 2)).toEqual(["GET /about/version", "GET /practice/busy"]);
  });

  it("waits when it is not told", async () => {
    const { program, ended } = await run(drain.signalling, [404, '{"busy":false}']);
    await looks(program);
    expect(ended()).toBeNull();
  });

  it("ends when Prosody has", async () => {
    const { program, ended } = await run(drain.signalling, [200, '{"busy":true}']);
    await looks(program);
    server?.closeAllConnections();
    server?.close();
    await waitFor(() => ended() === 0, { what: "the script to end" });
  });
});
