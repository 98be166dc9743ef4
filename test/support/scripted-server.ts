import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Connection } from "../../src/runtime/connection.ts";

/** A request as it arrived, byte for byte. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** What the script may do to the client. */
export interface Reply {
  json(status: number, body: unknown, headers?: Record<string, string>): void;
  /** A Status as the API server writes it. */
  status(
    code: number,
    reason: string,
    more?: { message?: string; details?: object; headers?: Record<string, string> },
  ): void;
  /** Cuts the TCP connection (RST). */
  reset(): void;
  /** Starts a 200 answer that stays open. */
  stream(): Stream;
}

export interface Stream {
  /** Bytes as they are, or one JSON object on a line. */
  write(chunk: Buffer | object): void;
  end(): void;
  reset(): void;
}

export type Script = (request: Received, reply: Reply) => void | Promise<void>;

export interface ScriptedServer {
  readonly connection: Connection;
  readonly received: Received[];
  /** TCP connections ever opened. */
  connections(): number;
  /** Replaces the script. */
  script(script: Script): void;
  close(): Promise<void>;
}

/** An API server on loopback that does exactly what the test says, misbehaviour included. */
export async function startScriptedServer(script: Script): Promise<ScriptedServer> {
  let current = script;
  let opened = 0;
  const sockets = new Set<Socket>();
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void readBody(request).then(async (body) => {
      const url = new URL(request.url ?? "/", "http://scripted");
      const { method = "", headers } = request;
      const entry = { method, path: url.pathname, query: url.searchParams, headers, body };
      received.push(entry);
      await current(entry, replyWith(response));
    });
  });
  server.on("connection", (socket) => {
    opened += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    connection: { server: `http://127.0.0.1:${String(port)}`, authorization: () => Promise.resolve("Bearer t0ken") },
    received,
    connections: () => opened,
    script: (next) => void (current = next),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function replyWith(response: ServerResponse): Reply {
  const json: Reply["json"] = (status, body, headers = {}) => {
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  };
  const reset = () => void response.socket?.resetAndDestroy();
  return {
    json,
    reset,
    status(code, reason, { message = reason, details, headers } = {}) {
      json(code, { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message, details }, headers);
    },
    stream() {
      response.writeHead(200, { "content-type": "application/json" });
      response.flushHeaders();
      return {
        write: (chunk) => void response.write(Buffer.isBuffer(chunk) ? chunk : `${JSON.stringify(chunk)}\n`),
        end: () => void response.end(),
        reset,
      };
    },
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
