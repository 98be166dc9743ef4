import { CompactEncrypt, compactDecrypt } from "jose";
import type { Capability } from "./capability.ts";
import { digest, type Keys } from "./keys.ts";
import type { KeptReceipt, Store } from "./store.ts";

/**
 * Receipts of consent that a practice keeps: each encrypted with a key that the practice's own key and the room in the
 * link make together. The room is kept nowhere, so whoever has database and Secret, but not the link, reads nothing.
 */
export interface Receipts {
  /** How many days each is kept, the day on which it was given not counted. */
  readonly days: number;
  /** What the database keeps of a receipt. */
  readonly sealed: (link: Capability, receipt: string) => Promise<KeptReceipt>;
  /** What is kept for a link: one for each seat. Links of either kind find it. */
  readonly of: (link: Capability) => Promise<readonly string[]>;
}

const DAY = 86_400;

/** Which day it is, counted from 1970 in UTC: no finer time stands beside a receipt. */
export function dayOf(seconds: number): number {
  return Math.floor(seconds / DAY);
}

export function receiptsOf(parts: {
  readonly keys: Keys;
  readonly store: Store;
  readonly days: number;
  readonly now: () => number;
}): Receipts {
  const { keys, store, days, now } = parts;

  /** What the practice's key makes of a room: for one use, and for nobody who does not know the room. */
  const made = ({ key, room }: Capability, use: "place" | "key") =>
    digest((keys.byId.get(key) ?? keys.current).receipts, use, room);

  return {
    days,
    sealed: async (link, receipt) => ({
      place: made(link, "place"),
      file: await new CompactEncrypt(Buffer.from(receipt))
        .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
        .encrypt(made(link, "key")),
      until: dayOf(now()) + days,
    }),
    of: async (link) => {
      const files = await store.receipts(made(link, "place"));
      const key = made(link, "key");
      return Promise.all(
        files.map(async (file) => Buffer.from((await compactDecrypt(file, key)).plaintext).toString()),
      );
    },
  };
}
