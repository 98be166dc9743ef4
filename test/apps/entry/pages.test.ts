import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { locales } from "../../../src/entry/texts/texts.ts";
import { type EntryApp, startEntryApp } from "../../entry/support/entry-app.ts";
import { gallery, someSite, STARTS } from "../../entry/support/gallery.ts";
import { startBrowser } from "../support/browser.ts";
import { axeFindings, COLOURS, openPage } from "./support.ts";

const NOW = STARTS - 83 * 60;
/** WCAG 2.1 asks for it at level AAA; on a phone it is what a thumb needs. CSS pixels. */
const TOUCH = 44;

let app: EntryApp;
let browser: Browser;
beforeAll(async () => {
  app = await startEntryApp({ site: { now: NOW } });
  browser = await startBrowser([app.origin]);
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});

const names = Object.keys(gallery(someSite("de")));
const every = names.flatMap((name) => locales.map((locale) => ({ name, locale })));
const address = (name: string, locale: string) => `${app.origin}/page/${name}?lang=${locale}`;

/** Whoever uses no mouse: everything that can be used, in the order of the page. */
const FOCUSABLE =
  "[...document.querySelectorAll('a[href],button,input:not([type=hidden]),select,textarea,summary,[tabindex=\"0\"]')]" +
  ".filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled)";

async function reachedByTab(page: Page, count: number): Promise<readonly unknown[]> {
  const reached: unknown[] = [];
  for (let step = 0; step < count; step += 1) {
    await page.keyboard.press("Tab");
    // A date field has several stops.
    for (let part = 0; part < 8 && (await again(page)); part += 1) await page.keyboard.press("Tab");
    reached.push(
      await page.evaluate(`(() => {
        const all = ${FOCUSABLE};
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
        window.before = document.activeElement;
        return [all.indexOf(document.activeElement), outlineStyle !== "none" && parseFloat(outlineWidth) >= 2];
      })()`),
    );
  }
  return reached;
}
const again = (page: Page) => page.evaluate<boolean>("window.before === document.activeElement");

describe.each(every)("$name in $locale", ({ name, locale }) => {
  it("is accessible by WCAG 2.1 AA in light and dark, keeps to its policy and its host", async () => {
    const { page, complaints, close } = await openPage(browser, address(name, locale));
    for (const details of await page.locator("summary").all()) await details.click();
    expect(await axeFindings(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(18, 24, 23)");
    expect(await axeFindings(page, COLOURS)).toEqual([]);
    expect(complaints).toEqual([]);
    await close();
  });

  it("reads the same for a screen reader as its golden text", async () => {
    const context = await browser.newContext({ timezoneId: "Europe/Berlin", locale });
    const page = await context.newPage();
    await page.clock.setFixedTime(NOW * 1000);
    await page.goto(address(name, locale), { waitUntil: "load" });
    // `load` does not wait for a script that asks whether this window keeps anything; this answer comes after its own.
    await page.evaluate("navigator.storage.getDirectory().then(() => undefined)");
    await expect(`${await page.locator("body").ariaSnapshot()}\n`).toMatchFileSnapshot(`golden/${name}.${locale}.yaml`);
    await context.close();
  });
});

describe.each(names)("%s", (name) => {
  it("needs no sideways scrolling on 320 pixels, at 200 %, or with text twice as large", async () => {
    const { page, close } = await openPage(browser, address(name, "de"), { viewport: { width: 320, height: 640 } });
    const tooWide = () =>
      page.evaluate<number>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
    expect(await tooWide()).toBeLessThanOrEqual(0);
    await page.setViewportSize({ width: 640, height: 400 }); // 1280 at 200 %
    expect(await tooWide()).toBeLessThanOrEqual(0);
    await page.evaluate(`document.documentElement.style.fontSize = "212%"`);
    expect(await tooWide()).toBeLessThanOrEqual(0);
    await close();
  });

  it("can be used with the keyboard alone, in the order of the page, and shows where one is", async () => {
    const { page, close } = await openPage(browser, address(name, "en"));
    const count = await page.evaluate<number>(`${FOCUSABLE}.length`);
    expect(count).toBeGreaterThan(3);
    const expected = Array.from({ length: count }, (_, index) => [index, true]);
    expect(await reachedByTab(page, count)).toEqual(expected);
    await close();
  });

  it("has targets as large as a thumb on a phone", async () => {
    const { page, close } = await openPage(browser, address(name, "de"), { viewport: { width: 390, height: 844 } });
    const small = await page.evaluate<string[]>(`${FOCUSABLE}
      .filter((one) => !one.matches(".skip, p a:not(.button):not(.aside a)"))
      .map((one) => (one.type === "checkbox" ? one.closest("label") : one))
      .filter((one) => one.getBoundingClientRect().height < ${TOUCH} || one.getBoundingClientRect().width < ${TOUCH})
      .map((one) => one.outerHTML.slice(0, 120))`);
    expect(small).toEqual([]);
    await close();
  });

  it("says everything that it has to say without script", async () => {
    const { page, complaints, close } = await openPage(browser, address(name, "en"), { javaScriptEnabled: false });
    const text = await page.locator("main").innerText();
    expect(text.length).toBeGreaterThan(40);
    expect(await page.locator("h1").innerText()).toMatch(/\p{L}/u);
    // Where a script is needed, a sentence says so; nothing is an empty box.
    const empty = await page
      .locator("main section")
      .evaluateAll(
        (all) => all.filter((one) => one.checkVisibility() && one.innerText.trim().split("\n").length < 2).length,
      );
    expect(empty).toBe(0);
    expect(complaints).toEqual([]);
    await close();
  });
});

it("the check for policy violations and foreign requests would notice them", async () => {
  const { page, complaints, close } = await openPage(browser, address("home", "en"));
  await page.evaluate(
    `document.body.append(Object.assign(document.createElement("img"), { src: "http://elsewhere.example/x.png" }))`,
  );
  await page.evaluate(`document.body.setAttribute("onclick", "1")`);
  await expect.poll(() => complaints.length).toBeGreaterThan(1);
  await close();
});
