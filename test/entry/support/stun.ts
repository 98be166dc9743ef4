import { createSocket } from "node:dgram";
import { once } from "node:events";

/** RFC 8489: a binding request, its answer, the address in it, and what the address is masked with. */
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const XOR_MAPPED_ADDRESS = 0x0020;
const MAGIC_COOKIE = 0x2112a442;
/** What an address translator would have made of the client's. */
const SEEN_AS = { address: [203, 0, 113, 9], port: 40_000 };

/** A STUN server on loopback that sees every client behind an address translator; a deaf one answers nothing. */
export async function startStun({ deaf = false } = {}) {
  const socket = createSocket("udp4");
  let asked = 0;
  socket.on("message", (message, from) => {
    if (message.length < 20 || message.readUInt16BE(0) !== BINDING_REQUEST) return;
    asked += 1;
    if (!deaf) socket.send(answerTo(message), from.port, from.address);
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

function answerTo(request: Buffer): Buffer {
  const answer = Buffer.alloc(32);
  answer.writeUInt16BE(BINDING_SUCCESS, 0);
  answer.writeUInt16BE(12, 2);
  request.copy(answer, 4, 4, 20); // cookie and transaction
  answer.writeUInt16BE(XOR_MAPPED_ADDRESS, 20);
  answer.writeUInt16BE(8, 22);
  answer.writeUInt16BE(0x0001, 24); // IPv4
  answer.writeUInt16BE(SEEN_AS.port ^ (MAGIC_COOKIE >>> 16), 26);
  answer.writeUInt32BE((Buffer.from(SEEN_AS.address).readUInt32BE(0) ^ MAGIC_COOKIE) >>> 0, 28);
  return answer;
}
