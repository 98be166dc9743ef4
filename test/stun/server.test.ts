import { createSocket } from "node:dgram";
import { once } from "node:events";
import { spawn } from "node:child_process";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait.ts";
import { BINDING_REQUEST, message, xorMappedAddress } from "../../src/stun/message.ts";
import { stunOptions } from "../../src/stun/options.ts";
import { serveStun } from "../../src/stun/server.ts";
import { ID } from "./vectors.ts";

const MAIN = join(import.meta.dirname, "../../src/main.ts");
const BARE = message(BINDING_REQUEST, ID);
const open: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function started(options = {}) {
  const server = await serveStun({ port: 0, ...options });
  open.push(server);
  return server.port;
}

async function client(type: "udp4" | "udp6" = "udp4") {
  const socket = createSocket(type);
  const received: Buffer[] = [];
  socket.on("message", (bytes) => received.push(bytes));
  socket.bind(0, type === "udp4" ? "127.0.0.1" : "::1");
  await once(socket, "listening");
  open.push(socket);
  return { socket, received, own: socket.address() };
}

describe("the responder", () => {
  it.each(["udp4", "udp6"] as const)("tells a client its address over %s", async (type) => {
    const port = await started();
    const { socket, received, own } = await client(type);
    socket.send(BARE, port, own.address);
    await waitFor(async () => received.length > 0, { what: "an answer" });
    expect(received[0]).toEqual(message(0x0101, ID, xorMappedAddress(ID, own.address, own.port)));
  });

  it("drops what is over its bound, and answers again in the next second", async () => {
    const port = await started({ answersPerSecond: 5 });
    const { socket, received, own } = await client();
    await sleep(1020 - (performance.now() % 1000)); // the bound counts by the second
    for (let sent = 0; sent < 50; sent += 1) socket.send(BARE, port, own.address);
    await sleep(200);
    expect(received.length).toBe(5);
    await sleep(900);
    socket.send(BARE, port, own.address);
    await waitFor(async () => received.length > 5, { what: "an answer" });
  });

  it("does not count what it is silent to", async () => {
    const port = await started({ answersPerSecond: 1 });
    const { socket, received, own } = await client();
    await sleep(1020 - (performance.now() % 1000));
    for (let sent = 0; sent < 20; sent += 1) socket.send("noise", port, own.address);
    socket.send(BARE, port, own.address);
    await waitFor(async () => received.length > 0, { what: "an answer" });
    expect(received).toHaveLength(1);
  });

  it("goes on after SIGTERM for as long as the bridge is there, and says nothing all the time", async () => {
    const bridge = createServer().listen(0, "127.0.0.1");
    await once(bridge, "listening");
    const at = (bridge.address() as AddressInfo).port;
    const { socket, received, own } = await client();
    const passing = await serveStun({ port: 0 });
    const { port } = passing;
    await passing.close();
    const env = { ...process.env, STUN_PORT: String(port), STUN_BRIDGE: String(at) };
    const child = spawn(process.execPath, [MAIN, "stun"], { env, stdio: ["ignore", "pipe", "pipe"] });
    const said = Promise.all([text(child.stdout), text(child.stderr)]);
    const asks = async () => {
      const before = received.length;
      const again = async () => {
        socket.send(BARE, port, own.address);
        return received.length > before;
      };
      await waitFor(again, { what: "an answer", timeout: 10_000 });
    };
    await asks();
    child.kill("SIGTERM");
    await sleep(300);
    await asks();
    bridge.close();
    const [code] = (await once(child, "exit")) as [number | null];
    expect(code).toBe(0);
    expect(await said).toEqual(["", ""]);
  }, 30_000);

  it("listens where its pod says", () => {
    expect(stunOptions({ STUN_PORT: "30081" }).port).toBe(30_081);
    expect(stunOptions({}).port).toBe(3478);
  });
});
