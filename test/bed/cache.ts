import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { say } from "./progress.ts";

/** Where built and downloaded parts of the bed are kept between runs, outside the repository. */
function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "telehealth-operator", "bed");
}

/** The cache entry for what `inputs` (texts: lock files, sources, flags, versions) determine on this kind of machine. */
export function cacheEntry(name: string, inputs: readonly string[]): string {
  const hash = createHash("sha256");
  for (const input of [process.platform, process.arch, ...inputs]) hash.update(`${input.length}:${input}`);
  return join(cacheFolder(), `${name}-${hash.digest("hex").slice(0, 16)}`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** True if the lock is now ours. The file appears whole, with the id of its owner, or not at all. */
async function takeLock(file: string): Promise<boolean> {
  const own = `${file}.${process.pid}`;
  await writeFile(own, String(process.pid));
  try {
    await link(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(own);
  }
  const owner = Number(await readFile(file, "utf8").catch(() => ""));
  if (owner > 0 && !isAlive(owner)) await rm(file, { force: true }); // its owner died; the next round takes it
  return false;
}

/** What interrupted runs left of an entry. */
async function removeParts(entry: string): Promise<void> {
  const parts = (await readdir(dirname(entry))).filter((name) => name.startsWith(`${basename(entry)}.part-`));
  for (const name of parts) await rm(join(dirname(entry), name), { recursive: true, force: true });
}

/**
 * Returns the folder `entry`, made by `make` if it is not there yet. What is half made is never seen: `make` fills
 * a folder beside it that is renamed at the end. Of several processes that want the same entry one makes it and the
 * others wait; should two ever slip through, both make the same thing and one of the results stays.
 */
export async function kept(entry: string, make: (into: string) => Promise<void>): Promise<string> {
  const lock = `${entry}.lock`;
  const part = `${entry}.part-${process.pid}`;
  await mkdir(dirname(entry), { recursive: true });
  for (let told = 0; !existsSync(entry);) {
    if (!(await takeLock(lock))) {
      if (Date.now() - told > 8_000) say(`another run makes ${entry}; waiting for it`);
      if (Date.now() - told > 8_000) told = Date.now();
      await sleep(200);
      continue;
    }
    try {
      if (existsSync(entry)) break;
      await removeParts(entry);
      await mkdir(part, { recursive: true });
      await make(part);
      await rename(part, entry);
    } finally {
      await rm(part, { recursive: true, force: true });
      await rm(lock, { force: true });
    }
  }
  return entry;
}
