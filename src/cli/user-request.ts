import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { overConnection } from "./over-connection.ts";

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** One HTTP request with JSON over a connection of its own, which is gone afterwards. */
export async function askOver(
  connection: Duplex,
  method: string,
  path: string,
  { token, body }: { readonly token?: string; readonly body?: object } = {},
): Promise<Answer> {
  const content = body && JSON.stringify(body);
  const headers = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    // Node says it by itself for some methods only.
    ...(content !== undefined && {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(content),
    }),
  };
  const answer = await overConnection(connection, { method, path, headers }, (sent) => sent.end(content));
  return { status: answer.statusCode ?? 0, body: objectIn(await text(answer)) };
}

function objectIn(received: string): Answer["body"] {
  try {
    const parsed: unknown = JSON.parse(received);
    return typeof parsed === "object" && parsed !== null ? (parsed as Answer["body"]) : {};
  } catch {
    return {};
  }
}
