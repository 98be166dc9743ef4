import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { Readable } from "node:stream";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as BackupSet from "../../src/cli/backup-set.ts";
import type * as Give from "../../src/copy/give.ts";
import type * as Take from "../../src/copy/take.ts";
import { type Attack, type AttackGroup, group, type Outcome, type Stoppable } from "./attack.ts";

/** Both halves of a copy as they run in a pod, whole or with one line taken out. */
const PARTS = ["telehealth copy"];
const ROOT = join(import.meta.dirname, "../..");
const DUMP = randomBytes(10_000);
/** The token of another command, which its user may have noted. */
const NOTED = randomBytes(32).toString("hex");
/** Another address of this machine: like another pod, it does not get to 127.0.0.1. */
const ELSEWHERE = "127.0.0.2";

const digest = (content: string | Buffer) => createHash("sha256").update(content).digest("hex");

/** A file of the sources, a line in it, and what stands there instead. */
type Edit = readonly [file: string, line: string, other: string];

/** A module of ours, whole or from a copy of the sources that is edited. */
async function load(module: string, ...edits: readonly (Edit | undefined)[]) {
  const wanted = edits.filter((edit) => edit !== undefined);
  const folder = wanted.length > 0 ? await edited(wanted) : undefined;
  const loaded: unknown = await import(pathToFileURL(join(folder ?? ROOT, "src", module)).href);
  return { loaded, clean: async () => folder && (await rm(folder, { recursive: true })) };
}

/** @throws Error when the line is not there: nothing would be taken away. */
async function edited(edits: readonly Edit[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "attack-backup-"));
  await cp(join(ROOT, "src"), join(folder, "src"), { recursive: true });
  await cp(join(ROOT, "package.json"), join(folder, "package.json"));
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  for (const [file, line, other] of edits) {
    const path = join(folder, "src", file);
    const text = await readFile(path, "utf8");
    if (!text.includes(line)) throw new Error(`${file} has no line ${line}`);
    await writeFile(
      path,
      text.replace(line, () => other),
    );
  }
  return folder;
}

/** Asks as somebody who got to the port. @returns the status, and how much came. */
async function asked(
  port: number,
  options: object,
  body?: string | Buffer,
): Promise<{ status: number; bytes: number }> {
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

async function giving(edit: Edit | undefined, token: string): Promise<Giving> {
  const { loaded, clean } = await load("copy/give.ts", edit);
  const module = loaded as typeof Give;
  const folder = await mkdtemp(join(tmpdir(), "giving-"));
  const database = join(folder, "database.dump");
  await writeFile(database, DUMP);
  const { port, close } = await module.give({ token, port: 0, database, media: join(folder, "media") });
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
    const { bytes } = await asked(port, { path: "/database", headers });
    return bytes === DUMP.length ? "succeeded" : "failed";
  },
});

const COMPARISON = 'return timingSafeEqual(digest(headers.authorization ?? ""), digest(`Bearer ${token}`));';

export const copyTokenAttacks: AttackGroup = group<Giving>({
  defence: "the token that each backup makes for itself",
  parts: PARTS,
  start: (defended) =>
    giving(defended ? undefined : ["copy/part.ts", COMPARISON, "return true;"], randomBytes(32).toString("hex")),
  attacks: [
    reads("backup-without-token", "Somebody who may forward ports reads the database from a backup's pod.", {}),
    reads("backup-empty-token", "Somebody shows an empty token to a backup's pod.", { authorization: "Bearer " }),
    reads("backup-replayed-token", "Somebody shows a backup's pod the token of an earlier backup.", {
      authorization: `Bearer ${NOTED}`,
    }),
    {
      id: "backup-ended-by-others",
      promise: 7,
      does: "Somebody ends a backup that is under way.",
      run: async ({ port }) => {
        const { status } = await asked(port, { method: "POST", path: "/done" });
        return status === 204 ? "succeeded" : "failed";
      },
    },
  ],
});

