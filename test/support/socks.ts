import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/**
 * A SOCKS4 proxy on loopback that leads connections to addresses of simulated pods to programs of the test: what talks
 * to a pod by the address that the cluster tells talks to the program that stands for it.
 */
export async function startSocks() {
  const places = new Map<string, number>();
  const asked: string[] = [];
  const open = new Set<Socket>();
  const server = createServer((client) => {
    open.add(client);
    client.on("close", () => open.delete(client)).on("error", () => client.destroy());
    client.once("data", (first: Buffer) => {
      // Version, command, port, address, user ending with 0: https://www.openssh.com/txt/socks4.protocol
      const wanted = `${[...first.subarray(4, 8)].join(".")}:${first.readUInt16BE(2)}`;
      asked.push(wanted);
      const port = places.get(wanted);
      if (port === undefined) return client.end(Buffer.from([0, 91, 0, 0, 0, 0, 0, 0]));
      const inside = connect(port, "127.0.0.1");
      inside.on("connect", () => {
        client.write(Buffer.from([0, 90, 0, 0, 0, 0, 0, 0]));
        const rest = first.subarray(first.indexOf(0, 8) + 1);
        if (rest.length > 0) inside.write(rest);
        client.pipe(inside).pipe(client);
      });
      inside.on("error", () => client.destroy()).on("close", () => client.destroy());
      client.on("close", () => inside.destroy());
      return undefined;
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as { port: number }).port,
    /** From now on `place` (ADDRESS:PORT) is at a port of loopback. */
    lead: (place: string, port: number) => places.set(place, port),
    /** Every place that was asked for. */
    asked: asked as readonly string[],
    stop: async () => {
      for (const client of open) client.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
