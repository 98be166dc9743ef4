import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { BadInput } from "./bad-input.ts";

/** The parts of a backup, as files of one folder. `backup.json` is written last: without it a folder is no backup. */
export const PARTS = { database: "database.dump", media: "media.tar", keys: "keys.json" } as const;
export type PartName = keyof typeof PARTS;
const CONTENTS = "backup.json";

const partSchema = z.strictObject({ bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) });
const contentsSchema = z.strictObject({
  format: z.literal(1),
  practice: z.string(),
  serverName: z.string(),
  postgresMajor: z.int(),
  takenAt: z.iso.datetime(),
  parts: z.strictObject({ database: partSchema, media: partSchema, keys: partSchema }),
});
export type Contents = z.output<typeof contentsSchema>;
export type PartSummary = z.output<typeof partSchema>;

/** Secrets by name, each with its keys in base64, as Kubernetes has them; and the identity object's data. */
export const keysSchema = z.strictObject({
  secrets: z.record(z.string(), z.record(z.string(), z.base64())),
  identity: z.record(z.string(), z.string()),
});
export type Keys = z.output<typeof keysSchema>;

/** Makes the folder, for its owner alone. @throws BadInput when it is there already: nothing is overwritten. */
export async function newFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      throw new BadInput(
        `${folder} is there already, and nothing is overwritten. Name a folder that is not there yet.`,
      );
    }
    throw new BadInput(`${folder} cannot be made: ${(error as Error).message}`);
  }
}

/** Writes one part, for its owner alone, and measures it on the way. */
export async function writePart(folder: string, part: PartName, content: Readable): Promise<PartSummary> {
  const measure = new Measure();
  await pipeline(content, measure, createWriteStream(join(folder, PARTS[part]), { mode: 0o600, flags: "wx" }));
  return measure.summary();
}

/** Makes the folder a backup. */
export async function writeContents(folder: string, contents: Contents): Promise<void> {
  await writeFile(join(folder, CONTENTS), `${JSON.stringify(contents, undefined, 2)}\n`, { mode: 0o600, flag: "wx" });
}

/**
 * Reads what a backup holds and checks every part against it, before anything is done with it.
 * @throws BadInput when the folder is no whole backup, or a part is not what was written.
 */
export async function readBackup(folder: string): Promise<{ contents: Contents; keys: Keys }> {
  const parsed = contentsSchema.safeParse(await jsonOf(folder, CONTENTS));
  if (!parsed.success) throw new BadInput(`${join(folder, CONTENTS)} was not written by this release of telehealth.`);
  for (const part of Object.keys(PARTS) as PartName[]) {
    const { sha256 } = await measured(folder, part);
    if (sha256 !== parsed.data.parts[part].sha256) {
      throw new BadInput(
        `${join(folder, PARTS[part])} is not what was backed up: its SHA-256 differs. Use another backup.`,
      );
    }
  }
  const keys = keysSchema.safeParse(await jsonOf(folder, PARTS.keys));
  if (!keys.success) throw new BadInput(`${join(folder, PARTS.keys)} was not written by this release of telehealth.`);
  return { contents: parsed.data, keys: keys.data };
}

export function readPart(folder: string, part: PartName): Readable {
  return createReadStream(join(folder, PARTS[part]));
}

/** `undefined` for what is no JSON. */
async function jsonOf(folder: string, file: string): Promise<unknown> {
  const text = await textOf(folder, file);
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function textOf(folder: string, file: string): Promise<string> {
  try {
    return await readFile(join(folder, file), "utf8");
  } catch {
    throw new BadInput(`${join(folder, file)} is missing, so ${folder} is no whole backup. Use another one.`);
  }
}

async function measured(folder: string, part: PartName): Promise<PartSummary> {
  const measure = new Measure();
  try {
    await pipeline(readPart(folder, part), measure.resume());
  } catch {
    throw new BadInput(`${join(folder, PARTS[part])} is missing, so ${folder} is no whole backup. Use another one.`);
  }
  return measure.summary();
}

/** Passes bytes on, and knows afterwards how many they were and their SHA-256. */
class Measure extends Transform {
  readonly #hash = createHash("sha256");
  #bytes = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    done(null, chunk);
  }

  summary(): PartSummary {
    return { bytes: this.#bytes, sha256: this.#hash.digest("hex") };
  }
}
