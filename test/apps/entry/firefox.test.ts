import type { Browser, Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EntryApp, startEntryApp } from "../../entry/support/entry-app.ts";
import { LINK, someConsent } from "../../entry/support/gallery.ts";
import { waitFor } from "../../bed/wait.ts";
import { startFirefox } from "../support/firefox.ts";
import { axeFindings } from "./support.ts";

let app: EntryApp;
beforeAll(async () => {
  app = await startEntryApp();
});
afterAll(() => app?.stop());

const inPage = <T>(page: Page, script: string) => page.evaluate(script) as Promise<T>;
const text = (page: Page) => inPage<string>(page, "document.querySelector('main').innerText");
const until = (page: Page, words: string) =>
  waitFor(async () => (await text(page)).includes(words), { what: `the page to say "${words}"`, timeout: 10_000 });

describe("Firefox", () => {
  let firefox: Browser;
  let page: Page;
  beforeAll(async () => {
    firefox = await startFirefox();
    page = await firefox.newPage();
  });
  afterAll(() => firefox?.close());

  it("shows a guest who uses only the keyboard through consent, and which browser the call needs", async () => {
    await page.goto(`${app.origin}/join?lang=en#${LINK}`);
    await until(page, "On this device, Chrome or Edge can.");
    expect(await inPage(page, "location.href")).toBe(`${app.origin}/join`);
    await inPage(page, "document.querySelector('[name=agree]').focus()");
    await page.keyboard.press(" ");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await until(page, "All set");
    expect(app.posted.at(-1)).toEqual({
      path: "/consent",
      fields: { lang: "en", link: LINK, consent: someConsent("en").hash, agree: "yes" },
    });
    await until(page, "Copy my link");
    expect(await text(page)).not.toContain("Go in");
  });

  it("tests picture and sound", async () => {
    await page.goto(`${app.origin}/join?lang=en#${LINK}`);
    await until(page, "Test picture and sound");
    await page.click("[data-start]");
    await until(page, "The camera works.");
    // Without a sound card Firefox hands no samples over: then the microphone is on, and that is what is said.
    await waitFor(async () => /The microphone is on\.|We hear you well/.test(await text(page)), { what: "sound" });
    await page.click("[data-stop]");
  });

  it("keeps own appointments when asked to", async () => {
    await page.goto(`${app.origin}/page/early?lang=en`);
    await until(page, "Keep it on this device");
    await inPage(page, "document.querySelector('[data-remember] input').click()");
    await page.goto(`${app.origin}/?lang=en`);
    await until(page, "March 3, 2027");
    expect(await text(page)).toContain("This list is on this device only.");
  });

  it.each(["home", "open", "ready", "used", "desk", "made", "before", "kit"])(
    "finds %s accessible, and within its policy",
    async (name) => {
      const complaints: string[] = [];
      const note = (message: { type: () => string; text: () => string }) => {
        if (message.type() === "error" || /Content.Security.Policy/.test(message.text()))
          complaints.push(message.text());
      };
      page.on("console", note);
      await page.goto(`${app.origin}/page/${name}?lang=de`);
      expect(await axeFindings({ evaluate: (script: string) => inPage(page, script) } as never)).toEqual([]);
      page.off("console", note);
      expect(complaints).toEqual([]);
    },
  );
});

describe("a private window of Firefox", () => {
  it("is told apart, and keeps nothing", async () => {
    const firefox = await startFirefox({ isPrivate: true });
    try {
      const page = await firefox.newPage();
      await page.goto(`${app.origin}/?lang=en`);
      await until(page, "This seems to be a private window, so nothing is kept here.");
      await page.goto(`${app.origin}/page/early?lang=en`);
      await until(page, "Time left");
      expect(await text(page)).not.toContain("Keep it on this device");
    } finally {
      await firefox.close();
    }
  });
});
