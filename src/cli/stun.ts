import { serveStun } from "../stun/server.ts";

/** `telehealth stun`: the responder beside a practice's bridge, until SIGTERM; a program without any right in the cluster. */
export async function stun(): Promise<number> {
  const server = await serveStun();
  await new Promise((resolve) => {
    process.once("SIGTERM", resolve);
    process.once("SIGINT", resolve);
  });
  await server.close();
  return 0;
}
