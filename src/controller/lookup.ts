import { lookup } from "node:dns/promises";
import { keepNewest } from "../runtime/newest.ts";

/** The addresses behind a host name. */
export type Lookup = (hostname: string) => Promise<readonly string[]>;

/** A little less than the time after which every practice is looked at again, so that each look asks. */
const KEPT_MS = 290_000;

/** More names than there are practices. */
const REMEMBERED = 10_000;

/** Asks at most every five minutes. When nobody answers, what was last known stays: the bridge must not forget it. */
export function createLookup(ask: Lookup = askResolver, now: () => number = () => performance.now()): Lookup {
  const known = new Map<string, { readonly addresses: readonly string[]; readonly until: number }>();
  return async (hostname) => {
    const before = known.get(hostname);
    if (before && now() < before.until) return before.addresses;
    const addresses = await ask(hostname).catch(() => before?.addresses ?? []);
    if (addresses.length > 0) keepNewest(known, hostname, { addresses, until: now() + KEPT_MS }, REMEMBERED);
    return addresses;
  };
}

const askResolver: Lookup = async (hostname) => (await lookup(hostname, { all: true })).map(({ address }) => address);
