import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Metrics } from "./metrics.ts";

/** Says what is wrong in one sentence; `undefined` when all is well. */
export type Check = () => string | undefined;

export interface TelemetryServer {
  /** The port it listens on; of use when 0 was asked for. */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves `/healthz`, `/readyz` (200 `ok` or 503 with one line per failing check) and `/metrics`.
 * @throws when the port is taken.
 */
export async function startTelemetryServer(options: {
  readonly port: number;
  readonly host?: string;
  readonly metrics: Metrics;
  readonly health: Readonly<Record<string, Check>>;
  readonly readiness: Readonly<Record<string, Check>>;
}): Promise<TelemetryServer> {
  const { metrics, health, readiness } = options;
  const server = createServer((request, response) => {
    const answer = (status: number, body: string, type = "text/plain; charset=utf-8") =>
      response.writeHead(status, { "content-type": type }).end(body);
    const path = request.url?.split("?")[0];
    if (request.method !== "GET" && request.method !== "HEAD") answer(405, "method not allowed\n");
    else if (path === "/healthz") answer(...verdict(health));
    else if (path === "/readyz") answer(...verdict(readiness));
    else if (path === "/metrics") {
      metrics.registry.metrics().then(
        (text) => answer(200, text, metrics.registry.contentType),
        () => answer(500, "metrics could not be collected\n"),
      );
    } else answer(404, "not found\n");
  });
  await listen(server, options.port, options.host);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function verdict(checks: Readonly<Record<string, Check>>): [number, string] {
  const failing = Object.entries(checks).flatMap(([name, check]) => {
    const problem = check();
    return problem === undefined ? [] : [`${name}: ${problem}\n`];
  });
  return failing.length === 0 ? [200, "ok\n"] : [503, failing.join("")];
}

function listen(server: Server, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(host ? { host } : {}) }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
