import { serveEntry } from "../entry/server.ts";

/** `telehealth entry`: the entry page of one practice, until SIGTERM; a program without any right in the cluster. */
export async function entry(): Promise<number> {
  const server = await serveEntry();
  await new Promise((resolve) => {
    process.once("SIGTERM", resolve);
    process.once("SIGINT", resolve);
  });
  await server.close();
  return 0;
}
