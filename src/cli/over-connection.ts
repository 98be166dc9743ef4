import { type ClientRequest, type IncomingMessage, request, type RequestOptions } from "node:http";
import type { Duplex } from "node:stream";

/**
 * One HTTP request over a connection of its own, such as a port-forward, which is gone when the exchange is over.
 * @param send writes the body, if there is one, and ends the request.
 * @returns the answer, with its body still to come, whatever its status.
 */
export function overConnection(
  connection: Duplex,
  {
    headers,
    ...options
  }: Pick<RequestOptions, "method" | "path"> & { readonly headers: Record<string, string | number> },
  send: (sent: ClientRequest) => void = (sent) => void sent.end(),
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request({
      ...options,
      createConnection: () => connection,
      headers: { host: "localhost", connection: "close", ...headers },
    });
    sent.on("response", resolve);
    sent.on("error", reject);
    sent.on("close", () => connection.destroy());
    send(sent);
  });
}
