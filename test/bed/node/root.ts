import { existsSync } from "node:fs";
import { chmod, copyFile, cp, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { unpackedRoot } from "../../apps/support/debian.ts";
import { pythonWithSynapse } from "../../apps/support/messaging-programs.ts";
import { runBuildStage } from "../../support/dockerfile.ts";
import { run } from "../run.ts";

/** Every program of a practice and before it that the distribution has, and what the shell scripts of containers call. */
const PACKAGES = [
  ..."base-files bash ca-certificates coreutils curl dash diffutils findutils grep gzip libc-bin mawk procps sed tar wget".split(
    " ",
  ),
  ..."haproxy prosody lua5.4 lua-cjson lua-unbound nginx postgresql python3 libjemalloc2 libstdc++6 tzdata".split(" "),
];

/** The users of the upstream images: 999 is PostgreSQL's, 991 Synapse's, 1000 what we start Jitsi's programs as. */
const USERS = { root: 0, postgres: 999, synapse: 991, jitsi: 1000, nonroot: 65532, nobody: 65534 };

/** A root file system with the programs of a practice, without the scripts of their packages ever having run. */
export async function writeProgramsRoot(root: string): Promise<void> {
  await unpackedRoot(root, PACKAGES);
  const users = Object.entries(USERS);
  await mkdir(join(root, "etc"), { recursive: true });
  await writeFile(
    join(root, "etc", "passwd"),
    users.map(([name, id]) => `${name}:x:${id}:${id}::/:/bin/sh\n`).join(""),
  );
  await writeFile(join(root, "etc", "group"), users.map(([name, id]) => `${name}:x:${id}:\n`).join(""));
  for (const [path, target] of [
    ["bin/sh", "dash"],
    ["usr/bin/awk", "mawk"],
  ] as const) {
    if (!existsSync(join(root, path))) await symlink(target, join(root, path));
  }
  for (const folder of ["tmp", "var/tmp"]) {
    await mkdir(join(root, folder), { recursive: true });
    await chmod(join(root, folder), 0o1777);
  }
  for (const folder of ["proc", "sys", "dev", "run"]) await mkdir(join(root, folder), { recursive: true });
  const packages = join(root, "usr", "local", "lib", "python3.11", "dist-packages");
  await mkdir(dirname(packages), { recursive: true });
  await cp(await synapsePackages(), packages, { recursive: true, verbatimSymlinks: true });
  await run("ldconfig", ["-r", root]);
}

/** Where pip put Synapse. @throws Error when it was made for another Python than the image's. */
async function synapsePackages(): Promise<string> {
  const library = join(dirname(dirname(await pythonWithSynapse())), "lib");
  const [version = ""] = await readdir(library);
  if (version !== "python3.11") {
    throw new Error(`Synapse is here for ${version}, but the distribution of the image has python3.11.`);
  }
  return join(library, version, "site-packages");
}

/** What the Dockerfile makes, and the Node it stands on. */
export async function writeOperatorRoot(root: string): Promise<void> {
  const app = join(root, "app");
  const binaries = join(root, "usr", "local", "bin");
  await mkdir(app, { recursive: true });
  await mkdir(binaries, { recursive: true });
  const path = `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`;
  await runBuildStage(app, { PATH: path, npm_config_prefer_offline: "true" });
  await symlink("/app/src/main.ts", join(binaries, "telehealth"));
}

export async function writeNodeRoot(root: string): Promise<void> {
  const binaries = join(root, "usr", "local", "bin");
  await mkdir(binaries, { recursive: true });
  await copyFile(process.execPath, join(binaries, "node"));
}

export async function writeStandInRoot(root: string): Promise<void> {
  const binaries = join(root, "usr", "local", "bin");
  await mkdir(binaries, { recursive: true });
  await copyFile(join(import.meta.dirname, "stand-in.js"), join(root, "stand-in.js"));
  const script = '#!/bin/sh\nexec node --max-semi-space-size=1 /stand-in.js "$@"\n';
  await writeFile(join(binaries, "java"), script, { mode: 0o755 });
}

/** As haproxy-ingress has it in its own image, but for HAProxy. */
export async function writeIngressRoot(root: string, programs: string): Promise<void> {
  await cp(join(programs, "rootfs"), root, { recursive: true });
  await copyFile(join(programs, "haproxy-ingress"), join(root, "haproxy-ingress-controller"));
}

/** The program of the pods that answer a challenge; it needs nothing else. */
export async function writeSolverRoot(root: string, programs: string): Promise<void> {
  await copyFile(join(programs, "acmesolver"), join(root, "acmesolver"));
}

/** Pages that say what they are, where the images of the web apps have theirs. */
export async function writePagesRoot(root: string, folder: string, files: readonly string[]): Promise<void> {
  for (const file of files) {
    await mkdir(dirname(join(root, folder, file)), { recursive: true });
    await writeFile(join(root, folder, file), "<!doctype html><title>stand-in</title>\n");
  }
}
