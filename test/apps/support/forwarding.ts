import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Duplex } from "node:stream";
import { acceptOf, frameOf, nextFrame } from "./frames.ts";

/**
 * An API server with its kubelet, as far as `telehealth user` sees them: one practice, the pod of its homeserver with what
 * is written on it, and connections to one of its ports. It is not Kubernetes.
 */
export interface Forwarding {
  /** A kubeconfig that leads here. */
  readonly kubeconfig: string;
  /** `GET /api/v1/…`, in order. */
  readonly asked: string[];
  readonly annotations: Record<string, string>;
  /** How many connections through the pod are open. */
  open(): number;
  stop(): Promise<void>;
}

interface Pod {
  /** Where its ports are on this machine. */
  readonly ports: Readonly<Record<number, number>>;
  /** The kubelet writes what stands on it to a file; awaited, as if it took that long. */
  readonly shows: (annotations: Readonly<Record<string, string>>) => Promise<unknown>;
  readonly spec?: object;
  readonly ready?: boolean;
  /** Answers with this instead of a port-forward. */
  readonly refuses?: { readonly code: number; readonly message: string };
}

export async function startForwarding({ ports, shows, spec = {}, ready = true, refuses }: Pod): Promise<Forwarding> {
  const folder = await mkdtemp(join(tmpdir(), "forwarding-"));
  const sockets = new Set<Duplex>();
  const asked: string[] = [];
  const annotations: Record<string, string> = {};
  let version = 1;
  let open = 0;

  const server = createServer((request, response) => {
    void text(request).then(async (body) => {
      const path = new URL(request.url ?? "", "http://a").pathname;
      asked.push(`${request.method} ${path}`);
      const json = (status: number, object: object) => response.writeHead(status).end(JSON.stringify(object));
      const status = (code: number, message: string) => json(code, { kind: "Status", code, message });
      if (path.endsWith("/telehealthpractices/greenriver"))
        return json(200, { metadata: { name: "greenriver" }, spec });
      if (path.endsWith("/portforward"))
        return status(refuses?.code ?? 400, refuses?.message ?? "Upgrade request required");
      if (!path.endsWith("/pods/greenriver-synapse-0")) return status(404, "not found");
      if (request.method === "PATCH") {
        const { metadata } = JSON.parse(body) as { metadata: PatchedMetadata };
        if (metadata.resourceVersion && metadata.resourceVersion !== String(version)) return status(409, "conflict");
        version += 1;
        for (const [key, value] of Object.entries(metadata.annotations)) {
          if (value === null) delete annotations[key];
          else annotations[key] = value;
        }
        void shows(annotations);
      }
      const conditions = [{ type: "Ready", status: ready ? "True" : "False" }];
      return json(200, { metadata: { annotations, resourceVersion: String(version) }, status: { conditions } });
    });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("upgrade", (request: IncomingMessage, socket: Socket) => {
    const url = new URL(request.url ?? "", "http://a");
    asked.push(`GET ${url.pathname}`);
    if (refuses) {
      socket.end(`HTTP/1.1 ${refuses.code} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const port = Number(url.searchParams.get("ports"));
    open += 1;
    socket.on("close", () => (open -= 1));
    socket.on("error", () => socket.destroy());
    forward(request, socket, port, ports[port]);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  const kubeconfig = join(folder, "kubeconfig");
  const { port } = server.address() as AddressInfo;
  await writeFile(kubeconfig, kubeconfigOf(`http://127.0.0.1:${port}`));
  return {
    kubeconfig,
    asked,
    annotations,
    open: () => open,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}

interface PatchedMetadata {
  readonly resourceVersion?: string;
  readonly annotations: Readonly<Record<string, string | null>>;
}

/** Pipes between a WebSocket of `v4.channel.k8s.io` and a TCP port, as a kubelet does. */
function forward(request: IncomingMessage, socket: Socket, port: number, local: number | undefined): void {
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${acceptOf(request.headers["sec-websocket-key"])}\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n`,
  );
  const send = (channel: number, content: Buffer) =>
    socket.write(frameOf(Buffer.concat([Buffer.of(channel), content])));
  for (const channel of [0, 1]) send(channel, Buffer.of(port & 255, port >> 8));
  const target = connect({ port: local ?? 1, host: "127.0.0.1" });
  target.on("data", (data) => send(0, data));
  target.on("error", () => send(1, Buffer.from(`error forwarding port ${port} to pod`)));
  target.on("close", () => socket.end(Buffer.of(0x88, 0)));
  socket.on("close", () => target.destroy());
  let received = Buffer.alloc(0);
  socket.on("data", (data) => {
    received = Buffer.concat([received, data]);
    for (let frame = nextFrame(received); frame; frame = nextFrame(received)) {
      received = received.subarray(frame.length);
      if (frame.opcode === 8) socket.end();
      else if (frame.payload[0] === 0) target.write(frame.payload.subarray(1));
    }
  });
}

function kubeconfigOf(server: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "a", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "a", user: { token: "t" } }],
    contexts: [{ name: "a", context: { cluster: "a", user: "a", namespace: "greenriver" } }],
    "current-context": "a",
  });
}
