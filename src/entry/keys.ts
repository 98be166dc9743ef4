import { createHmac, createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What one number of the Secret is good for. Each use has a key of its own, so that no answer serves another question. */
export interface KeySet {
  /** The number of the Secret, from 1. */
  readonly id: number;
  /** Signs links. */
  readonly links: KeyObject;
  /** Makes what the database keeps, and the ids of whoever is let in. */
  readonly hashes: KeyObject;
  /** Makes names of rooms from those of Matrix. */
  readonly rooms: KeyObject;
  /** Makes places and keys of the receipts that a practice keeps. */
  readonly receipts: KeyObject;
  /** Seals cookies: 256 bits for AES-GCM. */
  readonly cookies: KeyObject;
}

/** The keys of a practice's entry page: new things are made with `current`, what former ones made stays good. */
export interface Keys {
  readonly current: KeySet;
  readonly byId: ReadonlyMap<number, KeySet>;
}

const LARGEST_ID = 65_535;

/** The keys that come from one secret text (HKDF, RFC 5869). */
export function keySet(id: number, secret: string): KeySet {
  const derived = (use: string) =>
    createSecretKey(Buffer.from(hkdfSync("sha256", secret, "", `practice entry ${use}`, 32)));
  return {
    id,
    links: derived("links"),
    hashes: derived("hashes"),
    rooms: derived("rooms"),
    receipts: derived("receipts"),
    cookies: derived("cookies"),
  };
}

/** @throws Error when there is no key at all. */
export function keysOf(sets: readonly KeySet[]): Keys {
  const [current] = sets.toSorted((one, other) => other.id - one.id);
  if (!current) throw new Error("The entry page has no key. Its Secret is mounted at ENTRY_KEYS as <number>.key.");
  return { current, byId: new Map(sets.map((set) => [set.id, set])) };
}

/** Keys of a folder. */
export interface ReadKeys extends Keys {
  /** Gives up former keys whose file is gone: whatever they made is void from then on. */
  readonly giveUp: () => void;
}

/**
 * Reads `<number>.key` of a folder, as the Secrets of a practice are mounted: the highest number is the current one.
 * @throws Error when there is none.
 */
export function readKeys(folder: string): ReadKeys {
  const numbers = () =>
    readdirSync(folder).flatMap((file) => {
      const id = Number(/^([1-9]\d{0,4})\.key$/.exec(file)?.[1]);
      return id <= LARGEST_ID ? [id] : [];
    });
  const sets = numbers().map((id) => keySet(id, readFileSync(join(folder, `${id}.key`), "utf8").trim()));
  const { current } = keysOf(sets);
  const byId = new Map(sets.map((set) => [set.id, set]));
  return {
    current,
    byId,
    giveUp: () => {
      const there = numbers();
      for (const id of byId.keys()) if (id !== current.id && !there.includes(id)) byId.delete(id);
    },
  };
}

/** A keyed digest (HMAC-SHA-256) over parts that cannot run into each other. 32 bytes. */
export function digest(key: KeyObject, ...parts: readonly (string | Buffer)[]): Buffer {
  // In one piece: each step into the library costs as much as the digest of a part.
  const whole = parts.flatMap((part) => {
    const bytes = typeof part === "string" ? Buffer.from(part) : part;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return [length, bytes];
  });
  return createHmac("sha256", key).update(Buffer.concat(whole)).digest();
}
