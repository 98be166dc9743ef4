import { lookup } from "node:dns/promises";
import { type Clock, sleep, systemClock } from "../runtime/clock.ts";
import { keepNewest } from "../runtime/newest.ts";

/** The addresses behind a host name. */
export type Lookup = (hostname: string) => Promise<readonly string[]>;

/** A little less than the time after which every practice is looked at again, so that each look asks. */
const KEPT_MS = 290_000;

/** How long a look waits for an answer: workers that repair walls must not hang with a resolver. */
const PATIENCE_MS = 1000;

/** More names than there are practices. */
const REMEMBERED = 10_000;

/**
 * Asks at most every five minutes. When nobody answers in time, what was last known stays: the bridge must not forget it.
 * An answer that comes later is for the next look.
 */
export function createLookup(ask: Lookup = askResolver, clock: Pick<Clock, "now" | "after"> = systemClock): Lookup {
  const known = new Map<string, { readonly addresses: readonly string[]; readonly until: number }>();
  /** Names whose answer is still to come. */
  const asked = new Set<string>();

  async function learn(hostname: string): Promise<void> {
    asked.add(hostname);
    const addresses = await ask(hostname).catch(() => []);
    asked.delete(hostname);
    if (addresses.length > 0) keepNewest(known, hostname, { addresses, until: clock.now() + KEPT_MS }, REMEMBERED);
  }

  return async (hostname) => {
    const before = known.get(hostname);
    if (before && clock.now() < before.until) return before.addresses;
    // Who has waited in vain once does not wait again for the same answer.
    if (!asked.has(hostname)) await within(PATIENCE_MS, learn(hostname), clock);
    return known.get(hostname)?.addresses ?? [];
  };
}

const askResolver: Lookup = async (hostname) => (await lookup(hostname, { all: true })).map(({ address }) => address);

/** Waits for what is under way, but no longer than so many milliseconds. */
async function within(ms: number, underWay: Promise<void>, clock: Pick<Clock, "after">): Promise<void> {
  const over = new AbortController();
  await Promise.race([underWay, sleep(clock, ms, over.signal)]);
  over.abort();
}
