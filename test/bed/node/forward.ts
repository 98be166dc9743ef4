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
 * Listens on a free port of 127.0.0.1 and passes each connection on to `host` and `port` as they are reached from where
 * this program was started with the socket `path`: a socket in the file system, unlike a port, is the same in every
 * network namespace.
 */
export async function forwardTo(
  path: string,
  host: string,
  port: number,
): Promise<{ readonly port: number; readonly close: () => void }> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    const inside = connect({ path, allowHalfOpen: true });
    inside.write(`${host} ${port}\n`);
    join(socket, inside);
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

/** Reads where a connection is to lead, `HOST PORT` in its first line, and passes on what follows. */
function answer(socket: Socket): void {
  let said = Buffer.alloc(0);
  const read = (piece: Buffer) => {
    said = Buffer.concat([said, piece]);
    const end = said.indexOf("\n");
    if (end < 0) return;
    socket.off("data", read).pause();
    const [host = "", port] = said.subarray(0, end).toString().split(" ");
    const inside = connect({ host, port: Number(port), allowHalfOpen: true });
    inside.write(said.subarray(end + 1));
    join(socket, inside);
  };
  socket.on("data", read).on("error", () => undefined);
}

// Started as a program, in the network that it leads into.
if (process.argv[1] === import.meta.filename) createServer({ allowHalfOpen: true }, answer).listen(process.argv[2]);
