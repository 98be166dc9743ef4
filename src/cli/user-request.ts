import { request } from "node:http";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";

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
  try {
    const answer = await new Promise<Answer>((resolve, reject) => {
      const sent = request(
        {
          method,
          path,
          createConnection: () => connection,
          headers: {
            host: "localhost",
            connection: "close",
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
            // Node says it by itself for some methods only.
            ...(content !== undefined && {
              "content-type": "application/json",
              "content-length": Buffer.byteLength(content),
            }),
          },
        },
        (response) => {
          text(response).then(
            (received) => resolve({ status: response.statusCode ?? 0, body: objectIn(received) }),
            reject,
          );
        },
      );
      sent.on("error", reject);
      sent.end(content);
    });
    return answer;
  } finally {
    connection.destroy();
  }
}

function objectIn(received: string): Answer["body"] {
  try {
    const parsed: unknown = JSON.parse(received);
    return typeof parsed === "object" && parsed !== null ? (parsed as Answer["body"]) : {};
  } catch {
    return {};
  }
}
