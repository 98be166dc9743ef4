import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type EntryOptions, entryOptions } from "./options.ts";
import { page, STYLES } from "./page.ts";

const HEADERS = {
  "Content-Security-Policy":
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
};

/** A running entry page. */
export interface EntryServer {
  readonly port: number;
  /** Ends it: open answers are finished, idle connections closed. */
  readonly close: () => Promise<void>;
}

/**
 * Serves the entry page over plain HTTP behind the front pod. Logs nothing about a request.
 * @param options what differs from the environment; port 0 takes a free one.
 */
export async function serveEntry(options: Partial<EntryOptions> = {}): Promise<EntryServer> {
  const settings = { ...entryOptions(process.env), ...options };
  const server = createServer(answer(settings));
  server.listen(settings.port, settings.host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeIdleConnections();
      await closed;
    },
  };
}

function answer(options: EntryOptions): RequestListener {
  const files = new Map([
    ["/", { type: "text/html; charset=utf-8", body: page(options) }],
    ["/style.css", { type: "text/css; charset=utf-8", body: STYLES }],
    ["/-/ready", { type: "text/plain; charset=utf-8", body: "ready\n" }],
  ]);
  return (request, response) => {
    const file = files.get(request.url?.split("?", 1)[0] ?? "");
    const readable = request.method === "GET" || request.method === "HEAD";
    const status = !readable ? 405 : file ? 200 : 404;
    const { type, body } = (readable && file) || { type: "text/plain; charset=utf-8", body: "" };
    response.writeHead(status, { ...HEADERS, "Content-Type": type });
    response.end(body);
  };
}
