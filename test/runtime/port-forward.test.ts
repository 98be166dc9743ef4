import { createServer, type Server } from "node:net";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../src/runtime/connection.ts";
import { portForward } from "../../src/runtime/port-forward.ts";
import { createTransport } from "../../src/runtime/transport.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { startForwarding } from "../apps/support/forwarding.ts";
import { waitFor } from "../bed/wait.ts";

let echo: Server;
let port: number;
beforeAll(async () => {
  echo = createServer((socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  port = (echo.address() as AddressInfo).port;
});
afterAll(() => new Promise((resolve) => echo.close(resolve)));

const POD = { namespace: "greenriver", name: "greenriver-synapse-0" };

/** A pod whose port 8011 is the echo. */
async function through(pod: Partial<Parameters<typeof startForwarding>[0]> = {}) {
  const api = await startForwarding({ ports: { 8011: port }, shows: async () => undefined, ...pod });
  const connection = await connect({ kubeconfig: api.kubeconfig, env: {} });
  const transport = createTransport({ connection, metrics: createMetrics() });
  return {
    api,
    forward: (to = 8011) => portForward({ connection, transport }, POD, to),
    stop: async () => {
      await transport.close();
      await api.stop();
    },
  };
}

describe("a connection to a pod's port", () => {
  it.each([1, 125, 126, 70_000, 1_000_000])("carries %d bytes there and back", async (size) => {
    const pod = await through();
    const stream = await pod.forward();
    const sent = Buffer.from(crypto.getRandomValues(new Uint8Array(Math.min(size, 65_536))));
    const whole = Buffer.concat(Array.from({ length: Math.ceil(size / sent.length) }, () => sent)).subarray(0, size);
    stream.write(whole);
    let received = Buffer.alloc(0);
    for await (const chunk of stream) {
      received = Buffer.concat([received, chunk as Buffer]);
      if (received.length >= size) break;
    }
    expect(received.equals(whole)).toBe(true);
    await pod.stop();
  });

  it("ends in the cluster when it is destroyed here", async () => {
    const pod = await through();
    const stream = await pod.forward();
    await waitFor(() => pod.api.open() === 1, { what: "the connection" });
    stream.destroy();
    await waitFor(() => pod.api.open() === 0, { what: "its end" });
    expect(stream.destroyed).toBe(true);
    await pod.stop();
  });

  it("ends here when it ends in the pod", async () => {
    const brief = createServer((socket) => socket.end("bye"));
    await new Promise<void>((resolve) => brief.listen(0, "127.0.0.1", resolve));
    const pod = await through({ ports: { 8011: (brief.address() as AddressInfo).port } });
    expect((await buffer(await pod.forward())).toString()).toBe("bye");
    await pod.stop();
    await new Promise((resolve) => brief.close(resolve));
  });

  it("fails with what the API server says", async () => {
    const message = 'pods "greenriver-synapse-0" is forbidden: User "eve" cannot create resource "pods/portforward"';
    const pod = await through({ refuses: { code: 403, message } });
    await expect(pod.forward()).rejects.toThrow(message);
    await pod.stop();
  });

  it("fails with what the kubelet says when nothing listens there", async () => {
    const pod = await through({ ports: {} });
    const stream = await pod.forward();
    await expect(buffer(stream)).rejects.toThrow("The pod refused the connection: error forwarding port 8011 to pod");
    await pod.stop();
  });

  it("says so when something between passes no WebSockets", async () => {
    const pod = await through({ refuses: { code: 400, message: "Upgrade request required" } });
    await expect(pod.forward()).rejects.toThrow("passes no WebSockets");
    await pod.stop();
  });
});
