import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const LOOK_AGAIN_MS = 1000;

/** Resolves as soon as nothing listens at a TCP port of this pod any more. */
export async function ended(port: number): Promise<void> {
  while (await listens(port)) await sleep(LOOK_AGAIN_MS);
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
