import { Agent, type Dispatcher } from "undici";
import type { Metrics } from "../telemetry/metrics.ts";
import { type Clock, createBackoff, sleep, systemClock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { ApiError } from "./errors.ts";
import { waitAfter } from "./retry-after.ts";
import { createAdaptiveLimiter } from "./limiter.ts";

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** JSON, sent byte for byte. */
  readonly body?: string;
  readonly contentType?: string;
  readonly accept?: string;
  /**
   * Doing it twice is as good as once, so it is sent again when nobody knows whether it had an effect.
   * Anything else is only sent again when it surely had none: no connection, or 429.
   */
  readonly repeatable: boolean;
  /** Called before each attempt; what it throws ends the request. */
  readonly beforeSend?: () => void;
  readonly signal?: AbortSignal;
  /** What is streamed may be silent for as long as it likes: a watch. */
  readonly mayPause?: boolean;
}

/** HTTP to the API server: pooled connections, credentials, repeats, limits. Strings in and out. */
export interface Transport {
  /** The body of a 2xx answer. @throws ApiError, or the signal's reason. */
  request(request: ApiRequest): Promise<string>;
  /** The body as it comes; one attempt. @throws ApiError, also from the iteration when the connection is lost or silent. */
  stream(request: ApiRequest): Promise<AsyncIterable<Buffer>>;
  close(): Promise<void>;
}

const ATTEMPTS = 6;
/** More than there may be writes, so that reads always find one. */
const CONNECTIONS = 64;
/** API priority and fairness gives a service account some 245 seats by default (KEP-1040); so few are polite. */
const WRITES_IN_FLIGHT = { first: 16, least: 2, most: 48 };
const TIMEOUT_MS = 30_000;
const PASSING = new Set([429, 500, 502, 503, 504]);
/** Errors of undici and the system that come before a byte was sent. */
const NOT_SENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "UND_ERR_CONNECT_TIMEOUT"]);

export function createTransport(options: {
  readonly connection: Connection;
  readonly metrics: Metrics;
  readonly clock?: Clock;
  /** How long to wait for headers and between two pieces of a body. */
  readonly timeoutMs?: number;
}): Transport {
  const { connection, metrics, clock = systemClock, timeoutMs = TIMEOUT_MS } = options;
  const agents = createAgents(connection, timeoutMs);
  const writes = createAdaptiveLimiter({ ...WRITES_IN_FLIGHT, now: clock.now });

  async function send(agent: Agent, request: ApiRequest, freshToken: boolean): Promise<Dispatcher.ResponseData> {
    request.signal?.throwIfAborted();
    const authorization = await connection.authorization(freshToken);
    request.beforeSend?.();
    const answer = await agent.request({
      origin: connection.server,
      path: request.path,
      method: request.method,
      ...(request.query ? { query: request.query } : {}),
      ...(request.body === undefined ? {} : { body: request.body }),
      ...(request.signal ? { signal: request.signal } : {}),
      ...(request.mayPause ? { bodyTimeout: 0 } : {}),
      headers: {
        accept: request.accept ?? "application/json",
        "user-agent": "telehealth-operator",
        ...(authorization ? { authorization } : {}),
        ...(request.body === undefined ? {} : { "content-type": request.contentType ?? "application/json" }),
      },
    });
    metrics.requests.inc({ code: String(answer.statusCode), method: request.method });
    if (answer.statusCode === 429) writes.refused();
    else if (request.method !== "GET" && answer.statusCode < 500) writes.taken();
    if (answer.statusCode === 401 && !freshToken) {
      await answer.body.dump();
      return send(agent, request, true);
    }
    return answer;
  }

  async function attempt(agent: Agent, request: ApiRequest): Promise<Dispatcher.ResponseData> {
    try {
      const answer = await send(agent, request, false);
      if (answer.statusCode < 300) return answer;
      throw apiError(request, answer.statusCode, answer.headers, await answer.body.text());
    } catch (error) {
      throw explain(request, error);
    }
  }

  function explain(request: ApiRequest, error: unknown): unknown {
    if (request.signal?.aborted) return request.signal.reason;
    const code = (error as { code?: unknown }).code;
    if (typeof code !== "string" || error instanceof ApiError) return error;
    metrics.requests.inc({ code: "<error>", method: request.method });
    return new Unreachable(`The API server did not answer ${request.method} ${request.path}: ${code}.`, code);
  }

  async function once(request: ApiRequest): Promise<string> {
    const answer = await attempt(agents.requests, request);
    return answer.body.text().catch((error: unknown) => {
      throw explain(request, error);
    });
  }

  /** A write has its place while the server has it, not while it waits to be tried again. */
  function inTurn(request: ApiRequest): Promise<string> {
    if (request.method === "GET") return once(request);
    return writes.run(namespaceOf(request.path), () => once(request), request.signal);
  }

  async function repeat(request: ApiRequest): Promise<string> {
    const backoff = createBackoff(clock, 200, 5000);
    for (let left = ATTEMPTS - 1; ; left -= 1) {
      try {
        return await inTurn(request);
      } catch (error) {
        if (left === 0 || !mayRepeat(request, error)) throw error;
        await sleep(clock, waitAfter(error, backoff.next()), request.signal);
        request.signal?.throwIfAborted();
      }
    }
  }

  return {
    request: repeat,
    async stream(request) {
      const { body } = await attempt(agents.streams, request);
      return explained(body, (error) => explain(request, error));
    },
    async close() {
      await Promise.all([agents.requests.destroy(), agents.streams.destroy()]);
    },
  };
}

