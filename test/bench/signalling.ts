import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { type Calls, IN_THE_ROOM, nickOf, STAFF, startCalls } from "../apps/support/calls.ts";
import type { Edit } from "../apps/support/signalling.ts";
import { encryption, presence } from "../apps/support/xmpp.ts";
import { withoutModules } from "../attacks/stage.ts";
import { someParams } from "../support/practice.ts";

// npm run bench:signalling: what our Prosody modules cost. Both arms take turns, so that the machine treats them alike.

const { values } = parseArgs({
  options: {
    json: { type: "string" },
    rounds: { type: "string", default: "7" },
    rooms: { type: "string", default: "60" },
  },
});
const rounds = Number(values.rounds);
const rooms = Number(values.rooms);

const OURS = [
  "practice_room",
  "practice_lobby",
  "practice_deadline",
  "practice_session",
  "practice_firewall",
  "practice_control",
  "practice_ready",
  "practice_log",
];

/** Prosody as it is without anything of ours: everybody may log in and join. */
const stock: Edit = (file, text) => {
  const without = withoutModules(...OURS)(file, text);
  return file === "prosody.cfg.lua" ? without?.replace(`"room_token"`, `"anonymous"`) : without;
};
const ARMS = { stock, ours: ((_, text) => text) as Edit };

interface Round {
  readonly millisecondsPerJoin: number;
  readonly cpuMillisecondsPerJoin: number;
  readonly residentMiB: number;
}

/** Two people for each room: log in, join, leave. */
async function round(edit: Edit): Promise<Round> {
  const calls = await startCalls(someParams(), { edit });
  try {
    const opened = await Promise.all(Array.from({ length: rooms }, () => calls.open(calls.room())));
    const before = await usage(calls.pid);
    const start = performance.now();
    const people = await Promise.all(
      opened.map(async (room) => [await join(calls, room, STAFF), await join(calls, room, {})]),
    );
    const seconds = (performance.now() - start) / 1000;
    const after = await usage(calls.pid);
    for (const client of people.flat()) client.close();
    const joins = rooms * 2;
    return {
      millisecondsPerJoin: (seconds * 1000) / joins,
      cpuMillisecondsPerJoin: (after.cpuMilliseconds - before.cpuMilliseconds) / joins,
      residentMiB: after.residentMiB,
    };
  } finally {
    await calls.stop();
  }
}

async function join(calls: Calls, room: Awaited<ReturnType<Calls["open"]>>, claims: object) {
  const client = await calls.withToken(calls.token(room.name, { ...claims }));
  client.send(presence(`${room.jid}/${nickOf(client)}`, encryption(), { join: true }));
  await client.expect(IN_THE_ROOM);
  return client;
}

/** What a process has used so far, by the scheduler's own count. */
async function usage(pid: number) {
  const [nanoseconds] = (await readFile(`/proc/${pid}/schedstat`, "utf8")).split(" ");
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return {
    cpuMilliseconds: Number(nanoseconds) / 1e6,
    residentMiB: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024,
  };
}

const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;

const seen: Record<keyof typeof ARMS, Round[]> = { stock: [], ours: [] };
for (let index = 0; index < rounds; index += 1) {
  const order = index % 2 === 0 ? (["stock", "ours"] as const) : (["ours", "stock"] as const);
  for (const arm of order) seen[arm].push(await round(ARMS[arm]));
  process.stderr.write(`round ${index + 1} of ${rounds}\n`);
}

const FIGURES = ["millisecondsPerJoin", "cpuMillisecondsPerJoin", "residentMiB"] as const;
const report = FIGURES.map((figure) => {
  const of = (arm: keyof typeof ARMS) => seen[arm].map((one) => one[figure]);
  const spread = (arm: keyof typeof ARMS) => `${Math.min(...of(arm)).toFixed(2)}–${Math.max(...of(arm)).toFixed(2)}`;
  const [stock, ours] = [median(of("stock")), median(of("ours"))];
  return { figure, stock, stockSpread: spread("stock"), ours, oursSpread: spread("ours"), ratio: ours / stock };
});
process.stdout.write(`${rooms * 2} joins a round, ${rounds} rounds, ${availableParallelism()} cores\n`);
for (const { figure, stock, stockSpread, ours, oursSpread, ratio } of report) {
  process.stdout.write(
    `${figure.padEnd(24)} stock ${stock.toFixed(2)} (${stockSpread})  ours ${ours.toFixed(2)} (${oursSpread})  ratio ${ratio.toFixed(3)}\n`,
  );
}
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
