import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createServer } from "node:tls";
import type { KeyPair } from "../../bed/pki.ts";

/**
 * The edge of the cluster: ends TLS and passes bytes on as they are. `paths` lead elsewhere than to `target`, judged
 * by the first line of a connection.
 */
export async function startEdge(
  { cert, key }: KeyPair,
  { port, target, paths }: { port: number; target: number; paths: Readonly<Record<string, number>> },
) {
  const open = new Set<Socket>();
  const server = createServer({ cert, key, ALPNProtocols: ["http/1.1"] }, (client) => {
    client.once("data", (first: Buffer) => {
      const path = /^\S+ (\S+)/.exec(first.toString("latin1"))?.[1] ?? "";
      const other = Object.entries(paths).find(([prefix]) => path.startsWith(prefix));
      const inside = connect(other?.[1] ?? target, "127.0.0.1");
      inside.write(first);
      client.pipe(inside).pipe(client);
      inside.on("error", () => client.destroy());
      client.on("error", () => inside.destroy());
      client.on("close", () => inside.destroy());
      inside.on("close", () => client.destroy());
    });
    client.on("error", () => client.destroy());
    open.add(client);
    client.on("close", () => open.delete(client));
  });
  server.listen(port);
  await once(server, "listening");
  const cut = () => {
    for (const client of open) client.destroy();
  };
  return {
    /** Ends every connection that is open, as a lost network does. */
    cut,
    stop: async () => {
      server.close();
      cut();
      await once(server, "close");
    },
  };
}
