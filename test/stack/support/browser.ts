import { join } from "node:path";
import { chromium as playwright, type Browser } from "playwright-core";
import { CALM } from "../../apps/support/browser.ts";
import { chromium } from "../../apps/support/programs.ts";

/**
 * Chromium with a fake camera and microphone that knows the practice's hosts and no other. What it looks up and asks
 * for stands in `network.json` of the folder when it has ended.
 */
export async function startBrowser({
  folder,
  pin,
  hosts,
}: {
  folder: string;
  pin: string;
  hosts: readonly string[];
}): Promise<Browser> {
  const { command, env } = await chromium();
  return playwright.launch({
    executablePath: command,
    env: { ...process.env, ...env },
    args: [
      ...CALM,
      "--disable-features=WebRtcHideLocalIpsWithMdns", // nobody answers mDNS here
      `--host-resolver-rules=${hosts.map((host) => `MAP ${host} 127.0.0.1`).join(",")},MAP * ~NOTFOUND,EXCLUDE 127.0.0.1`,
      `--ignore-certificate-errors-spki-list=${pin}`,
      `--log-net-log=${join(folder, "network.json")}`,
    ],
  });
}
