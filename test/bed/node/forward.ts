import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** Passes on what comes in on one side to the other, and back. */
function join(one: Socket, other: Socket): void {
  one.pipe(other).pipe(one);
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on("error", () => to.destroy());
    from.on("close", () => to.destroy());
  }
}

/**
 * Listens on a free port of 127.0.0.1 and passes each connection on to a socket in the file system, which, unlike a port,
 * is the same in every network namespace.
 */
export async function forwardTo(socketPath: string): Promise<{ readonly port: number; readonly close: () => void }> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    join(socket, connect({ path: socketPath, allowHalfOpen: true }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The forwarder has no port.");
  return {
    port: address.port,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

// Started as a program, inside of the node: from a socket in the file system to a port of the node itself.
if (process.argv[1] === import.meta.filename) {
  const [, , path = "", port = ""] = process.argv;
  createServer({ allowHalfOpen: true }, (socket) =>
    join(socket, connect({ host: "127.0.0.1", port: Number(port), allowHalfOpen: true })),
  ).listen(path);
}