export const copyPortAttacks: AttackGroup = group<Giving>({
  defence: "the pod of a backup listens on 127.0.0.1 alone",
  parts: PARTS,
  start: (defended) => giving(defended ? undefined : ["copy/part.ts", '"127.0.0.1"', '"0.0.0.0"'], NOTED),
  attacks: [
    {
      id: "backup-from-another-pod",
      promise: 3,
      does: "Another pod that knows the token reads the database from a backup's pod.",
      run: async ({ port }) => {
        const headers = { authorization: `Bearer ${NOTED}` };
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
  /** Sends a part. @returns what lies in its place then. */
  readonly put: (content: string, sha256: string) => Promise<string | undefined>;
}

async function taking(edit: Edit | undefined, before?: string): Promise<Taking> {
  const { loaded, clean } = await load("copy/take.ts", edit);
  const module = loaded as typeof Take;
  const folder = await mkdtemp(join(tmpdir(), "taking-"));
  const target = join(folder, "database.dump");
  if (before !== undefined) await writeFile(target, before);
  const { port, close } = await module.take({ token: NOTED, port: 0, kind: "file", target });
  return {
    put: async (content, sha256) => {
      const headers = { authorization: `Bearer ${NOTED}`, "x-sha256": sha256 };
      await asked(port, { method: "PUT", path: "/part", headers }, content);
      return readFile(target, "utf8").catch(() => undefined);
    },
    stop: async () => {
      close();
      await rm(folder, { recursive: true });
      await clean();
    },
  };
}

const sends = (id: string, does: string, content: string, sha256: string): Attack<Taking> => ({
  id,
  promise: 7,
  does,
  run: async ({ put }) => ((await put(content, sha256)) === content ? "succeeded" : "failed"),
});

export const alteredOnTheWay: AttackGroup = group<Taking>({
  defence: "the pod of a restore keeps only what has the SHA-256 of the backup",
  parts: PARTS,
  start: (defended) =>
    taking(defended ? undefined : ["copy/take.ts", 'hash.digest("hex") !== request.headers[DIGEST_HEADER]', "false"]),
  attacks: [
    sends(
      "restore-altered-on-the-way",
      "Something on the way changes what is restored.",
      "changed",
      digest("what was sent"),
    ),
  ],
});

export const overwritingAttacks: AttackGroup = group<Taking>({
  defence: "the pod of a restore overwrites nothing",
  parts: PARTS,
  start: (defended) =>
    taking(defended ? undefined : ["copy/take.ts", "if (await exists(target)) return 409;", ""], "the first"),
  attacks: [
    sends(
      "restore-over-data",
      "A part is sent to the pod of a restore that has it already.",
      "another",
      digest("another"),
    ),
  ],
});

/** An archive of one file with a name of somebody's choice: ustar, which every reader knows. */
function archiveOf(name: string, content: string): Buffer {
  const header = Buffer.alloc(512);
  const put = (at: number, text: string) => header.write(text, at, "latin1");
  put(0, name);
  put(100, "0000644");
  put(124, content.length.toString(8).padStart(11, "0"));
  put(148, "        "); // what the sum is made over
  put(156, "0");
  put(257, "ustar");
  put(263, "00");
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0`);
  const body = Buffer.alloc(512);
  body.write(content);
  return Buffer.concat([header, body, Buffer.alloc(1024)]);
}

/** What unpacks an archive without a look at its names. */
const CREDULOUS = `
import { join, dirname } from "node:path";
import { mkdirSync, writeFileSync } from "node:fs";
import { Writable as Sink } from "node:stream";
function credulous(into) {
  const parts = [];
  return new Sink({
    write(chunk, _, done) { parts.push(chunk); done(); },
    final(done) {
      const tar = Buffer.concat(parts);
      const path = join(into, tar.toString("latin1", 0, 100).replace(/\\0.*$/s, ""));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, tar.subarray(512, 512 + parseInt(tar.toString("latin1", 124, 135), 8)));
      done();
    },
  });
}
async function sink(`;

interface Unpacking extends Stoppable {
  /** Sends an archive of one file. @returns its content, if it came to lie beside the folder of uploads. */
  readonly unpack: (name: string) => Promise<string | undefined>;
}

export const climbingAttacks: AttackGroup = group<Unpacking>({
  defence: "the pod of a restore unpacks plain files in the folders of uploads alone",
  parts: PARTS,
  start: async (defended) => {
    const [whole, opened] = [
      "async function sink(",
      "return unpackTar(aside, { filter: isUpload, fmode: 0o640, dmode: 0o750 });",
    ];
    const { loaded, clean } = await load(
      "copy/take.ts",
      defended ? undefined : ["copy/take.ts", whole, CREDULOUS],
      defended ? undefined : ["copy/take.ts", opened, "return credulous(aside);"],
    );
    const module = loaded as typeof Take;
    const folder = await mkdtemp(join(tmpdir(), "unpacking-"));
    const target = join(folder, "data", "media");
    await mkdir(join(folder, "data"));
    const { port, close } = await module.take({ token: NOTED, port: 0, kind: "folder", target });
    return {
      unpack: async (name) => {
        const archive = archiveOf(name, "climbed");
        const headers = { authorization: `Bearer ${NOTED}`, "x-sha256": digest(archive) };
        await asked(port, { method: "PUT", path: "/part", headers }, archive);
        const found = await readFile(join(folder, "climbed"), "utf8").catch(() => undefined);
        await rm(join(folder, "climbed"), { force: true });
        await rm(target, { recursive: true, force: true });
        return found;
      },
      stop: async () => {
        close();
        await rm(folder, { recursive: true });
        await clean();
      },
    };
  },
  attacks: [
    {
      id: "restore-climbs-out",
      promise: 7,
      does: "An archive of uploads holds a file that is named out of its folder.",
      run: async ({ unpack }) =>
        (await unpack("local_content/../../../climbed")) === "climbed" ? "succeeded" : "failed",
    },
  ],
});

interface Kept extends Stoppable {
  readonly folder: string;
  readonly read: () => Promise<Outcome>;
}

/** A backup in its folder, and what reads it, with all that could make it refuse. */
async function kept(edit: Edit | undefined): Promise<Kept> {
  const { loaded, clean } = await load("cli/backup-set.ts", edit);
  const module = loaded as typeof BackupSet;
  const folder = await mkdtemp(join(tmpdir(), "set-"));
  const write = (part: BackupSet.PartName, text: string) => module.writePart(folder, part, Readable.from([text]));
  const contents: BackupSet.Contents = {
    format: 1,
    practice: "greenriver",
    serverName: "matrix.greenriver.example",
    postgresMajor: 17,
    takenAt: new Date().toISOString(),
    parts: {
      database: await write("database", "rows"),
      media: await write("media", "files"),
      keys: await write("keys", JSON.stringify({ secrets: {}, identity: {} })),
    },
  };
  await module.writeContents(folder, contents);
  const refused = (error: unknown) => {
    if (error instanceof Error && /is not what was backed up/.test(error.message)) return "failed" as const;
    throw error;
  };
  return {
    folder,
    read: () => module.readBackup(folder).then(() => "succeeded" as const, refused),
    stop: async () => {
      await rm(folder, { recursive: true });
      await clean();
    },
  };
}

const tampers = (what: string, file: string, content: string): Attack<Kept> => ({
  id: `restore-tampered-${what}`,
  promise: 7,
  does: `Somebody who keeps a backup changes its ${what}.`,
  run: async ({ folder, read }) => {
    const path = join(folder, file);
    const before = await readFile(path);
    await writeFile(path, content);
    const outcome = await read();
    await writeFile(path, before);
    return outcome;
  },
});

export const tamperedSet: AttackGroup = group<Kept>({
  defence: "a backup is compared with its SHA-256 before anything is made of it",
  parts: ["telehealth restore"],
  start: (defended) =>
    kept(defended ? undefined : ["cli/backup-set.ts", "sha256 !== parsed.data.parts[part].sha256", "false"]),
  attacks: [
    tampers("database", "database.dump", "roes"),
    tampers("files", "media.tar", "filez"),
    tampers("keys", "keys.json", '{"secrets":{"intruder":{}},"identity":{}}'),
  ],
});
