import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Agent, request } from "undici";
import { newRoom, signLink } from "../../src/entry/capability.ts";
import { readKeys } from "../../src/entry/keys.ts";
import { cookiesOf, fieldOf } from "../apps/support/entry.ts";
import { startEntryProgram } from "../apps/support/entry-program.ts";
import { weightOf } from "../entry/support/weight.ts";
import { startDatabase } from "../apps/support/messaging.ts";
import { freePort } from "../bed/ports.ts";
import { processGroup } from "../bed/processes.ts";
import { waitFor } from "../bed/wait.ts";
import { someParams } from "../support/practice.ts";

// npm run bench:entry: how long an exchange of a link takes under many people at once, against a floor that takes turns.

const { values } = parseArgs({
  options: {
    json: { type: "string" },
    rounds: { type: "string", default: "5" },
    people: { type: "string", default: "200" },
    each: { type: "string", default: "5" },
  },
});
const [rounds, people, each] = [values.rounds, values.people, values.each].map(Number) as [number, number, number];
const WANTED = 1.5;
const ARMS = ["floor", "exchange", "bare"] as const;
type Arm = (typeof ARMS)[number];

const agent = new Agent({ connections: people, connect: { timeout: 60_000 }, headersTimeout: 120_000 });
const HEADERS = { origin: "https://go.greenriver.example", "content-type": "application/x-www-form-urlencoded" };

interface Use {
  readonly link: string;
  readonly receipt: string;
  readonly cookie: string;
}

async function post(port: number, path: string, { link, receipt, cookie }: Use): Promise<number> {
  const body = new URLSearchParams({ link, receipt }).toString();
  const answer = await request(`http://127.0.0.1:${port}${path}`, {
    method: "POST",
    dispatcher: agent,
    headers: { ...HEADERS, cookie },
    body,
  });
  await answer.body.dump();
  return answer.statusCode;
}

/** Milliseconds of each request; everybody makes theirs one after another. */
async function timed(uses: readonly Use[], act: (use: Use) => Promise<number>, status: number): Promise<number[]> {
  const times: number[] = [];
  const queue = [...uses];
  await Promise.all(
    Array.from({ length: people }, async () => {
      for (let use = queue.pop(); use; use = queue.pop()) {
        const begun = performance.now();
        const got = await act(use);
        if (got !== status) throw new Error(`It answered ${got}.`);
        times.push(performance.now() - begun);
      }
    }),
  );
  return times;
}

const quantile = (times: readonly number[], part: number) =>
  times.toSorted((one, other) => one - other)[Math.ceil(times.length * part) - 1] ?? Number.NaN;
const median = (numbers: readonly number[]) => quantile(numbers, 0.5);

const params = someParams();
const database = await startDatabase(params);
const entry = await startEntryProgram(params, { database });
const keys = readKeys(entry.keys);
const floor = await startFloor();

async function startFloor() {
  const folder = join(entry.keys, "../../..");
  const group = processGroup(join(folder, "floor"));
  const port = await freePort();
  const program = group.start(
    "floor",
    process.execPath,
    [...entry.flags, join(import.meta.dirname, "entry-floor.ts")],
    {
      FLOOR_PORT: String(port),
      FLOOR_KEY: join(entry.keys, "../rooms/1.pem"),
      FLOOR_DATABASE_PORT: String(database.port),
      FLOOR_PASSWORD: database.entryPassword,
    },
  );
  await waitFor(async () => (await fetch(`http://127.0.0.1:${port}/bare`)).ok, { what: "the floor", timeout: 20_000 });
  return { port, pid: program.pid, stop: () => group.stop() };
}

/** Links that are agreed to, and not used yet. */
async function prepared(count: number): Promise<Use[]> {
  const uses: Use[] = [];
  while (uses.length < count) {
    const more = Array.from({ length: Math.min(25, count - uses.length) }, async () => {
      const starts = Math.floor(Date.now() / 1000);
      const link = signLink(keys.current, { role: "patient", room: newRoom(), starts, minutes: 50, people: 1 });
      const consented = await entry.post("/consent", { link, consent: hash, agree: "yes" });
      return { link, receipt: fieldOf(await consented.text(), "receipt"), cookie: cookiesOf(consented) };
    });
    uses.push(...(await Promise.all(more)));
  }
  return uses;
}

