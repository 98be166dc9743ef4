import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Params } from "../../../src/components/component.ts";
import { freePort } from "../../bed/ports.ts";
import { processGroup } from "../../bed/processes.ts";
import { waitFor } from "../../bed/wait.ts";
import { asks, type EntryNeighbours, placedEntry } from "./entry.ts";

/** The entry page as a program of its own, as in its pod. */
export type EntryProgram = Awaited<ReturnType<typeof startEntryProgram>>;

/** Changes one source file of `src/entry`; only the tests can take a defence away like this. */
export type SourceEdit = (file: string, text: string) => string;

const PROJECT = join(import.meta.dirname, "../../..");

/** Starts `telehealth entry` on the rendered Deployment, from a copy of the sources when something of them is edited. */
export async function startEntryProgram(
  params: Params,
  neighbours: EntryNeighbours,
  edits: Readonly<Record<string, SourceEdit | readonly SourceEdit[]>> = {},
) {
  const placed = await placedEntry(params, neighbours);
  const folder = await mkdtemp(join(tmpdir(), "entry-program-"));
  const root = Object.keys(edits).length > 0 ? await edited(folder, edits) : PROJECT;
  const port = await freePort();
  const group = processGroup(join(folder, "run"));
  const program = group.start("entry", process.execPath, [...placed.flags, join(root, "src/main.ts"), "entry"], {
    ...placed.environment,
    ENTRY_PORT: String(port),
  });
  const log = () => readFile(join(folder, "run", "log", "entry.log"), "utf8");
  await waitFor(
    async () => {
      if (program.ended()) throw new Error(`The entry page ${program.ended()}: ${group.tail("entry")}`);
      return (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok;
    },
    { interval: 50, timeout: 20_000, what: "the entry page" },
  );
  return {
    ...asks(port, params),
    keys: placed.environment["ENTRY_KEYS"] ?? "",
    flags: placed.flags,
    pid: program.pid,
    log,
    stop: async () => {
      await group.stop();
      await placed.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function edited(folder: string, edits: Readonly<Record<string, SourceEdit | readonly SourceEdit[]>>) {
  await cp(join(PROJECT, "src"), join(folder, "src"), { recursive: true });
  await cp(join(PROJECT, "package.json"), join(folder, "package.json"));
  await symlink(join(PROJECT, "node_modules"), join(folder, "node_modules"));
  for (const [name, all] of Object.entries(edits)) {
    const file = join(folder, "src/entry", name);
    const before = await readFile(file, "utf8");
    const after = [all].flat().reduce((text, edit) => edit(name, text), before);
    if (after === before) throw new Error(`Nothing was taken out of ${name}.`);
    await writeFile(file, after);
  }
  return folder;
}
