import { createHmac } from "node:crypto";
import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";
import { crc32 } from "node:zlib";

/** RFC 8489: a binding request, its answer, and the attributes that a connectivity check of ICE wants in it. */
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const XOR_MAPPED_ADDRESS = 0x0020;
const MESSAGE_INTEGRITY = 0x0008;
const FINGERPRINT = 0x8028;
const MAGIC_COOKIE = 0x2112a442;
const FINGERPRINT_MASK = 0x5354554e;
const PASSWORD = "thisIsNoSecretItOpensNothing";

/** How a responder behaves: as the practice's, without a word, or as somebody who does not know the password. */
export type Manner = "answering" | "deaf" | "foreign";

/** A responder to connectivity checks on loopback. */
export async function startStun(manner: Manner = "answering") {
  const socket = createSocket("udp4");
  let asked = 0;
  socket.on("message", (message, from) => {
    if (message.length < 20 || message.readUInt16BE(0) !== BINDING_REQUEST) return;
    asked += 1;
    const password = manner === "foreign" ? "another" : PASSWORD;
    if (manner !== "deaf") socket.send(answerTo(message, from, password), from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    url: `stun:127.0.0.1:${socket.address().port}`,
    asked: () => asked,
    stop: async () => {
      socket.close();
      await once(socket, "close");
    },
  };
}

function attribute(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value]);
}

/** A message of these attributes; its length counts `more` bytes that are still to come, as the RFC asks for. */
function messageOf(transaction: Buffer, attributes: Buffer, more: number): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(BINDING_SUCCESS, 0);
  head.writeUInt16BE(attributes.length + more, 2);
  return Buffer.concat([head, transaction, attributes]);
}

function answerTo(request: Buffer, { address, port }: RemoteInfo, password: string): Buffer {
  const transaction = request.subarray(4, 20);
  const mapped = Buffer.alloc(8);
  mapped.writeUInt16BE(0x0001, 0); // IPv4
  mapped.writeUInt16BE(port ^ (MAGIC_COOKIE >>> 16), 2);
  mapped.writeUInt32BE((Buffer.from(address.split(".").map(Number)).readUInt32BE(0) ^ MAGIC_COOKIE) >>> 0, 4);
  let attributes = attribute(XOR_MAPPED_ADDRESS, mapped);
  const proof = createHmac("sha1", password)
    .update(messageOf(transaction, attributes, 24))
    .digest();
  attributes = Buffer.concat([attributes, attribute(MESSAGE_INTEGRITY, proof)]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE((crc32(messageOf(transaction, attributes, 8)) ^ FINGERPRINT_MASK) >>> 0, 0);
  return messageOf(transaction, Buffer.concat([attributes, attribute(FINGERPRINT, sum)]), 0);
}
