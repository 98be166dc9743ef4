import { mkdtemp, writeFile } from "node:fs/promises";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { getsThrough } from "../../src/probe/dial.ts";
import { dnsQuestion } from "../../src/probe/dns.ts";
import { listen } from "../../src/probe/listen.ts";
import type { Target } from "../../src/probe/options.ts";
import { tryAll } from "../../src/probe/try.ts";

const host = "127.0.0.1";
const open: { close: () => unknown }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

/** A free port of both protocols, as far as that can be said. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Somebody who takes everything and says nothing, as a proxy may; for UDP the same as a wall. */
async function mute(port: number): Promise<void> {
  const tcp = createServer((connection) => connection.on("error", () => {})).listen(port, host);
  const udp = createSocket("udp4").bind(port, host);
  await Promise.all([once(tcp, "listening"), once(udp, "listening")]);
  open.push(tcp, udp);
}

async function listener(port: number): Promise<void> {
  open.push(
    await listen(
      [
        { port, protocol: "TCP" },
        { port, protocol: "UDP" },
      ],
      host,
    ),
  );
}

const target = (port: number, isOpen: boolean, protocol: "TCP" | "UDP" = "TCP"): Target => ({
  name: `somebody ${protocol} ${port}`,
  kind: "listener",
  host,
  port,
  protocol,
  open: isOpen,
});

const around = { environment: {}, longestMs: 0 };

describe("what is tried", { timeout: 60_000 }, () => {
  it("is as declared: open where a listener answers, closed where nobody is or nobody answers", async () => {
    const [heard, nobody, silent] = [await freePort(), await freePort(), await freePort()];
    await listener(heard);
    await mute(silent);
    const both = (port: number, isOpen: boolean) => (["TCP", "UDP"] as const).map((p) => target(port, isOpen, p));
    const targets = [...both(heard, true), ...both(nobody, false), ...both(silent, false)];
    expect(await tryAll(targets, around)).toEqual({ tried: 6, open: [], shut: [], late: [] });
  });

  it("is told by name when it is not, both ways round", async () => {
    const [heard, nobody] = [await freePort(), await freePort()];
    await listener(heard);
    const told = await tryAll([target(heard, false), target(heard, false, "UDP"), target(nobody, true)], around);
    expect(told).toEqual({
      tried: 3,
      open: [`somebody TCP ${heard}`, `somebody UDP ${heard}`],
      shut: [`somebody TCP ${nobody}`],
      late: [],
    });
  });

  it("is tried again until it is as declared; what was open at first is told as such", async () => {
    const [closes, opens] = [await freePort(), await freePort()];
    const early = await listen([{ port: closes, protocol: "TCP" }], host);
    const trying = tryAll([target(closes, false), target(opens, true)], { environment: {}, longestMs: 20_000 });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    early.close();
    await listener(opens);
    expect(await trying).toEqual({ tried: 2, open: [], shut: [], late: [`somebody TCP ${closes}`] });
  });

  it("takes three seconds where nothing answers, however many there are", async () => {
    const silent = await freePort();
    await mute(silent);
    const start = performance.now();
    const many = Array.from({ length: 50 }, () => target(silent, false, "UDP"));
    expect((await tryAll(many, around)).open).toEqual([]);
    const took = performance.now() - start;
    expect(took).toBeGreaterThan(2500);
    expect(took).toBeLessThan(8000);
  });

  it("includes the API server that the pod is told of, and whoever takes a connection", async () => {
    const port = await freePort();
    await mute(port);
    const environment = { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: String(port) };
    const api: Target = { name: "the API server", kind: "apiServer", protocol: "TCP", open: false };
    const anything: Target = { name: "metadata", kind: "anything", host, port, protocol: "TCP", open: false };
    const told = await tryAll([api, anything], { environment, longestMs: 0 });
    expect(told.open).toEqual(["the API server", "metadata"]);
    expect((await tryAll([api], around)).open).toEqual([]);
  });

  it("includes DNS at the resolver of the pod, over both protocols: any answer to the question will do", async () => {
    const port = await freePort();
    const answer = (query: Buffer) => {
      const reply = Buffer.from(query);
      reply.writeUInt16BE(0x8183, 2); // a response: no such name
      return reply;
    };
    const udp = createSocket("udp4").bind(port, host);
    udp.on("message", (query, from) => udp.send(answer(query), from.port, from.address));
    const tcp = createServer((connection) => {
      connection.on("data", (query) =>
        connection.end(Buffer.concat([query.subarray(0, 2), answer(query.subarray(2))])),
      );
    }).listen(port, host);
    await Promise.all([once(udp, "listening"), once(tcp, "listening")]);
    open.push(udp, tcp);
    const folder = await mkdtemp(join(tmpdir(), "telehealth-probe-"));
    const resolverFile = join(folder, "resolv.conf");
    await writeFile(resolverFile, `search svc.cluster.local\nnameserver ${host}\n`);
    const dns = (protocol: "TCP" | "UDP"): Target => ({
      name: `DNS ${protocol}`,
      kind: "dns",
      port,
      protocol,
      open: true,
    });
    const beside: Target = { name: "beside", kind: "besideDns", port: await freePort(), protocol: "TCP", open: false };
    const told = await tryAll([dns("TCP"), dns("UDP"), beside], { environment: {}, resolverFile, longestMs: 0 });
    expect(told).toEqual({ tried: 3, open: [], shut: [], late: [] });
  });
});

describe("an answer", { timeout: 60_000 }, () => {
  it("to another question does not count", async () => {
    const port = await freePort();
    const udp = createSocket("udp4").bind(port, host);
    udp.on("message", (query, from) => udp.send(query, from.port, from.address));
    await once(udp, "listening");
    open.push(udp);
    expect(await getsThrough({ host, port, protocol: "UDP", question: dnsQuestion("UDP") })).toBe(false);
  });
});

describe("a listener", { timeout: 60_000 }, () => {
  it("answers its own word alone", async () => {
    const port = await freePort();
    await listener(port);
    for (const message of ["GET / HTTP/1.1\r\n\r\n", "probe 12\n", `probe ${"f".repeat(64)}\n`]) {
      const question = { message: Buffer.from(message), isAnswer: () => true };
      expect(await getsThrough({ host, port, protocol: "UDP", question })).toBe(false);
    }
  });

  it("does not begin when one of its ports is taken", async () => {
    const port = await freePort();
    await mute(port);
    await expect(listen([{ port, protocol: "UDP" }], host)).rejects.toThrow("EADDRINUSE");
  });
});
