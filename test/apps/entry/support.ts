import axe from "axe-core";
import { expect } from "vitest";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

/** What differs in the dark. */
export const COLOURS = { runOnly: ["color-contrast"] };
const STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"];

/** What axe finds against WCAG 2.1 AA, as one line for each rule. */
export async function axeFindings(
  page: Pick<Page, "evaluate">,
  rules: object = { runOnly: STANDARD },
): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  return page.evaluate<string[]>(
    `axe.run(${JSON.stringify(rules)}).then(({ violations, passes }) => {
      if (passes.length === 0) throw new Error("axe looked at nothing");
      return violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html.slice(0, 120)).join(" | "));
    })`,
  );
}

/**
 * A page in a profile of its own, and what it did that it must not: violations of its policy, requests to others than
 * `origins`.
 */
export async function openPage(
  browser: Browser,
  url: string,
  how: BrowserContextOptions = {},
  origins: readonly string[] = [new URL(url).origin],
) {
  const context = await browser.newContext({
    locale: "de-DE",
    timezoneId: "Europe/Berlin",
    reducedMotion: "reduce", // colours are measured when they have settled
    ...how,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    const { url } = message.location();
    // A refusal is a page of its own, with a status that tells machines; the browser mentions it.
    const refusal = message.text().startsWith("Failed to load resource") && url === page.url();
    if (message.type() === "error" && !refusal) complaints.push(`${message.text()} (${url})`);
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const isOwn = origins.some((origin) => request.url().startsWith(`${origin}/`));
    if (!isOwn && !request.url().startsWith("data:")) complaints.push(request.url());
  });
  await page.goto(url, { waitUntil: "load" });
  return { page, complaints, close: () => context.close() };
}

/** Closes pages, and expects that none of them did what it must not. */
export async function closeCalm(opened: readonly Awaited<ReturnType<typeof openPage>>[]): Promise<void> {
  await Promise.all(opened.map(({ close }) => close()));
  expect(opened.flatMap(({ complaints }) => complaints)).toEqual([]);
}
