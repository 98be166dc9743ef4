import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Way } from "./dial.ts";

/** The resolver that this pod was given; `undefined` where it has none. */
export function resolver(file = "/etc/resolv.conf"): string | undefined {
  return /^nameserver\s+(\S+)/m.exec(readFileSync(file, "utf8"))?.[1];
}

/** Asks for a name that every cluster has; any answer to this very question will do (RFC 1035, 4.1 and 4.2.2). */
export function dnsQuestion(protocol: Way["protocol"]): NonNullable<Way["question"]> {
  const id = randomInt(0x10000);
  const labels = ["kubernetes", "default", "svc"].map((label) =>
    Buffer.from(`${String.fromCharCode(label.length)}${label}`),
  );
  const header = Buffer.alloc(12);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(0x0100, 2); // recursion desired
  header.writeUInt16BE(1, 4); // one question
  const query = Buffer.concat([header, ...labels, Buffer.from([0, 0, 1, 0, 1])]); // the root; A; IN
  const isReply = (message: Buffer) =>
    message.length >= 12 && message.readUInt16BE(0) === id && (message.readUInt16BE(2) & 0x8000) !== 0;
  if (protocol === "UDP") return { message: query, isAnswer: isReply };
  const length = Buffer.alloc(2);
  length.writeUInt16BE(query.length);
  return { message: Buffer.concat([length, query]), isAnswer: (answer) => isReply(answer.subarray(2)) };
}
