import { Duplex } from "node:stream";
import { Agent, WebSocket } from "undici";
import type { Connection } from "./connection.ts";
import { ApiError } from "./errors.ts";
import { connectOptions, type Transport } from "./transport.ts";

/** The first byte of every message, with one port: what goes through, and why nothing does. */
const DATA = 0;
const ERROR = 1;
/** The first message of each of the two is the port's number. */
const PREAMBLE_BYTES = 3;

/**
 * One connection to a TCP port inside a pod, 127.0.0.1 included, through the API server and the pod's kubelet. Nothing
 * listens on this machine, so nobody else on it gets in. Destroy it when it is no longer needed.
 *
 * Needs the rights to `get` and to `create` `pods/portforward`. Speaks `v4.channel.k8s.io` (`k8s.io/cri-streaming`,
 * `pkg/streaming/portforward/websocket.go`): it has no way to end one direction alone, which HTTP does not need.
 * @throws ApiError with what the API server says when it refuses; what the kubelet says destroys the connection.
 */
export async function portForward(
  { connection, transport }: { readonly connection: Connection; readonly transport: Transport },
  { namespace, name }: { readonly namespace: string; readonly name: string },
  port: number,
): Promise<Duplex> {
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/portforward`;
  const authorization = await connection.authorization();
  const agent = new Agent({ connect: connectOptions(connection), allowH2: false });
  const socket = new WebSocket(`${connection.server.replace(/^http/, "ws")}${path}?ports=${port}`, {
    protocols: ["v4.channel.k8s.io"],
    dispatcher: agent,
    headers: { "user-agent": "telehealth-operator", ...(authorization && { authorization }) },
  });
  socket.binaryType = "arraybuffer";
  const opened = await new Promise<boolean>((resolve) => {
    socket.addEventListener("open", () => resolve(true), { once: true });
    socket.addEventListener("error", () => resolve(false), { once: true });
  });
  if (!opened) {
    await agent.destroy();
    throw await refusal(transport, path, port);
  }
  return streamOf(socket, agent);
}

/** A handshake that failed says nothing. The same question without one is answered with the reason. */
async function refusal(transport: Transport, path: string, port: number): Promise<Error> {
  const asked = await transport.request({ method: "GET", path, query: { ports: String(port) }, repeatable: true }).then(
    () => undefined,
    (error: unknown) => error,
  );
  // What every permitted request is told that does not upgrade is no reason.
  if (asked instanceof ApiError && asked.message !== "Upgrade request required") return asked;
  return new Error("The API server opened no connection to the pod. Is something between that passes no WebSockets?");
}

/** Nobody in the pod listens at the port, or not yet. */
export class ConnectionRefused extends Error {
  override readonly name = "ConnectionRefused";
  constructor(reason: string) {
    super(`The pod refused the connection: ${reason}`);
  }
}

function streamOf(socket: WebSocket, agent: Agent): Duplex {
  const begun = new Set<number>();
  const stream = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      socket.send(Buffer.concat([Buffer.of(DATA), chunk]));
      done();
    },
    final(done) {
      socket.close();
      done();
    },
    destroy(error, done) {
      socket.close();
      void agent.destroy().then(() => done(error));
    },
  });
  socket.addEventListener("message", ({ data }) => {
    const message = Buffer.from(data as ArrayBuffer);
    const channel = message[0] ?? ERROR;
    const content = message.subarray(begun.has(channel) ? 1 : PREAMBLE_BYTES);
    begun.add(channel);
    if (content.length === 0) return;
    if (channel === DATA) stream.push(content);
    else stream.destroy(new ConnectionRefused(content.toString("utf8")));
  });
  socket.addEventListener("close", () => stream.push(null));
  socket.addEventListener("error", () => stream.destroy(new Error("The connection to the pod was lost.")));
  return stream;
}
