import { setTimeout as sleep } from "node:timers/promises";

/**
 * Asks until `check` answers with something other than `undefined`, `null` or `false` and returns that. A check that
 * throws counts as "not yet". After `timeout` milliseconds (30,000) it throws, with the last error as the cause.
 */
export async function waitFor<T>(
  check: () => T | undefined | null | false | Promise<T | undefined | null | false>,
  { timeout = 30_000, interval = 100, what = "what the test waits for" } = {},
): Promise<T> {
  const end = performance.now() + timeout;
  let cause: unknown;
  for (;;) {
    try {
      const found = await check();
      if (found !== undefined && found !== null && found !== false) return found;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > end) {
      const reason = cause instanceof Error ? ` Last error: ${cause.message}` : "";
      throw new Error(`Waited ${timeout / 1000} s for ${what}.${reason}`, { cause });
    }
    await sleep(interval);
  }
}