/** Milliseconds of processor that a program has used so far; Linux counts in hundredths of a second. */
async function cpuOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const [user, system] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13)
    .map(Number);
  return ((user ?? Number.NaN) + (system ?? Number.NaN)) * 10;
}

const memoryOf = async (pid: number) =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;

/** Bytes of a page alone, and with everything that it loads. */
async function weightsOf(answer: Response): Promise<[number, number]> {
  const page = await answer.text();
  return [Buffer.byteLength(page), await weightOf(page, async (path) => (await entry.get(path)).text())];
}

let hash = "";
try {
  const resting = await memoryOf(entry.pid);
  const starts = Math.floor(Date.now() / 1000);
  const link = signLink(keys.current, { role: "patient", room: newRoom(), starts, minutes: 50, people: 1 });
  hash = fieldOf(await (await entry.post("/join", { link })).text(), "consent");
  const [usable] = await prepared(1);
  if (!usable) throw new Error("Nothing was prepared.");

  const found: Record<Arm, number[][]> = { exchange: [], floor: [], bare: [] };
  const used: Record<Arm, number[]> = { exchange: [], floor: [], bare: [] };
  for (let round = 0; round <= rounds; round += 1) {
    const uses = await prepared(people * each);
    const bare = () => request(`http://127.0.0.1:${floor.port}/bare`, { dispatcher: agent });
    const arms = {
      floor: () => timed(uses, (use) => post(floor.port, "/enter", use), 303),
      exchange: () => timed(uses, (use) => post(entry.port, "/enter", use), 303),
      bare: () =>
        timed(uses, async () => bare().then(async ({ statusCode, body }) => (await body.dump(), statusCode)), 200),
    };
    for (const arm of ARMS) {
      const { pid } = arm === "exchange" ? entry : floor;
      const before = await cpuOf(pid);
      const times = await arms[arm]();
      // The first round warms everything up.
      if (round === 0) continue;
      found[arm].push(times);
      used[arm].push(((await cpuOf(pid)) - before) / uses.length);
    }
  }
  const p99 = (arm: Arm) => found[arm].map((times) => quantile(times, 0.99));
  const [exchange, floors] = [p99("exchange"), p99("floor")];
  const ratios = exchange.map((time, round) => time / (floors[round] ?? Number.NaN));
  const row = (arm: Arm) =>
    `${median(p99(arm)).toFixed(1)} (${Math.min(...p99(arm)).toFixed(1)}–${Math.max(...p99(arm)).toFixed(1)}) | ${median(found[arm].flat()).toFixed(1)} | ${median(used[arm]).toFixed(2)}`;
  const pages: [string, Response][] = [
    ["/", await entry.get("/")],
    ["/join", await entry.get("/join")],
    ["POST /join", await entry.post("/join", { link })],
    ["POST /consent", await entry.post("/consent", { link, consent: hash })],
    ["/staff", await entry.get("/staff")],
    ["/before", await entry.get("/before")],
    ["/kit", await entry.get("/kit")],
  ];
  const weights = await Promise.all(pages.map(async ([path, answer]) => [path, ...(await weightsOf(answer))] as const));
  const after = await memoryOf(entry.pid);
  process.stdout.write(`
${people} people at once, ${people * each} exchanges a round, ${rounds} rounds, ${availableParallelism()} processors

| milliseconds | p99, median of rounds (spread) | median | processor, each |
| --- | --- | --- | --- |
| exchange of a link | ${row("exchange")} |
| floor: one signature, one INSERT | ${row("floor")} |
| bare route | ${row("bare")} |

memory of the entry page: ${resting.toFixed(0)} MiB at rest, ${after.toFixed(0)} MiB after all that

| page | bytes | with what it loads |
| --- | --- | --- |
${weights.map(([path, alone, all]) => `| ${path} | ${alone} | ${all} |`).join("\n")}

ratio of p99: ${median(ratios).toFixed(2)} (${ratios.map((ratio) => ratio.toFixed(2)).join(", ")}), wanted ${WANTED} or less
`);
  if (values.json !== undefined) {
    await writeFile(
      values.json,
      `${JSON.stringify({ ratios, exchange, floors, bare: p99("bare"), used, resting, after, weights }, null, 2)}\n`,
    );
  }
  const light = weights.every(([, , all]) => all <= 50 * 1024);
  process.exitCode = median(ratios) <= WANTED && light ? 0 : 1;
} finally {
  await floor.stop();
  await entry.stop();
  await database.stop();
  await agent.close();
}
