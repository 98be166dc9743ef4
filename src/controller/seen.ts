import type { Context } from "./context.ts";

/** How long to wait for the cache to show our last writes. */
const SETTLE_MS = 1000;

/** What we wrote last has not come back yet. */
export class Unseen extends Error {}

/**
 * A cache that has not seen our last writes would make us repeat them, leave behind what it does not show, and tell what was.
 * @throws Unseen
 */
export async function assertSeen({ applier, signal }: Context, namespace: string): Promise<void> {
  if (!(await applier.waitSettled(namespace, SETTLE_MS, signal))) throw new Unseen();
}
