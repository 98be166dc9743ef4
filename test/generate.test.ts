import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GENERATED, staleFiles, textOf } from "../src/generate.ts";

const root = join(import.meta.dirname, "..");
let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "generated-"));
  for (const { path } of GENERATED) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(root, path), join(copy, path));
  }
});
afterAll(() => {
  rmSync(copy, { recursive: true });
});

describe("generated files", () => {
  it("are what the source makes", () => {
    expect(staleFiles(root).map(({ path }) => path)).toEqual([]);
  });

  it.each(GENERATED)("$path is the same text each time", (file) => {
    const now = readFileSync(join(root, file.path), "utf8");
    expect(textOf(file, now)).toBe(textOf(file, now));
  });

  it("are found when edited by hand, and when missing", () => {
    const [edited, missing] = GENERATED;
    writeFileSync(join(copy, edited?.path ?? ""), "edited\n");
    rmSync(join(copy, missing?.path ?? ""));
    expect(staleFiles(copy)).toEqual([edited, missing]);
  });
});
