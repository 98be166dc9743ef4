import { createHash } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import puppeteer, { type Browser } from "puppeteer-core";
import { cacheEntry, kept } from "../../bed/cache.ts";
import { run } from "../../bed/run.ts";
import { unpackedPackages } from "./debian.ts";
import { libraryPath } from "./programs.ts";

export interface FirefoxOptions {
  /** The text of a `policies.json`. */
  readonly policies?: string;
  /** Every window is a private one. */
  readonly isPrivate?: boolean;
  /** May look into the browser itself, not only into pages. */
  readonly inside?: boolean;
}

/** The distribution's Firefox without a window, over WebDriver BiDi, with a fake camera and microphone. */
export async function startFirefox({
  policies,
  isPrivate = false,
  inside = false,
}: FirefoxOptions = {}): Promise<Browser> {
  const root = await unpackedPackages("firefox", ["firefox-esr"]);
  const folder = join(root, "usr", "lib", "firefox-esr");
  const home = policies === undefined ? folder : await withPolicies(folder, policies);
  return puppeteer.launch({
    browser: "firefox",
    executablePath: join(home, "firefox-esr"),
    env: { ...process.env, ...libraryPath(root) },
    args: inside ? ["-remote-allow-system-access"] : [],
    extraPrefsFirefox: {
      "media.navigator.streams.fake": true,
      "media.navigator.permission.disabled": true,
      "browser.privatebrowsing.autostart": isPrivate,
      "intl.accept_languages": "en",
      "network.dns.forceResolve": "127.0.0.1", // every host leads to this machine
    },
  });
}

/** A copy of the program, of hard links, with a policy file where Firefox looks for it. */
function withPolicies(folder: string, policies: string): Promise<string> {
  const digest = createHash("sha256").update(policies).digest("hex");
  return kept(cacheEntry("firefox-policies", [folder, digest]), async (into) => {
    await run("cp", ["-al", `${folder}/.`, into]);
    const distribution = join(into, "distribution"); // Debian's is a link to a folder that others share
    await rm(distribution, { recursive: true, force: true });
    await mkdir(distribution);
    await writeFile(join(distribution, "policies.json"), policies);
  });
}
