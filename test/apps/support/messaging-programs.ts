import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { cacheEntry, kept } from "../../bed/cache.ts";
import { withProgress } from "../../bed/progress.ts";
import { run } from "../../bed/run.ts";
import { DEFAULT_IMAGES } from "../../../src/versions.ts";
import { unpackedPackages } from "./debian.ts";
import { libraryPath } from "./programs.ts";

/** Synapse's release, from the image that we ship. */
const SYNAPSE_VERSION = /:v(\d+\.\d+\.\d+)/.exec(DEFAULT_IMAGES.synapse)?.[1];

/** A Python that has a release of Synapse, the very one that we ship, made once from PyPI and kept in the cache. */
export async function pythonWithSynapse(version = SYNAPSE_VERSION): Promise<string> {
  const python = (await run("python3", ["--version"]).catch(() => "")).trim();
  if (!/^Python 3\.1\d/.test(python)) {
    throw new Error("Synapse needs Python 3.10 or newer. Please install it and run the tests again.");
  }
  const requirement = `matrix-synapse[oidc,postgres]==${version}`;
  const folder = await kept(cacheEntry("synapse", [python, requirement]), (into) =>
    withProgress(`${requirement} from PyPI, into the cache`, async () => {
      await run("python3", ["-m", "venv", into]);
      await run(join(into, "bin", "python3"), ["-m", "pip", "install", "--quiet", requirement]);
    }),
  );
  return join(folder, "bin", "python3");
}

/** The folder of PostgreSQL's programs and what they need: the installed ones, or the distribution's unpacked. */
export async function postgresql(): Promise<{ readonly bin: string; readonly env: Readonly<Record<string, string>> }> {
  const installed = await newest("/usr/lib/postgresql");
  if (installed) return { bin: installed, env: {} };
  const root = await unpackedPackages("postgresql", ["postgresql"]);
  const unpacked = await newest(join(root, "usr", "lib", "postgresql"));
  if (!unpacked) throw new Error("The distribution has no PostgreSQL. Please install one and run the tests again.");
  return { bin: unpacked, env: libraryPath(root) };
}

async function newest(folder: string): Promise<string | undefined> {
  const versions = existsSync(folder) ? await readdir(folder) : [];
  const programs = versions
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => join(folder, version, "bin"))
    .filter((bin) => existsSync(join(bin, "initdb")));
  return programs[0];
}

/**
 * A command line that does not run as root: PostgreSQL refuses to. As anybody else nothing changes.
 * The numbers are `nobody`'s, a user that every system has.
 */
export function unprivileged(command: string, args: readonly string[]): [string, string[]] {
  if (process.getuid?.() !== 0) return [command, [...args]];
  const { uid, gid } = NOBODY;
  return ["setpriv", [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", command, ...args]];
}

export const NOBODY = { uid: 65534, gid: 65534 };
