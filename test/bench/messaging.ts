import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { withoutPolicy } from "../attacks/messaging.ts";
import { startMessaging } from "../apps/support/messaging.ts";
import { ciphertext, newRoom, type People, send, startPeople } from "../apps/support/rooms.ts";
import { someParams } from "../support/practice.ts";

// npm run bench:messaging: what our module costs, and what our settings save. By hand: a loaded machine lies. The ratio
// is the median over the rounds of messages per second of processor time, which others on the machine change least.

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "20" },
    messages: { type: "string", default: "60" },
    json: { type: "string" },
  },
});
const rounds = Number(values.rounds);
const perRound = Number(values.messages);

/** Messages per second, and per second of the processor, with eight writers at once. */
async function speedOf({ therapist, patient, processorSeconds }: People, room: string) {
  const [started, busy] = [performance.now(), await processorSeconds()];
  let left = perRound;
  const writer = async (count: number) => {
    while ((left -= 1) >= 0) {
      const { status } = await send(count % 2 ? therapist : patient, room, "m.room.encrypted", ciphertext());
      if (status !== 200) throw new Error(`A message was answered with ${status}.`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, index) => writer(index)));
  const seconds = (performance.now() - started) / 1000;
  return { perSecond: perRound / seconds, perBusySecond: perRound / ((await processorSeconds()) - busy) };
}

type Speed = Awaited<ReturnType<typeof speedOf>>;

const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
const spread = (numbers: readonly number[]) =>
  `${Math.min(...numbers).toFixed(1)} to ${Math.max(...numbers).toFixed(1)}`;
const settle = () => new Promise((resolve) => setTimeout(resolve, 15_000));

async function withAndWithout() {
  const whole = await startPeople(someParams());
  const stock = await startPeople(someParams(), { edit: withoutPolicy });
  try {
    const both = await Promise.all(
      [whole, stock].map(async (people) => ({ people, room: await newRoom(people.therapist, people.patient) })),
    );
    const speeds: Speed[][] = [[], []];
    // The first round warms both up; then they take turns, each first every second time.
    for (let round = 0; round <= rounds; round += 1) {
      for (const index of round % 2 ? [0, 1] : [1, 0]) {
        const { people, room } = both[index] ?? both[0]!;
        const speed = await speedOf(people, room);
        if (round > 0) speeds[index]?.push(speed);
      }
    }
    return { speeds, memory: [await whole.memory(), await stock.memory()] };
  } finally {
    await whole.stop();
    await stock.stop();
  }
}

/** Synapse's settings that only say who and where it is; PostgreSQL's that only say where. */
function defaults(file: string, text: string): string {
  if (file === "homeserver.yaml") {
    const settings = JSON.parse(text) as Record<string, unknown>;
    const kept =
      /^(server_name|report_stats|public_baseurl|listeners|database|log_config|media_store_path|enable_metrics|\w+_path)$/;
    return JSON.stringify(Object.fromEntries(Object.entries(settings).filter(([key]) => kept.test(key))));
  }
  if (file !== "postgresql.conf") return text;
  return text
    .split("\n")
    .filter((line) => /^(listen_addresses|port|unix_socket_directories|hba_file)\b/.test(line))
    .join("\n");
}

async function idle(edit?: typeof defaults) {
  const matrix = await startMessaging(someParams(), edit ? { edit, editDatabase: edit } : {});
  try {
    await matrix.register("ada", "therapist").catch(() => matrix.register("ada"));
    await settle();
    return [await matrix.memory(), await matrix.database.memory()] as const;
  } finally {
    await matrix.stop();
  }
}

const { speeds, memory } = await withAndWithout();
const own = await idle();
const others = await idle(defaults);
const [ours = [], stock = []] = speeds;
const all = (found: readonly Speed[], of: keyof Speed) => found.map((speed) => speed[of]);
const ratio = median(ours.map(({ perBusySecond }, round) => perBusySecond / (stock[round]?.perBusySecond ?? 0)));
const row = (of: keyof Speed) =>
  [ours, stock].map((found) => `${median(all(found, of)).toFixed(1)} (${spread(all(found, of))})`).join(" | ");
const MiB = (numbers: readonly number[]) => numbers.map((number) => `${number.toFixed(0)} MiB`).join(" | ");
process.stdout.write(`
| median of ${rounds} rounds of ${perRound} messages | with our module | without |
| --- | --- | --- |
| messages per second | ${row("perSecond")} |
| messages per second of processor time | ${row("perBusySecond")} |
| Synapse's memory after them | ${MiB(memory)} |

| idle, after 15 s | our settings | defaults |
| --- | --- | --- |
| Synapse | ${MiB([own[0], others[0]])} |
| PostgreSQL | ${MiB([own[1], others[1]])} |

ratio ${ratio.toFixed(3)}, wanted 0.9 or more
`);
if (values.json !== undefined) {
  await writeFile(values.json, `${JSON.stringify({ ratio, speeds, memory, idle: { own, others } }, null, 2)}\n`);
}
process.exitCode = ratio >= 0.9 ? 0 : 1;
