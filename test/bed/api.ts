import { Agent } from "undici";

/** How to reach an API server as somebody: an address and PEM texts. */
export interface Connection {
  readonly server: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** A plain client for the bed and its tests, independent of the operator's own. */
export interface ApiClient {
  /** Sends JSON and returns the parsed answer, whatever its status. */
  request(
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body?: object,
    contentType?: string,
  ): Promise<{ status: number; body: unknown }>;
  /** Opens an answer that goes on until `signal`, such as a watch's. */
  stream(path: string, signal: AbortSignal): Promise<AsyncIterable<Buffer>>;
  close(): Promise<void>;
}

/** @param as whom to impersonate; a service account's groups come with its name. */
export function apiClient({ server, ca, cert, key }: Connection, as?: string): ApiClient {
  const agent = new Agent({ allowH2: false, connect: { ca, cert, key }, headersTimeout: 20_000 });
  return {
    request: async (method, path, body, contentType = "application/json") => {
      const answer = await agent.request({
        origin: server,
        path,
        method,
        headers: {
          accept: "application/json",
          ...(as !== undefined && { "impersonate-user": as }),
          ...(body && { "content-type": contentType }),
        },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await answer.body.text();
      const json = String(answer.headers["content-type"]).includes("json");
      return { status: answer.statusCode, body: json ? JSON.parse(text) : text };
    },
    stream: async (path, signal) => {
      const { statusCode, body } = await agent.request({ origin: server, path, method: "GET", signal, bodyTimeout: 0 });
      if (statusCode === 200) return body;
      throw new Error(`GET ${path}: ${statusCode} ${await body.text()}`);
    },
    close: () => agent.close(),
  };
}
