import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Readable } from "node:stream";
import type * as BackupSet from "../../src/cli/backup-set.ts";
import type * as Give from "../../src/copy/give.ts";
import type * as Take from "../../src/copy/take.ts";
import { type Attack, type AttackGroup, group, type Outcome, type Stoppable } from "./attack.ts";

/** Both halves of a copy as they run in a pod, or with one line of them taken out. */
const PARTS = ["telehealth copy"];
const ROOT = join(import.meta.dirname, "../..");
const DUMP = randomBytes(10_000);
const digest = (content: Buffer | string) => createHash("sha256").update(content).digest("hex");

/** A copy of the sources with one file edited. @throws Error when the line is not there: nothing would be taken away. */
async function edited(file: string, line: string, other: string) {
  const folder = await mkdtemp(join(tmpdir(), "attack-backup-"));
  await cp(join(ROOT, "src"), join(folder, "src"), { recursive: true });
  await cp(join(ROOT, "package.json"), join(folder, "package.json"));
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const path = join(folder, "src", file);
  const text = await readFile(path, "utf8");
  if (!text.includes(line)) throw new Error(`${file} has no line ${line}`);
  await writeFile(path, text.replace(line, other));
  return folder;
}

/** A module of ours, whole or edited. */
async function load<M>(module: string, edit: Parameters<typeof edited> | undefined) {
  const folder = edit ? await edited(...edit) : undefined;
  const url = pathToFileURL(join(folder ?? ROOT, "src", module)).href;
  const loaded = (await import(url)) as M;
  return { loaded, clean: async () => folder && (await rm(folder, { recursive: true })) };
}

/** Asks as somebody who got to the port. @returns status, and how much came. */
async function asked(port: number, options: object = {}, body?: Buffer): Promise<{ status: number; bytes: number }> {
  const sent = request({ host: "127.0.0.1", port, agent: false, ...options });
  sent.end(body);
  const [answer] = (await once(sent, "response")) as [Readable & { statusCode: number }];
  let bytes = 0;
  for await (const chunk of answer) bytes += (chunk as Buffer).length;
  return { status: answer.statusCode, bytes };
}

interface Giving extends Stoppable {
  readonly port: number;
}

async function giving(edit: Parameters<typeof edited> | undefined, token: string): Promise<Giving> {
  const { loaded, clean } = await load<typeof Give>("copy/give.ts", edit);
  const folder = await mkdtemp(join(tmpdir(), "giving-"));
  const database = join(folder, "database.dump");
  await writeFile(database, DUMP);
  const { port, close } = await loaded.give({ token, port: 0, database, media: join(folder, "media") });
  const stop = async () => {
    close();
    await rm(folder, { recursive: true });
    await clean();
  };
  return { port, stop };
}

const reads = (id: string, does: string, headers: Record<string, string>): Attack<Giving> => ({
  id,
  promise: 3,
  does,
  run: async ({ port }) => {
    const { status, bytes } = await asked(port, { path: "/database", headers });
    return status === 200 && bytes === DUMP.length ? "succeeded" : "failed";
  },
});

/** The token of an earlier command, which its user may have noted. */
const FORMER = randomBytes(32).toString("hex");

export const copyTokenAttacks: AttackGroup = group<Giving>({
  defence: "the token that a backup makes for itself",
  parts: PARTS,
  start: (defended) =>
    giving(
      defended
        ? undefined
        : [
            "copy/part.ts",
            'return timingSafeEqual(digest(headers.authorization ?? ""), digest(`Bearer ${token}`));',
            "return true;",
          ],
      randomBytes(32).toString("hex"),
    ),
  attacks: [
    reads("backup-without-token", "Somebody who may forward ports reads the database from a backup's pod.", {}),
    reads("backup-empty-token", "Somebody shows an empty token to a backup's pod.", { authorization: "Bearer " }),
    reads("backup-replayed-token", "Somebody shows the token of an earlier backup.", {
      authorization: `Bearer ${FORMER}`,
    }),
    {
      id: "backup-ended-by-others",
      promise: 5,
      does: "Somebody ends a backup that is under way.",
      run: async ({ port }) =>
        (await asked(port, { method: "POST", path: "/done" })).status === 204 ? "succeeded" : "failed",
    },
  ],
});

/** Another address of this machine: as another pod, it does not get to 127.0.0.1. */
const ELSEWHERE = "127.0.0.2";

export const copyPortAttacks: AttackGroup = group<Giving>({
  defence: "a backup's pod listens on 127.0.0.1 alone",
  parts: PARTS,
  // Somebody may have the token.
  start: (defended) => giving(defended ? undefined : ["copy/part.ts", '"127.0.0.1"', '"0.0.0.0"'], FORMER),
  attacks: [
    {
      id: "backup-from-another-pod",
      promise: 3,
      does: "Another pod that has the token reads the database from a backup's pod.",
      run: async ({ port }) => {
        const headers = { authorization: `Bearer ${FORMER}` };
        try {
          const { bytes } = await asked(port, { host: ELSEWHERE, path: "/database", headers });
          return bytes === DUMP.length ? "succeeded" : "failed";
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === "ECONNREFUSED") return "failed";
          throw error;
        }
      },
    },
  ],
});

