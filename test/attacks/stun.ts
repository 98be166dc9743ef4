import { spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as soon, setTimeout as sleep } from "node:timers/promises";
import { responder } from "../../src/components/bridge/responder.ts";
import { BINDING_REQUEST, message } from "../../src/stun/message.ts";
import { serveStun } from "../../src/stun/server.ts";
import { waitFor } from "../bed/wait.ts";
import { somePractice } from "../support/practice.ts";
import { type AttackGroup, group, type Stoppable } from "./attack.ts";

const PARTS = ["telehealth stun"];
const ROOT = join(import.meta.dirname, "../..");
const QUESTION = message(BINDING_REQUEST, Buffer.from("2112a442b7e7a701bc34d686fa87dfae", "hex"));
/** More answers a second than a practice's patients will ever ask for together, and too few to flood anybody. */
const MANY = 1500;

interface Asked extends Stoppable {
  readonly port: number;
  /** Memory of its own in MiB. */
  readonly memory: () => Promise<number>;
}

async function socket(): Promise<Socket> {
  const bound = createSocket("udp4").bind(0, "127.0.0.1");
  await once(bound, "listening");
  return bound;
}

/** Sends one datagram over and over until `enough`, or for four seconds. */
async function flood(port: number, datagram: Buffer, enough: () => boolean | Promise<boolean>): Promise<boolean> {
  const from = await socket();
  const end = performance.now() + 4000;
  let reached = false;
  while (!reached && performance.now() < end) {
    for (let sent = 0; sent < 200; sent += 1) from.send(datagram, port, "127.0.0.1");
    await soon();
    reached = await enough();
  }
  from.close();
  return reached;
}

/** Answers that arrive where the questions say that they come from: at the victim. */
async function answersInASecond(port: number): Promise<number> {
  const victim = await socket();
  const answers: number[] = [];
  victim.on("message", (answer) => answers.push(answer.length));
  await sleep(1020 - (performance.now() % 1000)); // the bound counts by the second
  const end = performance.now() + 850;
  while (performance.now() < end) {
    for (let sent = 0; sent < 50; sent += 1) victim.send(QUESTION, port, "127.0.0.1");
    await soon();
  }
  await sleep(50);
  victim.close();
  if (answers.length === 0) throw new Error("The responder answered nothing.");
  return answers.length;
}

export const reflectionAttacks: AttackGroup = group<Asked>({
  defence: "the responder's bound on answers per second",
  parts: PARTS,
  start: async (defended) => {
    const server = await serveStun({ port: 0, ...(!defended && { answersPerSecond: Infinity }) });
    return { port: server.port, memory: () => Promise.resolve(0), stop: server.close };
  },
  attacks: [
    {
      id: "stun-reflection",
      promise: 3,
      does: "Somebody asks in a victim's name, so that a flood of answers reaches the victim.",
      run: async ({ port }) => ((await answersInASecond(port)) >= MANY ? "succeeded" : "failed"),
    },
  ],
});

/** The process as the bridge's pod starts it, or without the one option. */
async function startRendered(defended: boolean): Promise<Asked> {
  const { command = [], env = [] } = responder(somePractice());
  const [, ...args] = defended ? command : command.filter((part) => !part.startsWith("--max-semi-space-size"));
  const passing = await serveStun({ port: 0 });
  await passing.close();
  const variables = Object.fromEntries(env.map(({ name, value }) => [name, value]));
  const { PATH } = process.env;
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { PATH, ...variables, STUN_PORT: String(passing.port), STUN_BRIDGE: undefined },
    stdio: "inherit",
  });
  const asker = await socket();
  let answered = false;
  asker.on("message", () => (answered = true));
  await waitFor(
    async () => {
      asker.send(QUESTION, passing.port, "127.0.0.1");
      return answered;
    },
    { what: "an answer of the responder" },
  );
  asker.close();
  return {
    port: passing.port,
    memory: async () => {
      const status = await readFile(`/proc/${child.pid}/status`, "utf8");
      return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
    },
    stop: async () => {
      child.kill();
      await once(child, "exit");
    },
  };
}

export const memoryAttacks: AttackGroup = group<Asked>({
  defence: "the responder's bound on what Node keeps of the past",
  parts: PARTS,
  start: startRendered,
  attacks: [
    {
      id: "stun-memory",
      promise: 7,
      does: "Somebody floods the responder until its pod's memory is full.",
      // Node's own program needs the other 40 MiB of the container's 96.
      run: async ({ port, memory }) =>
        (await flood(port, Buffer.alloc(1400), async () => (await memory()) > 56)) ? "succeeded" : "failed",
    },
  ],
});
