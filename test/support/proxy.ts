import { once } from "node:events";
import { Agent, createServer, request as forward } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../bed/api.ts";
import type { KeyPair } from "../bed/pki.ts";

/** A request as it arrived at the proxy. */
export interface ProxiedRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly isWatch: boolean;
  /** It asks for a change: no read, no dry run, no question about rights. Lease renewals count. */
  readonly isWrite: boolean;
  /** How many writes there were up to and including this one. */
  readonly writes: number;
}

/** What happens to a request instead of being passed on and answered. `onCut` runs at the moment of the cut. */
export type Fault =
  | { readonly kind: "answer"; readonly status: number; readonly reason?: string; readonly retryAfter?: number }
  | { readonly kind: "delay"; readonly milliseconds: number }
  | { readonly kind: "cut"; readonly moment: "before" | "after"; readonly onCut?: () => void };

/** The part of a control plane that the proxy needs; a `ControlPlane` and the tests' shared `bed` both have it. */
export interface Upstream {
  readonly adminConnection: Connection;
  readonly serverIdentity: KeyPair;
}

export interface Proxy {
  /** Reaches the API server through the proxy, as the administrator unless the request brings a token. */
  readonly connection: Connection;
  readonly requests: readonly ProxiedRequest[];
  readonly stop: () => Promise<void>;
}

const questions = /^\/apis\/(authorization|authentication)\.k8s\.io\//;

function describe(incoming: IncomingMessage, writesBefore: number): ProxiedRequest {
  const url = new URL(incoming.url ?? "/", "https://proxy");
  const method = incoming.method ?? "GET";
  const reads = method === "GET" || method === "HEAD";
  const isWrite = !reads && !url.searchParams.has("dryRun") && !questions.test(url.pathname);
  const isWatch = ["1", "true"].includes(url.searchParams.get("watch") ?? "");
  const writes = writesBefore + (isWrite ? 1 : 0);
  return { method, path: url.pathname, query: url.searchParams, isWatch, isWrite, writes };
}

function answer(outgoing: ServerResponse, { status, reason, retryAfter }: Extract<Fault, { kind: "answer" }>): void {
  const body = {
    apiVersion: "v1",
    kind: "Status",
    status: "Failure",
    code: status,
    reason,
    message: "said by the proxy",
  };
  outgoing.writeHead(status, {
    "content-type": "application/json",
    ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }),
  });
  outgoing.end(JSON.stringify(body));
}

/** Passes a request on. With `onAnswered` the answer is waited for, thrown away and the connection cut. */
function passOn(incoming: IncomingMessage, outgoing: ServerResponse, options: object, onAnswered?: () => void): void {
  const { method, url: path } = incoming;
  const { host: _, ...headers } = incoming.headers;
  const upstream = forward({ ...options, method, path, headers }, (response) => {
    if (onAnswered) {
      response.resume().on("end", onAnswered);
      return;
    }
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    outgoing.flushHeaders(); // a watch shows nothing else until something happens
    response.pipe(outgoing);
    response.on("error", () => outgoing.destroy());
  });
  upstream.on("error", () => outgoing.destroy());
  outgoing.on("close", () => upstream.destroy());
  incoming.pipe(upstream);
}

/**
 * Starts an HTTPS proxy in front of an API server that records every request and lets `fault` decide what goes wrong.
 * Clients trust it as they trust the API server itself.
 * @param onRequest sees each request and its answer on their way, for whoever counts them.
 */
export async function startProxy(
  { adminConnection, serverIdentity }: Upstream,
  fault: (request: ProxiedRequest) => Fault | undefined = () => undefined,
  onRequest: (request: ProxiedRequest, incoming: IncomingMessage, outgoing: ServerResponse) => void = () => undefined,
): Promise<Proxy> {
  const { hostname, port } = new URL(adminConnection.server);
  const { ca, cert, key } = adminConnection;
  const asAdmin = { hostname, port, agent: new Agent({ keepAlive: true, ca, cert, key }) };
  const asBearer = { hostname, port, agent: new Agent({ keepAlive: true, ca }) }; // a certificate would win over a token
  const requests: ProxiedRequest[] = [];

  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const request = describe(incoming, requests.at(-1)?.writes ?? 0);
    requests.push(request);
    onRequest(request, incoming, outgoing);
    const wrong = fault(request);
    const cut = () => {
      if (wrong?.kind === "cut") wrong.onCut?.();
      incoming.socket.destroy();
    };
    if (wrong?.kind === "answer") return answer(outgoing, wrong);
    if (wrong?.kind === "delay") await sleep(wrong.milliseconds);
    if (wrong?.kind === "cut" && wrong.moment === "before") return cut();
    const options = incoming.headers.authorization ? asBearer : asAdmin;
    passOn(incoming, outgoing, options, wrong?.kind === "cut" ? cut : undefined);
  };

  const server = createServer({ cert: serverIdentity.cert, key: serverIdentity.key }, (incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    asAdmin.agent.destroy();
    asBearer.agent.destroy();
    await closed;
  };
  const own = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { connection: { ...adminConnection, server: own }, requests, stop };
}
