import { once } from "node:events";
import { Agent, createServer, request as forward } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
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

/** One line of a watch, as the API server wrote it. */
export interface ProxiedEvent {
  readonly type: string;
  readonly object: {
    readonly kind: string;
    readonly metadata: { readonly namespace?: string; readonly name: string; readonly resourceVersion: string };
  };
}

/**
 * What happens to a request instead of being passed on and answered, or on the way. `onCut` runs at the moment of the cut.
 * `events` decides on each event of a watch: it is dropped, or passed on `milliseconds` after it came, or `after` something
 * else. `body` exchanges a whole answer, `query` changes what is asked.
 */
type Fate = "drop" | { readonly milliseconds: number } | { readonly after: Promise<unknown> };
export type Fault =
  | { readonly kind: "events"; readonly change: (event: ProxiedEvent) => Fate }
  | { readonly kind: "body"; readonly change: (body: string) => string }
  | { readonly kind: "query"; readonly change: (query: URLSearchParams) => void }
  | { readonly kind: "answer"; readonly status: number; readonly reason?: string; readonly retryAfter?: number }
  | { readonly kind: "delay"; readonly milliseconds: number }
  | { readonly kind: "hold"; readonly until: Promise<unknown> }
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
  /** Resets the connection of every watch that is open. */
  readonly cutWatches: () => void;
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

/** What becomes of an answer on its way back. */
type Answering = (response: IncomingMessage, outgoing: ServerResponse) => void;

const asItCame: Answering = (response, outgoing) => {
  outgoing.writeHead(response.statusCode ?? 502, response.headers);
  outgoing.flushHeaders(); // a watch shows nothing else until something happens
  response.pipe(outgoing);
  response.on("error", () => outgoing.destroy());
};

/** Without its length, which may change. */
function head({ statusCode = 502, headers }: IncomingMessage, outgoing: ServerResponse): void {
  const { "content-length": _, ...others } = headers;
  outgoing.writeHead(statusCode, others);
}

function changedBody(change: (body: string) => string): Answering {
  return (response, outgoing) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("error", () => outgoing.destroy());
    response.on("end", () => {
      head(response, outgoing);
      outgoing.end(change(Buffer.concat(chunks).toString("utf8")));
    });
  };
}

/** The order within the watch stays as it is. */
function changedEvents(change: Extract<Fault, { kind: "events" }>["change"]): Answering {
  return (response, outgoing) => {
    head(response, outgoing);
    outgoing.flushHeaders();
    let before: Promise<unknown> = Promise.resolve();
    const pass = async (line: string): Promise<void> => {
      const verdict = change(JSON.parse(line) as ProxiedEvent);
      const waited = verdict === "drop" ? undefined : "after" in verdict ? verdict.after : sleep(verdict.milliseconds);
      await before;
      await waited;
      if (verdict !== "drop") outgoing.write(`${line}\n`);
    };
    const reader = createInterface({ input: response });
    reader.on("line", (line) => {
      before = pass(line).catch(() => outgoing.destroy());
    });
    reader.on("close", () => void before.then(() => outgoing.end()));
    // What the response reports, its reader reports again.
    for (const source of [reader, response]) source.on("error", () => outgoing.destroy());
  };
}

/** Passes a request on, and its answer as `answering` wants. */
function passOn(incoming: IncomingMessage, outgoing: ServerResponse, options: object, answering: Answering): void {
  const { method, url: path } = incoming;
  const { host: _, ...headers } = incoming.headers;
  const upstream = forward({ method, path, headers, ...options }, (response) => answering(response, outgoing));
  upstream.on("error", () => outgoing.destroy());
  outgoing.on("close", () => upstream.destroy());
  incoming.pipe(upstream);
}

function answeringOf(wrong: Fault | undefined, cut: () => void): Answering {
  if (wrong?.kind === "cut") return (response) => void response.resume().on("end", cut);
  if (wrong?.kind === "events") return changedEvents(wrong.change);
  if (wrong?.kind === "body") return changedBody(wrong.change);
  return asItCame;
}

function pathWith(change: (query: URLSearchParams) => void, { path, query }: ProxiedRequest): string {
  const changed = new URLSearchParams(query);
  change(changed);
  return `${path}?${changed.toString()}`;
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
  const watches = new Set<ServerResponse>();

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
    if (wrong?.kind === "hold") await wrong.until;
    if (wrong?.kind === "cut" && wrong.moment === "before") return cut();
    if (request.isWatch) {
      watches.add(outgoing);
      outgoing.on("close", () => watches.delete(outgoing));
    }
    const options = incoming.headers.authorization ? asBearer : asAdmin;
    const path = wrong?.kind === "query" ? { path: pathWith(wrong.change, request) } : {};
    passOn(incoming, outgoing, { ...options, ...path }, answeringOf(wrong, cut));
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
  const cutWatches = () => {
    for (const watch of watches) watch.destroy();
  };
  return { connection: { ...adminConnection, server: own }, requests, cutWatches, stop };
}
