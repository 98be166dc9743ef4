import { serveEntry } from "../entry/server.ts";

/** `telehealth entry`: the entry page of one practice, as a program without any right in the cluster. */
export async function entry(): Promise<number> {
  await serveEntry({});
  return 0;
}
