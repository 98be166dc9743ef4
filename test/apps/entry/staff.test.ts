import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type EntryApp, startEntryApp } from "../../entry/support/entry-app.ts";
import { someMade } from "../../entry/support/gallery.ts";
import { startBrowser } from "../support/browser.ts";
import { axeFindings, closeCalm, openPage } from "./support.ts";

let app: EntryApp;
let browser: Browser;
let opened: Awaited<ReturnType<typeof openPage>>[] = [];
beforeAll(async () => {
  app = await startEntryApp();
  browser = await startBrowser([app.origin]);
});
beforeEach(() => {
  app.posted.length = 0;
  app.waiting.length = 0;
});
afterEach(async () => {
  const all = opened;
  opened = [];
  await closeCalm(all);
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});

async function made(): Promise<Page> {
  const one = await openPage(browser, `${app.origin}/staff?lang=en`);
  opened.push(one);
  await one.page.getByLabel("Day").fill("2027-03-03");
  await one.page.getByLabel("Start").fill("14:30");
  await one.page.getByLabel("Language for the guest").selectOption("de");
  await one.page.getByRole("button", { name: "Make a link" }).click();
  await one.page.getByRole("heading", { name: "Your link is ready" }).waitFor();
  await one.page.locator("[data-keep]:visible").waitFor();
  return one.page;
}
const { staffLink, address, message, calendar } = someMade("de");
const count = (page: Page) => page.locator("[data-made-list] > li, [data-made-near] > li").count();

it("staff make a link with the browser's own fields, and copy, scan or save what they need", async () => {
  const page = await made();
  expect(app.posted).toEqual([
    {
      path: "/staff/links",
      fields: { lang: "en", date: "2027-03-03", time: "14:30", minutes: "50", people: "1", locale: "de" },
    },
  ]);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const copied = () => page.evaluate("navigator.clipboard.readText()");
  await page.getByRole("button", { name: "Copy the link" }).click();
  await expect.poll(copied).toBe(address);
  await page.getByRole("button", { name: "Copy the text" }).click();
  await expect.poll(copied).toBe(message);
  expect(await page.getByText("Copied.").count()).toBe(2);
  expect(await page.evaluate("document.querySelector('img.qr').naturalWidth")).toBeGreaterThan(20);
  const downloaded = page.waitForEvent("download");
  await page.getByRole("link", { name: "Save the file" }).click();
  const download = await downloaded;
  expect(download.suggestedFilename()).toBe("appointment.ics");
  expect(await readFile((await download.path()) ?? "", "utf8")).toBe(calendar);
});

it("the link is in this device's list, where staff see who waits, let them in, and go in", async () => {
  const page = await made();
  app.waiting.push({ holder: "holder-one", since: Math.floor(Date.now() / 1000) - 120, word: "Moon" });
  app.waiting.push({ holder: "holder-two", since: Math.floor(Date.now() / 1000) - 60 });
  await page.goto(`${app.origin}/staff?lang=en`);
  await expect.poll(() => count(page)).toBe(1);
  await expect.poll(() => page.locator(".waiting > li").count()).toBe(2);
  expect(await page.locator(".waiting > li").first().innerText()).toMatch(/^Moon\s+Waiting since \d/);
  expect(await page.locator(".waiting > li").last().innerText()).toMatch(/^Waiting since \d/);
  expect(await page.getByText("If you go in, all of them come in with you.").isVisible()).toBe(true);
  expect(await page.getByRole("button", { name: /^Let in, Moon, Waiting since \d/ }).count()).toBe(1);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await axeFindings(page)).toEqual([]);
  }
  await page.getByRole("button", { name: "Let in" }).first().click();
  await expect.poll(() => page.locator(".waiting > li").count()).toBe(1);
  expect(await page.getByText("If you go in, all of them").isVisible()).toBe(false);
  expect(app.posted.find(({ path }) => path === "/staff/admit")?.fields).toEqual({
    link: staffLink,
    holder: "holder-one",
  });
  await page.getByRole("button", { name: "Go in" }).click();
  await page.waitForURL(`${app.origin}/inside`);
  expect(app.posted.at(-1)).toEqual({ path: "/staff/enter", fields: { lang: "en", link: staffLink } });
});

it("a link that was taken back leaves the list; one whose call was ended stays", async () => {
  const page = await made();
  await page.goto(`${app.origin}/staff?lang=en`);
  const more = async (name: string) => {
    // The sentence moves what is below it: a press in that moment would miss.
    await page.locator("[data-waiting]:not(:empty)").waitFor();
    await page.getByText("More", { exact: true }).click();
    await page.getByRole("button", { name }).click();
  };
  await more("End for all");
  await page.getByText("The call has ended for all.").waitFor();
  await expect.poll(() => count(page)).toBe(1);
  await more("Take the link back");
  await page.getByText("The link was taken back.").waitFor();
  await expect.poll(() => page.evaluate(`localStorage.getItem("made")`)).toBeNull();
  await expect.poll(() => page.getByText("No links yet.").isVisible()).toBe(true);
  expect(await count(page)).toBe(0);
});

it("says so when who waits cannot be seen, and clears the list at a press", async () => {
  const page = await made();
  await page.route("**/staff/waiting", (route) => route.abort());
  await page.goto(`${app.origin}/staff?lang=en`);
  await page.getByText("We cannot see who is waiting right now.").waitFor();
  await page.getByRole("button", { name: "Clear the list" }).click();
  expect(await count(page)).toBe(0);
  expect(await page.getByText("No links yet.").isVisible()).toBe(true);
  opened[0]?.complaints.splice(0); // the failed request
});

it("without script the page of a new link still opens and takes back", async () => {
  const one = await openPage(browser, `${app.origin}/page/made?lang=en`, { javaScriptEnabled: false });
  opened.push(one);
  await expect.poll(() => one.page.locator("noscript p").isVisible()).toBe(true);
  await one.page.getByText("More", { exact: true }).click();
  await one.page.getByRole("button", { name: "Take the link back" }).click();
  expect(app.posted).toEqual([{ path: "/staff/revoke", fields: { lang: "en", link: staffLink } }]);
});
