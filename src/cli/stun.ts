import { ended } from "../stun/companion.ts";
import { stunOptions } from "../stun/options.ts";
import { serveStun } from "../stun/server.ts";

/**
 * `telehealth stun`: the responder beside a practice's bridge; a program without any right in the cluster. After SIGTERM
 * it goes on for as long as the bridge does, which waits for the end of its calls and meanwhile serves others.
 */
export async function stun(): Promise<number> {
  const { bridge } = stunOptions(process.env);
  const server = await serveStun();
  await new Promise((resolve) => {
    process.once("SIGTERM", resolve);
    process.once("SIGINT", resolve);
  });
  if (bridge !== undefined) await ended(bridge);
  await server.close();
  return 0;
}
