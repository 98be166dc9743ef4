import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { answerTo } from "./echo.ts";
import type { Door } from "./options.ts";

/** Longer than what is said, and no more is kept of it. */
const LONGEST_WORD = 64;

/**
 * Answers at these ports until it is closed. Datagrams first, so that whoever finds a TCP port open finds all of them.
 * @param host all addresses when absent, of both families where there are two.
 * @throws Error when a port cannot be had.
 */
export async function listen(doors: readonly Door[], host?: string): Promise<{ close: () => void }> {
  const open: (Socket | Server)[] = [];
  const close = () => open.forEach((one) => one.close());
  try {
    for (const { port } of doors.filter(({ protocol }) => protocol === "UDP")) {
      open.push(await listenUdp("udp4", port, host));
      if (host === undefined) open.push(...(await listenUdp("udp6", port).then((one) => [one], withoutIPv6)));
    }
    for (const { port } of doors.filter(({ protocol }) => protocol === "TCP")) open.push(await listenTcp(port, host));
  } catch (error) {
    close();
    throw error;
  }
  return { close };
}

/** A cluster may have no IPv6; then nobody comes that way. */
function withoutIPv6(error: NodeJS.ErrnoException): [] {
  if (error.code !== "EAFNOSUPPORT" && error.code !== "EADDRNOTAVAIL") throw error;
  return [];
}

async function listenUdp(type: "udp4" | "udp6", port: number, host?: string): Promise<Socket> {
  const socket = createSocket({ type, ipv6Only: type === "udp6" });
  socket.on("message", (message, from) => {
    const answer = message.length <= LONGEST_WORD ? answerTo(message.toString("latin1")) : undefined;
    // Whoever cannot be reached any more is nobody's concern: the callback keeps the error from ending the process.
    if (answer) socket.send(answer, from.port, from.address, () => {});
  });
  socket.bind(port, host);
  await once(socket, "listening");
  return socket;
}

async function listenTcp(port: number, host?: string): Promise<Server> {
  const server = createServer((connection) => {
    let said = "";
    connection.setTimeout(5000, () => connection.destroy());
    connection.on("error", () => connection.destroy());
    connection.on("data", (part) => {
      said += part.toString("latin1");
      const answer = said.length <= LONGEST_WORD ? answerTo(said) : undefined;
      if (answer) connection.end(answer);
      else if (said.length > LONGEST_WORD) connection.destroy();
    });
  });
  server.listen(port, host);
  await once(server, "listening");
  return server;
}
