import { mkdtemp, readFile } from "node:fs/promises";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { getsThrough, echo } from "../../src/probe/dial.ts";
import { toldBy } from "../../src/probe/report.ts";
import { waitFor } from "../bed/wait.ts";

const MAIN = join(import.meta.dirname, "../../src/main.ts");
const running: ReturnType<typeof spawn>[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
});

function probe(part: string, env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [MAIN, "probe", part], { env: { ...process.env, ...env }, stdio: "ignore" });
  running.push(child);
  return child;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

describe("telehealth probe", { timeout: 60_000 }, () => {
  it("listens until it is told to end, and its other half tells what got through", async () => {
    const port = await freePort();
    const listener = probe("listen", { PROBE_LISTEN: `TCP/${port} UDP/${port}` });
    const heard = () => getsThrough({ host: "127.0.0.1", port, protocol: "TCP", question: echo() });
    await waitFor(heard, { timeout: 20_000, what: "somebody to listen" });
    const folder = await mkdtemp(join(tmpdir(), "telehealth-probe-"));
    const file = join(folder, "told");
    const way = { kind: "listener", host: "127.0.0.1", port, open: true };
    const ways = [
      { ...way, name: "a TCP", protocol: "TCP" },
      { ...way, name: "a UDP", protocol: "UDP" },
    ];
    const dialer = probe("dial", { PROBE_DIAL: JSON.stringify(ways), PROBE_TOLD: file });
    const [code] = (await once(dialer, "exit")) as [number];
    expect(code).toBe(0);
    expect(toldBy(await readFile(file, "utf8"))).toEqual({ tried: 2, open: [], shut: [], late: [] });
    listener.kill("SIGTERM");
    const [ended] = (await once(listener, "exit")) as [number];
    expect(ended).toBe(0);
  });

  it("ends with 2 when it is to do neither", async () => {
    const [code] = (await once(probe("look", {}), "exit")) as [number];
    expect(code).toBe(2);
  });
});
