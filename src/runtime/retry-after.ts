import { ApiError } from "./errors.ts";

/** Whatever stands before an API server may ask for hours. */
const LONGEST_RETRY_AFTER_SECONDS = 30;

/**
 * Milliseconds to wait after what went wrong: as long as the answer's Retry-After asks, within half a minute, and the own
 * `backoff` on top of it, so that those who were refused together do not come back together.
 */
export function waitAfter(error: unknown, backoff: number): number {
  const asked = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) : 0;
  return Math.max(0, Math.min(asked, LONGEST_RETRY_AFTER_SECONDS)) * 1000 + backoff;
}
