import { randomBytes, timingSafeEqual } from "node:crypto";
import { digest, type Keys, type KeySet } from "./keys.ts";

/**
 * What a link says, signed by the practice: 60 characters that hold everything, so that no list of appointments exists
 * anywhere. Nothing in it tells of a person.
 */
export interface Capability {
  /** Which number of the Secret signed it. */
  readonly key: number;
  /** Staff's serves to find the room, and lets nobody in who has not signed in. */
  readonly role: "patient" | "staff";
  /** 128 random bits. */
  readonly room: Buffer;
  /** When the slot begins, in seconds since 1970. */
  readonly starts: number;
  /** How long it is. */
  readonly minutes: number;
  /** How many people the patients' link lets in. */
  readonly people: number;
}

const VERSION = 1;
const ROLES = ["patient", "staff"] as const;
const ROOM_BYTES = 16;
const CONTENT_BYTES = 27;
const TAG_BYTES = 18;
/** 45 bytes are 60 characters of base64url without a spare bit, so each link has one spelling. */
const LINK = /^[A-Za-z0-9_-]{60}$/;
const LARGEST = { starts: 0xffff_ffff, minutes: 0xffff, people: 0xff };

/** Base32 (RFC 4648) in lower case, as addresses of rooms are spelt. */
const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

/** A room that nobody can guess. */
export function newRoom(): Buffer {
  return randomBytes(ROOM_BYTES);
}

/** The name that a room has at the video stack: 26 characters. */
export function roomName(room: Buffer): string {
  let name = "";
  let [bits, count] = [0, 0];
  for (const byte of room) {
    bits = ((bits << 8) | byte) & 0xfff;
    for (count += 8; count >= 5; count -= 5) name += BASE32[(bits >> (count - 5)) & 31];
  }
  return count > 0 ? name + BASE32[(bits << (5 - count)) & 31] : name;
}

/**
 * Signs a link; new ones with the current key.
 * @throws RangeError for numbers that do not fit; nothing is signed then.
 */
export function signLink(set: KeySet, content: Omit<Capability, "key">): string {
  const bytes = encoded(set, content);
  return Buffer.concat([bytes, tagOf(set, bytes)]).toString("base64url");
}

/** What a link says, or nothing when the practice did not sign exactly this with a key that is still read. */
export function readLink(keys: Keys, text: string): Capability | undefined {
  if (!LINK.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64url");
  const content = bytes.subarray(0, CONTENT_BYTES);
  const set = keys.byId.get(content.readUInt16BE(1));
  // Compared in constant time, so that no answer tells how much of a guess was right.
  if (!set || !timingSafeEqual(bytes.subarray(CONTENT_BYTES), tagOf(set, content))) return undefined;
  const role = ROLES[content.readUInt8(3)];
  if (content.readUInt8(0) !== VERSION || !role) return undefined;
  return {
    key: set.id,
    role,
    room: Buffer.from(content.subarray(4, 20)),
    starts: content.readUInt32BE(20),
    minutes: content.readUInt16BE(24),
    people: content.readUInt8(26),
  };
}

function encoded(set: KeySet, { role, room, starts, minutes, people }: Omit<Capability, "key">): Buffer {
  const fits = Object.entries({ starts, minutes, people }).every(
    ([name, value]) => Number.isInteger(value) && value > 0 && value <= LARGEST[name as keyof typeof LARGEST],
  );
  if (!fits || room.length !== ROOM_BYTES)
    throw new RangeError("A link holds a room of 16 bytes and positive numbers.");
  const bytes = Buffer.alloc(CONTENT_BYTES);
  bytes.writeUInt8(VERSION, 0);
  bytes.writeUInt16BE(set.id, 1);
  bytes.writeUInt8(ROLES.indexOf(role), 3);
  room.copy(bytes, 4);
  bytes.writeUInt32BE(starts, 20);
  bytes.writeUInt16BE(minutes, 24);
  bytes.writeUInt8(people, 26);
  return bytes;
}

function tagOf(set: KeySet, content: Buffer): Buffer {
  return digest(set.links, content).subarray(0, TAG_BYTES);
}