/** No answer: nobody knows whether the request had an effect, unless it was never sent. */
class Unreachable extends ApiError {
  readonly sent: boolean;

  constructor(message: string, code: string) {
    super(0, message, { reason: "Unreachable" });
    this.sent = !NOT_SENT.has(code);
  }
}

/** How to connect to the API server: whom to trust there, and who we are. */
export function connectOptions(connection: Connection) {
  return {
    timeout: 10_000,
    keepAlive: true,
    keepAliveInitialDelay: 15_000,
    rejectUnauthorized: connection.skipTlsVerify !== true,
    ...(connection.ca ? { ca: connection.ca } : {}),
    ...(connection.cert ? { cert: connection.cert } : {}),
    ...(connection.key ? { key: connection.key } : {}),
    ...(connection.serverName ? { servername: connection.serverName } : {}),
  };
}

function createAgents(connection: Connection, timeoutMs: number): { requests: Agent; streams: Agent } {
  const common = {
    connect: connectOptions(connection),
    allowH2: false,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  };
  return {
    requests: new Agent({ ...common, connections: CONNECTIONS }),
    streams: new Agent(common),
  };
}

/** Empty for what belongs to no namespace. */
function namespaceOf(path: string): string {
  return /\/namespaces\/([^/]+)/.exec(path)?.[1] ?? "";
}

function mayRepeat(request: ApiRequest, error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  if (error instanceof Unreachable) return request.repeatable || !error.sent;
  return error.status === 429 || (request.repeatable && PASSING.has(error.status));
}

async function* explained(body: AsyncIterable<Buffer>, explain: (error: unknown) => unknown): AsyncIterable<Buffer> {
  try {
    yield* body;
  } catch (error) {
    throw explain(error);
  }
}

interface Status {
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly causes?: ApiError["causes"]; readonly retryAfterSeconds?: number };
}

function apiError(request: ApiRequest, code: number, headers: Dispatcher.ResponseData["headers"], body: string) {
  const status = parseStatus(body);
  const after = Number(headers["retry-after"] ?? status.details?.retryAfterSeconds);
  return new ApiError(
    code,
    status.message ?? `The API server answered ${request.method} ${request.path} with ${String(code)}.`,
    {
      ...(status.reason ? { reason: status.reason } : {}),
      ...(status.details?.causes ? { causes: status.details.causes } : {}),
      ...(Number.isFinite(after) ? { retryAfterSeconds: after } : {}),
    },
  );
}

/** Proxies in between answer with whatever they like; only a Status is shown to people. */
function parseStatus(body: string): Status {
  try {
    const parsed = JSON.parse(body) as Status & { kind?: string };
    return parsed.kind === "Status" ? parsed : {};
  } catch {
    return {};
  }
}
