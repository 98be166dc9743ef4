import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Loopback alone: only a port-forward gets there, and whoever may make one is asked for the token as well. */
export const COPY_HOST = "127.0.0.1";
export const COPY_PORT = 8087;

/** Uploads and their thumbnails; what came from other servers or previews is fetched again, and here there is none. */
export const MEDIA = ["local_content", "local_thumbnails"];

/** Says which SHA-256 (64 hexadecimal digits) the body of a request must have. */
export const DIGEST_HEADER = "x-sha256";

/** Whether a request shows the token that was made for this one command. */
export function isPermitted({ headers }: IncomingMessage, token: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(headers.authorization ?? ""), digest(`Bearer ${token}`));
}

/** @throws Error without a token: an empty one would let everybody in. */
export function tokenFrom(environment: Readonly<Record<string, string | undefined>>): string {
  const token = environment["COPY_TOKEN"];
  if (!token) throw new Error("COPY_TOKEN is missing. `telehealth backup` and `telehealth restore` set it.");
  return token;
}
