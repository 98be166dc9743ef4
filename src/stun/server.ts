import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { answerTo } from "./answer.ts";
import { type StunOptions, stunOptions } from "./options.ts";

/** A running responder. */
export interface StunServer {
  readonly port: number;
  readonly close: () => Promise<void>;
}

/**
 * Tells whoever asks by STUN over UDP which address the question came from, so that a device can try the way to the
 * bridge before a call. Keeps nothing and logs nothing; what is over the bound is dropped.
 * @param options what differs from the environment; port 0 takes a free one.
 */
export async function serveStun(options: Partial<StunOptions> = {}): Promise<StunServer> {
  const settings = { ...stunOptions(process.env), ...options };
  const allowed = bound(settings.answersPerSecond);
  const first = await listen("udp4", settings.port, allowed);
  const { port } = first.address();
  const second = await listen("udp6", port, allowed).catch(unlessWithoutIPv6);
  return {
    port,
    close: async () => {
      await closed(first);
      if (second) await closed(second);
    },
  };
}

/** A node may be without IPv6; then the bridge is not reached that way either. */
function unlessWithoutIPv6(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "EAFNOSUPPORT" && error.code !== "EADDRNOTAVAIL") throw error;
}

async function listen(type: "udp4" | "udp6", port: number, allowed: () => boolean): Promise<Socket> {
  const socket = createSocket({ type, ipv6Only: type === "udp6" });
  socket.on("message", (question, from) => {
    const answer = answerTo(question, from);
    // Whoever cannot be reached is nobody's concern: the callback keeps the error from ending the process.
    if (answer && allowed()) socket.send(answer, from.port, from.address, () => {});
  });
  socket.bind(port);
  await once(socket, "listening");
  return socket;
}

/** Whether one more is allowed in this second. One count for all, because one for each would keep addresses. */
function bound(perSecond: number): () => boolean {
  let [second, left] = [-1, 0];
  return () => {
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) [second, left] = [now, perSecond];
    left -= 1;
    return left >= 0;
  };
}

async function closed(socket: Socket): Promise<void> {
  const ended = once(socket, "close");
  socket.close();
  await ended;
}