interface Taking extends Stoppable {
  readonly put: (content: Buffer, sha256: string) => Promise<number>;
  readonly there: () => Promise<string | undefined>;
}

async function taking(edit: Parameters<typeof edited> | undefined, before?: string): Promise<Taking> {
  const { loaded, clean } = await load<typeof Take>("copy/take.ts", edit);
  const folder = await mkdtemp(join(tmpdir(), "taking-"));
  const target = join(folder, "database.dump");
  if (before !== undefined) await writeFile(target, before);
  const { port, close } = await loaded.take({ token: FORMER, port: 0, kind: "file", target });
  return {
    put: async (content, sha256) => {
      const headers = { authorization: `Bearer ${FORMER}`, "x-sha256": sha256 };
      return (await asked(port, { method: "PUT", path: "/part", headers }, content)).status;
    },
    there: () => readFile(target, "utf8").catch(() => undefined),
    stop: async () => {
      close();
      await rm(folder, { recursive: true });
      await clean();
    },
  };
}

export const alteredOnTheWay: AttackGroup = group<Taking>({
  defence: "a restore's pod keeps what has the SHA-256 of the backup",
  parts: PARTS,
  start: (defended) =>
    taking(defended ? undefined : ["copy/take.ts", 'hash.digest("hex") !== request.headers[DIGEST_HEADER]', "false"]),
  attacks: [
    {
      id: "restore-altered-on-the-way",
      promise: 5,
      does: "Something on the way changes what is restored.",
      run: async ({ put, there }) => {
        await put(Buffer.from("changed"), digest("sent"));
        return (await there()) === "changed" ? "succeeded" : "failed";
      },
    },
  ],
});

export const overwritingAttacks: AttackGroup = group<Taking>({
  defence: "a restore's pod overwrites nothing",
  parts: PARTS,
  start: (defended) =>
    taking(defended ? undefined : ["copy/take.ts", "if (await exists(target)) return 409;", ""], "first"),
  attacks: [
    {
      id: "restore-over-data",
      promise: 5,
      does: "A restore is sent to where there is data already.",
      run: async ({ put, there }) => {
        await put(Buffer.from("second"), digest("second"));
        return (await there()) === "second" ? "succeeded" : "failed";
      },
    },
  ],
});

interface Kept extends Stoppable {
  readonly folder: string;
  readonly read: () => Promise<Outcome>;
}

export const tamperedSet: AttackGroup = group<Kept>({
  defence: "a backup is compared with its SHA-256 before anything is made of it",
  parts: ["telehealth restore"],
  start: async (defended) => {
    const edit = ["cli/backup-set.ts", "sha256 !== parsed.data.parts[part].sha256", "false"] as const;
    const { loaded, clean } = await load<typeof BackupSet>("cli/backup-set.ts", defended ? undefined : [...edit]);
    const folder = await mkdtemp(join(tmpdir(), "set-"));
    await mkdir(folder, { recursive: true });
    const write = (part: BackupSet.PartName, text: string) => loaded.writePart(folder, part, Readable.from([text]));
    const parts = {
      database: await write("database", "rows"),
      media: await write("media", "files"),
      keys: await write("keys", JSON.stringify({ secrets: {}, identity: {} })),
    };
    const takenAt = new Date().toISOString();
    const serverName = "matrix.greenriver.example";
    await loaded.writeContents(folder, {
      format: 1,
      practice: "greenriver",
      serverName,
      postgresMajor: 17,
      takenAt,
      parts,
    });
    return {
      folder,
      read: () =>
        loaded.readBackup(folder).then(
          () => "succeeded" as const,
          (error: unknown) => {
            if (error instanceof Error && /is not what was backed up/.test(error.message)) return "failed" as const;
            throw error;
          },
        ),
      stop: async () => {
        await rm(folder, { recursive: true });
        await clean();
      },
    };
  },
  attacks: (
    [
      ["database.dump", "database", "roes"],
      ["media.tar", "files", "filez"],
      ["keys.json", "keys", '{"secrets":{"intruder":{}},"identity":{}}'],
    ] as const
  ).map(([file, what, content]) => ({
    id: `restore-tampered-${what}`,
    promise: 5,
    does: `Somebody who keeps a backup changes its ${what}.`,
    run: async ({ folder, read }) => {
      const path = join(folder, file);
      const before = await readFile(path);
      await writeFile(path, content);
      const outcome = await read();
      await writeFile(path, before);
      return outcome;
    },
  })),
});
