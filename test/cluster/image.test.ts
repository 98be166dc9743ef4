import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../bed/run.ts";
import { podFlags } from "../bench/pod-flags.ts";
import { runBuildStage } from "../support/dockerfile.ts";

const dockerfile = readFileSync("Dockerfile", "utf8");
const example = resolve("examples/solo.yaml");
let image = "";

beforeAll(async () => {
  image = await mkdtemp(join(tmpdir(), "telehealth-image-"));
  await chmod(image, 0o755);
  // The same Node as the image's; packages that are at hand are not fetched again.
  const path = `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`;
  await runBuildStage(image, { PATH: path, npm_config_prefer_offline: "true" });
  // Node looks in a folder for each user, and ours is another one where we may not change users.
  const ours = 'for made in compiled/*; do cp -r "$made" "${made%-*}-$(id -u)"; done';
  if (process.getuid?.() !== 0) await run("sh", ["-ec", ours], { cwd: image });
  await run("chmod", ["-R", "a-w", image]);
});

afterAll(async () => {
  await run("chmod", ["-R", "u+w", image]);
  await rm(image, { recursive: true });
});

/** Runs a program as the image's user where we may change users, in the read-only folder, without a home. */
function asUser(...program: string[]) {
  return inImage(program, {});
}

function inImage(program: readonly string[], more: Readonly<Record<string, string>>) {
  const [user = ""] = /(?<=^USER )\d+/m.exec(dockerfile) ?? [];
  const change = process.getuid?.() === 0 ? ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups"] : [];
  const [command = "", ...rest] = [...change, ...program];
  const [, compiled = ""] = /^ENV NODE_COMPILE_CACHE=\/app(\S+)$/m.exec(dockerfile) ?? [];
  const env = { HOME: "/nonexistent", PATH: process.env["PATH"], NODE_COMPILE_CACHE: `${image}${compiled}`, ...more };
  return spawnSync(command, rest, { cwd: image, encoding: "utf8", env, timeout: 30_000 });
}

const telehealth = (...args: string[]) => asUser(process.execPath, "src/main.ts", ...args);

describe("what the Dockerfile makes", () => {
  it("is based on the Node that the project is developed with", () => {
    const { version } = JSON.parse(readFileSync("tools/node/package.json", "utf8")) as { version: string };
    const bases = dockerfile.match(/^FROM \S+/gm);
    expect(bases).toEqual([
      `FROM docker.io/library/node:${version}-trixie-slim`,
      `FROM docker.io/library/node:${version}-trixie-slim`,
    ]);
  });

  it("holds no development tool", async () => {
    const modules = await run("ls", [join(image, "node_modules")]);
    expect(modules).toContain("pino");
    expect(modules).not.toMatch(/vitest|typescript|oxlint|pinned-node/);
  });

  it("cannot be changed by the one who runs it", () => {
    expect(asUser("touch", "src/main.ts")).toMatchObject({ status: 1 });
    expect(asUser("touch", "new")).toMatchObject({ status: 1 });
  });

  /** What Node is told in the pods does not make it compile again. */
  it.each([
    ["operator", podFlags(1)],
    ["entry", ["--max-old-space-size=100", "--max-semi-space-size=8"]],
    ["probe", ["--max-semi-space-size=1"]],
  ])("has compiled %s already", (command, flags) => {
    const program = [process.execPath, ...flags, "src/main.ts", command, "--unknown"];
    const { stderr } = inImage(program, { NODE_DEBUG_NATIVE: "COMPILE_CACHE" });
    const read = stderr.split("\n").filter((line) => line.includes("reading cache from"));
    expect(read.length).toBeGreaterThan(20);
    expect(read.filter((line) => !line.includes("success, size="))).toEqual([]);
    expect(stderr).not.toContain("was rejected");
  });

  it("helps", () => {
    const { status, stdout, stderr } = telehealth("help");
    expect(status).toBe(0);
    expect(stdout + stderr).toContain("telehealth render -f FILE");
  });

  it("renders a practice", () => {
    const { stdout, status } = telehealth("render", "-f", example);
    expect(status).toBe(0);
    expect(stdout).toContain("kind: NetworkPolicy");
  });

  it("starts the operator, which says that it reaches no cluster", () => {
    const { stderr, status } = telehealth("operator");
    expect(status).toBe(1);
    expect(stderr).toMatch(/There is no kubeconfig at .*\. Set KUBECONFIG/);
  });
});
