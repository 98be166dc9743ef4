import { createSocket } from "node:dgram";
import { connect, isIPv6 } from "node:net";
import { answerTo, newWord } from "./echo.ts";

/** A packet that a wall drops gets no answer at all, which only time tells from a slow one: three tries of a second. */
const TRIES = 3;
const PATIENCE_MS = 1000;

export interface Way {
  readonly host: string;
  readonly port: number;
  readonly protocol: "TCP" | "UDP";
  /** What to send: nothing, and a connection is enough; else only its answer counts. */
  readonly question?: { readonly message: Buffer; readonly isAnswer: (answer: Buffer) => boolean };
}

/** Asks one of our own listeners. */
export function echo(): NonNullable<Way["question"]> {
  const word = newWord();
  return { message: Buffer.from(word), isAnswer: (answer) => answer.toString("latin1") === answerTo(word) };
}

/** Whether something gets through. Takes 3 s at most; a refusal is no way through, and neither is an answer to something else. */
export async function getsThrough(way: Way): Promise<boolean> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const start = performance.now();
    if (await (way.protocol === "TCP" ? tryTcp(way) : tryUdp(way))) return true;
    // A refusal comes at once; the next try is for a listener that is only just starting.
    const rest = PATIENCE_MS - (performance.now() - start);
    if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
  }
  return false;
}

function tryTcp({ host, port, question }: Way): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const parts: Buffer[] = [];
    const end = (through: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(through);
    };
    const timer = setTimeout(() => end(false), PATIENCE_MS);
    socket.on("error", () => end(false));
    socket.on("close", () => end(false));
    socket.on("connect", () => {
      if (question) socket.write(question.message);
      else end(true);
    });
    socket.on("data", (part: Buffer) => {
      parts.push(part);
      if (question?.isAnswer(Buffer.concat(parts))) end(true);
    });
  });
}

function tryUdp({ host, port, question }: Way): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
    const end = (through: boolean) => {
      clearTimeout(timer);
      socket.close();
      resolve(through);
    };
    const timer = setTimeout(() => end(false), PATIENCE_MS);
    socket.on("error", () => end(false));
    socket.on("message", (answer) => {
      if (question?.isAnswer(answer)) end(true);
    });
    socket.send(question?.message ?? Buffer.alloc(1), port, host, (error) => {
      if (error) end(false);
    });
  });
}
