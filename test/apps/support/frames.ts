import { createHash } from "node:crypto";

/** The frames of WebSockets (RFC 6455), as far as a stand-in for an API server needs them. */

/** The answer to a client's key, by which it sees that it talks to a WebSocket. */
export function acceptOf(key: string | undefined): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

/** A whole binary message from a server. */
export function frameOf(payload: Buffer): Buffer {
  const length = payload.length < 126 ? Buffer.of(payload.length) : Buffer.alloc(9, 127);
  if (length.length === 9) length.writeBigUInt64BE(BigInt(payload.length), 1);
  return Buffer.concat([Buffer.of(0x82), length, payload]);
}

/** The first masked frame of what came from a client, if it is all there. */
export function nextFrame(data: Buffer): { opcode: number; payload: Buffer; length: number } | undefined {
  if (data.length < 2) return undefined;
  const { size, at } = lengthOf(data, (data[1] ?? 0) & 127);
  if (data.length < at + 4 + size) return undefined;
  const mask = data.subarray(at, at + 4);
  const payload = Buffer.from(data.subarray(at + 4, at + 4 + size)).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return { opcode: (data[0] ?? 0) & 15, payload: Buffer.from(payload), length: at + 4 + size };
}

function lengthOf(data: Buffer, short: number): { size: number; at: number } {
  if (short < 126) return { size: short, at: 2 };
  const at = short === 126 ? 4 : 10;
  if (data.length < at) return { size: Infinity, at };
  return { size: short === 126 ? data.readUInt16BE(2) : Number(data.readBigUInt64BE(2)), at };
}
