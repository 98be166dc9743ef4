import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheEntry, kept } from "../../bed/cache.ts";
import { withProgress } from "../../bed/progress.ts";
import { run } from "../../bed/run.ts";

/**
 * Distribution packages without installing anything: apt reads this machine's own sources and list of installed
 * packages, but keeps its lists and downloads in the cache, and the packages are only unpacked there.
 */

/** Packages and what they need beyond what is installed, unpacked into a folder of the cache; returns that folder. */
export async function unpackedPackages(name: string, packages: readonly string[]): Promise<string> {
  const release = await debianRelease();
  return kept(cacheEntry(`debian-${name}`, [release, ...packages]), (into) =>
    withProgress(`Debian packages ${packages.join(", ")} (unpacked into the cache, not installed)`, () =>
      unpack(into, release, packages),
    ),
  );
}

/** `bookworm`, for example. */
async function debianRelease(): Promise<string> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(text)?.[1];
  if (!/^ID=debian$/m.test(text) || codename === undefined) {
    throw new Error(
      "This machine is no Debian. Please install nginx, Prosody 13 or newer and Chromium, and run the tests again.",
    );
  }
  return codename;
}

/** Packages and all that they need, also what is installed here, as a file system of its own in `root`. */
export async function unpackedRoot(root: string, packages: readonly string[]): Promise<void> {
  const apt = await mkdtemp(join(tmpdir(), "packages-"));
  const nothingInstalled = join(apt, "status");
  await writeFile(nothingInstalled, "");
  await unpack(root, await debianRelease(), packages, apt, { "Dir::State::Status": nothingInstalled });
  await rm(apt, { recursive: true });
}

async function unpack(
  into: string,
  release: string,
  packages: readonly string[],
  apt = join(into, "apt"),
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  await mkdir(join(apt, "lists", "partial"), { recursive: true });
  await mkdir(join(apt, "cache", "archives", "partial"), { recursive: true });
  const sources = join(apt, "sources.list");
  await writeFile(sources, await sourcesWithBackports(release));
  const options = Object.entries({
    "Dir::State::Lists": join(apt, "lists"),
    "Dir::Cache": join(apt, "cache"),
    "Dir::Etc::SourceList": sources,
    "Dir::Etc::SourceParts": "/dev/null",
    "APT::Sandbox::User": "root",
    "Debug::NoLocking": "1",
    ...more,
  }).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
  await run("apt-get", [...options, "-qq", "update"]);
  // The newest that runs on this release.
  const install = [
    "-qq",
    "--yes",
    "--no-install-recommends",
    "--download-only",
    "-t",
    `${release}-backports`,
    "install",
  ];
  await run("apt-get", [...options, ...install, ...packages]);
  const archives = join(apt, "cache", "archives");
  for (const file of await readdir(archives)) {
    if (file.endsWith(".deb")) await run("dpkg", ["-x", join(archives, file), into]);
  }
}

/** This machine's own package sources, and the backports of its release from the same place. */
async function sourcesWithBackports(release: string): Promise<string> {
  const format = "$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)";
  const targets = await run("apt-get", ["indextargets", "--format", format, "Identifier: Packages"]);
  const entries = targets
    .trim()
    .split("\n")
    .map((line) => line.split("|") as [string, string, string, string])
    .filter(([origin, , suite, component]) => origin === "Debian" && suite.startsWith(release) && component === "main");
  const main = entries.find(([, , suite]) => suite === release);
  if (!main) {
    throw new Error(
      `The package sources of ${release} are not set up. Please run apt-get update once, then the tests.`,
    );
  }
  const backports = ["Debian", main[1], `${release}-backports`, "main"] as const;
  const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
  return [...entries, backports].map(([, uri, suite]) => `deb [signed-by=${keyring}] ${uri} ${suite} main\n`).join("");
}
