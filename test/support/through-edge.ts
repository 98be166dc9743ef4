import type { Socket } from "node:net";
import { connect } from "node:tls";
import { Agent, fetch as fetchWith } from "undici";

/** Where TLS ends before a practice: a port of this machine, and who signed what it shows. */
export interface Edge {
  readonly https: number;
  readonly ca: string;
}

/** Asks the edge for every host, by a connection of its own, and accepts only a certificate for that host. */
export function throughEdge({ https, ca }: Edge, opened: (socket: Socket) => void = () => undefined): Agent {
  return new Agent({
    connect: ({ hostname }, connected) => {
      const socket = connect({ host: "127.0.0.1", port: https, servername: hostname, ca });
      opened(socket);
      socket.once("secureConnect", () => connected(null, socket)).once("error", (error) => connected(error, null));
    },
  });
}

/** `fetch` as somebody on the internet has it, where all hosts are behind this edge. */
export function fetchThrough(edge: Edge): { readonly fetch: typeof fetch; readonly close: () => Promise<void> } {
  const dispatcher = throughEdge(edge);
  const asking = (url: string, init: object) => fetchWith(url, { ...init, dispatcher });
  return { fetch: asking as unknown as typeof fetch, close: () => dispatcher.close() };
}
