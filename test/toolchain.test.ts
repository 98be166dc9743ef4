import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
let copy: string;

/** Findings of the linter about a file with this content at this path of the project. */
function lint(path: string, content: string): string[] {
  const file = join(copy, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  const cli = join(root, "node_modules", "oxlint", "bin", "oxlint");
  const { stdout } = spawnSync(process.execPath, [cli, "--format", "json", path], { cwd: copy, encoding: "utf8" });
  rmSync(file);
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string }[] };
  return diagnostics.map(({ code }) => code);
}

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "telehealth-lint-"));
  writeFileSync(join(copy, "oxlint.config.ts"), readFileSync(join(root, "oxlint.config.ts")));
  writeFileSync(join(copy, "package.json"), '{ "type": "module" }');
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
});
afterAll(() => rmSync(copy, { recursive: true }));

describe("the linter", () => {
  const forbidden = "eslint(no-restricted-imports)";

  it.each([
    ["src/api/a.ts", "../practice/names.ts"],
    ["src/practice/a.ts", "../components/component.ts"],
    ["src/components/a.ts", "../render/render.ts"],
    ["src/components/jitsi/a.ts", "../../runtime/errors.ts"],
    ["src/components/jitsi/a.ts", "../../entry/app.ts"],
    ["src/components/jitsi/a.ts", "cdk8s"],
    ["src/components/jitsi/a.ts", "node:fs"],
    ["src/policy/a.ts", "../components/component.ts"],
    ["src/policy/a.ts", "undici"],
    ["src/render/a.ts", "../runtime/errors.ts"],
    ["src/render/a.ts", "../config.ts"],
    ["src/runtime/a.ts", "../practice/names.ts"],
    ["src/runtime/a.ts", "../config.ts"],
    ["src/telemetry/a.ts", "../assets.ts"],
    ["src/controller/a.ts", "../cli/plan.ts"],
    ["src/controller/a.ts", "cdk8s-plus-28"],
    ["src/entry/a.ts", "../runtime/transport.ts"],
  ])("refuses that %s imports %s", (file, specifier) => {
    expect(lint(file, `export { a } from "${specifier}";\n`)).toContain(forbidden);
    expect(lint(file, `import type { A } from "${specifier}";\nexport type B = A;\n`)).toContain(forbidden);
  });

  it.each([
    ["src/practice/a.ts", "../api/group.ts"],
    ["src/components/a.ts", "./entry/entry.ts"],
    ["src/components/jitsi/a.ts", "../../practice/names.ts"],
    ["src/components/kube.ts", "cdk8s-plus-28"],
    ["src/policy/a.ts", "./exposure.ts"],
    ["src/render/a.ts", "../policy/enforce.ts"],
    ["src/runtime/a.ts", "../manifest.ts"],
    ["src/runtime/a.ts", "node:fs"],
    ["src/controller/a.ts", "../runtime/errors.ts"],
    ["src/entry/a.ts", "../telemetry/logger.ts"],
    ["src/cli/a.ts", "../controller/operator.ts"],
  ])("accepts that %s imports %s", (file, specifier) => {
    expect(lint(file, `export { a } from "${specifier}";\n`)).not.toContain(forbidden);
  });

  it("refuses clock and randomness where objects are rendered", () => {
    expect(lint("src/render/a.ts", "export const now = () => new Date();\n")).toEqual([
      "eslint(no-restricted-globals)",
    ]);
    expect(lint("src/api/a.ts", "export const dice = () => Math.random();\n")).toEqual([
      "eslint(no-restricted-properties)",
    ]);
    expect(lint("src/runtime/a.ts", "export const now = () => new Date();\n")).toEqual([]);
  });
});
