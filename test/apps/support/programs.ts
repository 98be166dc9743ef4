import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheEntry, kept } from "../../bed/cache.ts";
import { run } from "../../bed/run.ts";
import { unpackedPackages } from "./debian.ts";

/** A program as it is started: directly, or from a folder of unpacked packages. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where it comes from, for people. */
  readonly origin: string;
}

/** nginx: the one that is installed, or the distribution's package unpacked. */
export async function nginx(): Promise<Program & { readonly etc: string }> {
  const installed = await versionOf("nginx", ["-v"]);
  if (installed && existsSync("/etc/nginx/mime.types")) {
    return { command: "nginx", args: [], env: {}, origin: "installed", etc: "/etc/nginx" };
  }
  const root = await unpackedPackages("nginx", ["nginx"]);
  const command = join(root, "usr", "sbin", "nginx");
  return { command, args: [], env: libraryPath(root), origin: UNPACKED, etc: join(root, "etc", "nginx") };
}

/** Chromium: the one that is installed, or the distribution's package unpacked. */
export async function chromium(): Promise<Program> {
  for (const command of ["chromium", "chromium-browser", "google-chrome"]) {
    const path = await run("sh", ["-c", `command -v ${command}`]).catch(() => "");
    if (path) return { command: path.trim(), args: [], env: {}, origin: "installed" };
  }
  const root = await unpackedPackages("chromium", ["chromium"]);
  const command = join(root, "usr", "lib", "chromium", "chromium");
  return { command, args: [], env: libraryPath(root), origin: UNPACKED };
}

/** HAProxy: the one that is installed, or the distribution's package unpacked. */
export async function haproxy(): Promise<Program> {
  const path = await run("sh", ["-c", "command -v haproxy"]).catch(() => "");
  if (path) return { command: path.trim(), args: [], env: {}, origin: "installed" };
  const root = await unpackedPackages("haproxy", ["haproxy"]);
  return { command: join(root, "usr", "sbin", "haproxy"), args: [], env: libraryPath(root), origin: UNPACKED };
}

/** nftables' command: the one that is installed, or the distribution's package unpacked. */
export async function nft(): Promise<Program> {
  if (await versionOf("nft", ["--version"])) return { command: "nft", args: [], env: {}, origin: "installed" };
  const root = await unpackedPackages("nftables", ["nftables"]);
  return { command: join(root, "usr", "sbin", "nft"), args: [], env: libraryPath(root), origin: UNPACKED };
}

/**
 * Prosody 13 or newer and its control program: the installed one, or the distribution's package unpacked. With
 * `forPlugins` it has what the image's plugins are written with.
 */
export async function prosody({ forPlugins = false } = {}): Promise<{
  readonly server: Program;
  readonly control: Program;
}> {
  const about = await versionOf("prosodyctl", ["about"]);
  if (Number(/Prosody (\d+)\./.exec(about ?? "")?.[1]) >= 13) {
    const installed = (command: string): Program => ({ command, args: [], env: {}, origin: "installed" });
    return { server: installed("prosody"), control: installed("prosodyctl") };
  }
  const root = await (forPlugins
    ? unpackedPackages("prosody-plugins", ["prosody", "lua5.4", "lua-cjson", "lua-unbound"])
    : unpackedPackages("prosody", ["prosody", "lua5.4"]));
  const scripts = await relocatedScripts(root);
  const env = { ...libraryPath(root), ...(await luaPaths(root)) };
  const lua = join(root, "usr", "bin", "lua5.4");
  const script = (name: string): Program => ({ command: lua, args: [join(scripts, name)], env, origin: UNPACKED });
  return { server: script("prosody"), control: script("prosodyctl") };
}

/** The same program with more arguments, as a command line. */
export function commandLine({ command, args, env }: Program, more: readonly string[]): [string, string[]] {
  return ["env", [...Object.entries(env).map(([name, value]) => `${name}=${value}`), command, ...args, ...more]];
}

const UNPACKED = "distribution package, unpacked";

export function libraryPath(root: string) {
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  const libraries = join(root, "usr", "lib", `${machine}-linux-gnu`);
  // PulseAudio's are found by an absolute path when they are installed.
  return { LD_LIBRARY_PATH: [libraries, join(libraries, "pulseaudio")].join(":") };
}

async function versionOf(command: string, args: readonly string[]): Promise<string | undefined> {
  return run(command, args).catch(() => undefined);
}

/** Prosody's scripts name their folders in their first lines; these copies name the ones in the cache. */
function relocatedScripts(root: string): Promise<string> {
  return kept(cacheEntry("prosody-scripts", [root]), async (into) => {
    for (const name of ["prosody", "prosodyctl"]) {
      const text = await readFile(join(root, "usr", "bin", name), "utf8");
      await writeFile(join(into, name), text.replaceAll(/^(CFG_(?:SOURCE|PLUGIN)DIR=')\//gm, `$1${root}/`));
    }
  });
}

async function luaPaths(root: string): Promise<Record<string, string>> {
  const share = join(root, "usr", "share", "lua", "5.4");
  const libraries = await readdir(join(root, "usr", "lib"));
  const native = libraries
    .map((folder) => join(root, "usr", "lib", folder, "lua", "5.4"))
    .filter((path) => existsSync(path));
  return {
    LUA_PATH_5_4: `${share}/?.lua;${share}/?/init.lua;;`,
    LUA_CPATH_5_4: `${native.map((path) => `${path}/?.so`).join(";")};;`,
  };
}
