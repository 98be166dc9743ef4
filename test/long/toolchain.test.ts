import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> };
// The machine's own Node, not the pinned one that this test itself runs on.
const ownPath = (process.env.PATH ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));

// What the npm and the vitest that started this test leave behind for their children.
const notOurs = /^(npm_.*|VITEST.*|INIT_CWD|NODE|NODE_ENV|NODE_OPTIONS|NODE_PATH)$/i;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "telehealth-toolchain-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(path: readonly string[], cwd: string, command: string, ...args: string[]) {
  const inherited = Object.entries(process.env).filter(([name]) => !notOurs.test(name));
  const env = { ...Object.fromEntries(inherited), PATH: path.join(delimiter) };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: "utf8" });
  return { status, stdout, stderr };
}

/** Runs a command that must succeed; a failure shows what it said. */
function succeed(path: readonly string[], cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr } = run(path, cwd, command, ...args);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}: ${stderr}`);
  return stdout.trim();
}

/** Makes an npm of this version the only one on the path, and a clone that tells which Node it runs on. */
function prepare(version: string, name: string): { path: string[]; clone: string } {
  const npm = join(folder, `npm-${version}`);
  mkdirSync(npm, { recursive: true });
  succeed(ownPath, npm, "npm", "install", "--no-save", "--prefix", npm, `npm@${version}`);
  const clone = join(folder, name);
  mkdirSync(join(clone, "src"), { recursive: true });
  for (const part of ["package-lock.json", ".npmrc", "tools"]) {
    cpSync(join(root, part), join(clone, part), { recursive: true });
  }
  const guard = /^node \S+check\.cjs && /.exec(manifest.scripts.test ?? "")?.[0] ?? "no guard";
  const scripts = { ...manifest.scripts, "node-version": "node --version", guarded: `${guard}true` };
  writeFileSync(join(clone, "package.json"), JSON.stringify({ ...manifest, scripts }));
  writeFileSync(join(clone, "src", "main.ts"), "const version: string = process.version;\nconsole.log(version);\n");
  chmodSync(join(clone, "tools", "node", "telehealth.cjs"), 0o755);
  return { path: [join(npm, "node_modules", ".bin"), ...ownPath], clone };
}

describe.each(["10.8.2", "11.0.0"])("a fresh clone with npm %s", (version) => {
  it("runs scripts and commands on Node 24", () => {
    const { path, clone } = prepare(version, `clone-${version}`);
    expect(succeed(path, clone, "npm", "--version")).toBe(version);
    succeed(path, clone, "npm", "ci");
    expect(succeed(path, clone, "npm", "run", "--silent", "node-version")).toMatch(/^v24\./);
    expect(succeed(path, clone, "npx", "--no", "telehealth")).toMatch(/^v24\./);
  });
});

describe("a clone whose install scripts were switched off", () => {
  it("says on an older Node what to do, and works once that is done", () => {
    const { path, clone } = prepare("10.8.2", "clone-without-scripts");
    const old = Number(run(path, clone, "node", "-p", "parseInt(process.versions.node)").stdout) < 24;
    succeed(path, clone, "npm", "ci", "--ignore-scripts");
    const refused = { status: 1, stderr: expect.stringContaining("run `npm rebuild --ignore-scripts` once") };
    expect(run(path, clone, "npm", "run", "guarded")).toMatchObject(old ? refused : { status: 0 });
    expect(run(path, clone, "node", "tools/node/telehealth.cjs")).toMatchObject(old ? refused : { status: 0 });
    succeed(path, clone, "npm", "rebuild", "--ignore-scripts");
    expect(succeed(path, clone, "npx", "--no", "telehealth")).toMatch(/^v24\./);
  });
});
