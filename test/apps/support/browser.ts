import { chromium as playwright, type Browser, type Page } from "playwright-core";
import { chromium } from "./programs.ts";

/** What a page is opened with. */
export interface Visit {
  /** What the browser says that it is. */
  readonly userAgent?: string;
  readonly locale?: string;
  /** Runs in the page before anything of it does. */
  readonly before?: string;
}

/** Chromium as every test has it: quiet towards the outside, with a fake camera and microphone. */
export const CALM = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  "--autoplay-policy=no-user-gesture-required",
];

/**
 * The real Chromium without a window, with a fake camera and microphone. Every host leads to this machine.
 * Pages at `origins`, like `http://meet.example:8080`, count as secure.
 */
export async function startBrowser(origins: readonly string[]): Promise<Browser> {
  const { command, env } = await chromium();
  return playwright.launch({
    executablePath: command,
    env: { ...process.env, ...env },
    args: [
      ...CALM,
      "--host-resolver-rules=MAP * 127.0.0.1",
      // Camera and encryption exist in secure contexts only; TLS is the edge's.
      `--unsafely-treat-insecure-origin-as-secure=${origins.join(",")}`,
    ],
  });
}

/** Opens a page in a profile of its own. */
export async function visit(browser: Browser, url: string, how: Visit = {}): Promise<Page> {
  const { userAgent, locale = "de-DE", before } = how;
  const context = await browser.newContext({ locale, ...(userAgent !== undefined && { userAgent }) });
  if (before !== undefined) await context.addInitScript(before);
  const page = await context.newPage();
  // No further: a page that the guard refuses never finishes to load.
  await page.goto(url, { waitUntil: "commit" });
  return page;
}
