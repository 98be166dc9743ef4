import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";
import { answerTo } from "../../../src/stun/answer.ts";
import { message, withFingerprint, withIntegrity, xorMappedAddress } from "../../../src/stun/message.ts";

const BINDING_SUCCESS = 0x0101;

/** How a responder behaves: as the practice's, without a word, or as somebody who does not know the password. */
export type Manner = "answering" | "deaf" | "foreign";

const ANSWERS: Readonly<Record<Manner, (question: Buffer, from: RemoteInfo) => Buffer | undefined>> = {
  answering: answerTo,
  deaf: () => undefined,
  foreign: (question, { address, port }) => {
    const id = question.subarray(4, 20);
    const told = message(BINDING_SUCCESS, id, xorMappedAddress(id, address, port));
    return withFingerprint(withIntegrity(told, "another"));
  },
};

/** A responder on loopback that gives the practice's own answers, or others. */
export async function startStun(manner: Manner = "answering") {
  const socket = createSocket("udp4");
  let asked = 0;
  socket.on("message", (question, from) => {
    asked += 1;
    const answer = ANSWERS[manner](question, from);
    if (answer) socket.send(answer, from.port, from.address);
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
