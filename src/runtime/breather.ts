/** Milliseconds for which work may hold the event loop; a timer, a probe or a renewal waits no longer for its turn. */
const LONGEST_MS = 5;

/**
 * For work in many small steps: call it after each, and wait for what it answers, if it does.
 * @param now milliseconds that never jump.
 * @returns a promise when it is time to let others have a turn.
 */
export function createBreather(now: () => number): () => Promise<void> | undefined {
  let since: number | undefined;
  return () => {
    // The loop turned since: what held it then was not this work.
    if (since === undefined) {
      since = now();
      setImmediate(() => (since = undefined));
    }
    if (now() - since < LONGEST_MS) return undefined;
    return new Promise((resolve) => setImmediate(resolve));
  };
}
