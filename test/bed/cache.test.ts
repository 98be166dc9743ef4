import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cacheEntry, kept } from "./cache.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "telehealth-cache-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Another process that makes the same entry, slowly, and notes that it did so. */
async function maker(): Promise<number> {
  const script = `import { kept } from ${JSON.stringify(join(import.meta.dirname, "cache.ts"))};
    import { appendFile, writeFile } from "node:fs/promises";
    import { setTimeout } from "node:timers/promises";
    await kept(${JSON.stringify(join(folder, "entry"))}, async (into) => {
      await appendFile(${JSON.stringify(join(folder, "made"))}, "once ");
      await setTimeout(500);
      await writeFile(into + "/part", "whole");
    });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" });
  const [code] = (await once(child, "exit")) as [number];
  return code;
}

describe("the cache", () => {
  it("makes an entry once, however many want it at the same time", async () => {
    expect(await Promise.all([maker(), maker(), maker()])).toEqual([0, 0, 0]);
    expect(await readFile(join(folder, "made"), "utf8")).toBe("once ");
    expect(await readFile(join(folder, "entry", "part"), "utf8")).toBe("whole");
  });

  it("keeps nothing of an attempt that failed, and the next one may try", async () => {
    const entry = join(folder, "entry");
    const failing = kept(entry, async (into) => {
      await writeFile(join(into, "part"), "half");
      throw new Error("no space");
    });
    await expect(failing).rejects.toThrow("no space");
    expect(await readdir(folder)).toEqual([]);
    await kept(entry, (into) => appendFile(join(into, "part"), "whole"));
    expect(existsSync(join(entry, "part"))).toBe(true);
  });

  it("takes over the lock of a run that died, and clears up after it", async () => {
    const entry = join(folder, "entry");
    await mkdir(`${entry}.part-1`);
    const dead = spawn("true");
    await once(dead, "exit");
    await writeFile(`${entry}.lock`, String(dead.pid));
    expect(await kept(entry, async () => undefined)).toBe(entry);
    expect(await readdir(folder)).toEqual(["entry"]);
  });

  it("has another entry for other inputs", () => {
    expect(cacheEntry("a", ["x", "y"])).not.toBe(cacheEntry("a", ["xy"]));
    expect(cacheEntry("a", ["x", "y"])).toBe(cacheEntry("a", ["x", "y"]));
  });
});
