import { createHmac } from "node:crypto";
import { crc32 } from "node:zlib";

/** One attribute of a STUN message, and where it begins. */
interface Attribute {
  readonly type: number;
  readonly at: number;
}

const MAGIC_COOKIE = 0x2112a442;
const HEADER = 20;
/** What a client may send without knowing the path (RFC 8489, section 6.1); no question is longer. */
const LONGEST = 548;

export const BINDING_REQUEST = 0x0001;
export const ATTRIBUTE = {
  username: 0x0006,
  integrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  xorMappedAddress: 0x0020,
  priority: 0x0024,
  useCandidate: 0x0025,
  fingerprint: 0x8028,
} as const;

/**
 * The attributes of a STUN message of one type (RFC 8489, section 5), without what comes behind the proof of integrity,
 * because that is not covered by it.
 * @returns nothing for what is no such message, is not well formed, or has a wrong fingerprint. Never throws.
 */
export function attributesOf(message: Buffer, type: number): readonly Attribute[] | undefined {
  const { length } = message;
  if (length < HEADER || length > LONGEST || length % 4 !== 0) return undefined;
  if (message.readUInt16BE(0) !== type || message.readUInt32BE(4) !== MAGIC_COOKIE) return undefined;
  if (message.readUInt16BE(2) !== length - HEADER) return undefined;
  const found: Attribute[] = [];
  for (let at = HEADER; at < length;) {
    const type = message.readUInt16BE(at);
    const end = at + 4 + padded(message.readUInt16BE(at + 2));
    if (end > length) return undefined;
    const last = type === ATTRIBUTE.fingerprint;
    if (last && !message.subarray(at).equals(fingerprint(message.subarray(0, at)))) return undefined;
    if (last || found.every(({ type }) => type !== ATTRIBUTE.integrity)) found.push({ type, at });
    at = end;
  }
  return found;
}

/** Whether the integrity attribute of a message is what a password makes of all before it. */
export function isIntact(message: Buffer, { at }: Attribute, password: string): boolean {
  return message.subarray(at, at + 24).equals(integrity(message.subarray(0, at), password));
}

/** A message without its last two attributes. @param id magic cookie and transaction id, as the question has them. */
export function message(type: number, id: Buffer, ...attributes: readonly Buffer[]): Buffer {
  const body = Buffer.concat(attributes);
  return Buffer.concat([words(type, body.length), id, body]);
}

/** A message with the proof of its integrity (RFC 8489, section 14.5, with a short-term password). */
export function withIntegrity(message: Buffer, password: string): Buffer {
  return counted(message, integrity(message, password));
}

/** A message with its fingerprint (RFC 8489, section 14.7). */
export function withFingerprint(message: Buffer): Buffer {
  return counted(message, fingerprint(message));
}

export function attribute(type: number, value: Buffer): Buffer {
  return Buffer.concat([words(type, value.length), value, Buffer.alloc(padded(value.length) - value.length)]);
}

/** An address, hidden from routers that rewrite what looks like one (RFC 8489, section 14.2). */
export function xorMappedAddress(id: Buffer, address: string, port: number): Buffer {
  const bytes = address.includes(":") ? bytesOfIPv6(address) : Buffer.from(address.split(".").map(Number));
  const mask = Buffer.concat([id.subarray(0, 2), id]);
  const hidden = Buffer.concat([words(port), bytes]).map((byte, at) => byte ^ (mask[at] ?? 0));
  return attribute(ATTRIBUTE.xorMappedAddress, Buffer.concat([words(bytes.length === 4 ? 1 : 2), hidden]));
}

/** Big-endian words of 16 bits, which is what most of STUN is made of. */
export function words(...values: readonly number[]): Buffer {
  return Buffer.from(values.flatMap((value) => [value >> 8, value & 0xff]));
}

function integrity(before: Buffer, password: string): Buffer {
  const counted = Buffer.concat([before.subarray(0, 2), words(before.length - HEADER + 24), before.subarray(4)]);
  return attribute(ATTRIBUTE.integrity, createHmac("sha1", password).update(counted).digest());
}

function fingerprint(before: Buffer): Buffer {
  const counted = Buffer.concat([before.subarray(0, 2), words(before.length - HEADER + 8), before.subarray(4)]);
  const value = Buffer.alloc(4);
  value.writeUInt32BE((crc32(counted) ^ 0x5354554e) >>> 0);
  return attribute(ATTRIBUTE.fingerprint, value);
}

function counted(message: Buffer, attribute: Buffer): Buffer {
  const whole = Buffer.concat([message, attribute]);
  whole.writeUInt16BE(whole.length - HEADER, 2);
  return whole;
}

/** The URL parser spells every form of an IPv6 address in one way: hexadecimal, the longest zeros left out. */
function bytesOfIPv6(address: string): Buffer {
  const { hostname } = new URL(`http://[${address.replace(/%.*$/, "")}]`);
  const halves = hostname.slice(1, -1).split("::");
  const [before = [], after = []] = halves.map((half) => half.split(":").filter(Boolean));
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return words(...[...before, ...zeros, ...after].map((word) => Number.parseInt(word, 16)));
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}
