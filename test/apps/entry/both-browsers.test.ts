import { chromium as playwright } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newRoom, signLink } from "../../../src/entry/capability.ts";
import { readKeys } from "../../../src/entry/keys.ts";
import { someParams } from "../../support/practice.ts";
import { CALM } from "../support/browser.ts";
import { type Entry, startEntry } from "../support/entry.ts";
import { startFirefox } from "../support/firefox.ts";
import { type Account, type Messaging, startMessaging } from "../support/messaging.ts";
import { deskOn } from "../support/practice-desk.ts";
import { chromium } from "../support/programs.ts";

// The real server, Synapse and PostgreSQL, clicked through in both browsers. Calls are Chromium's alone.

const params = someParams({ practice: { entry: { receiptDays: 30 } } });
let matrix: Messaging;
let entry: Entry;
let ada: Account;
beforeAll(async () => {
  matrix = await startMessaging(params);
  entry = await startEntry(params, { database: matrix.database, matrix });
  ada = await matrix.register("ada", "therapist");
});
afterAll(async () => {
  await entry?.stop();
  await matrix?.stop();
});

/** What both browsers can, each through its own library. Scripts are expressions. */
interface Tab {
  readonly goto: (url: string) => Promise<unknown>;
  readonly read: (script: string) => Promise<unknown>;
}
interface Opened {
  /** A tab that shares nothing with those before. */
  readonly tab: () => Promise<Tab>;
  readonly close: () => Promise<void>;
}

const BROWSERS: Readonly<Record<"Chromium" | "Firefox", () => Promise<Opened>>> = {
  Chromium: async () => {
    const { command, env } = await chromium();
    const browser = await playwright.launch({ executablePath: command, env: { ...process.env, ...env }, args: CALM });
    return {
      tab: async () => {
        const page = await (await browser.newContext({ locale: "en" })).newPage();
        return { goto: (url) => page.goto(url), read: (script) => page.evaluate(script) };
      },
      close: () => browser.close(),
    };
  },
  Firefox: async () => {
    const browser = await startFirefox();
    return {
      tab: async () => {
        const page = await (await browser.createBrowserContext()).newPage();
        return { goto: (url) => page.goto(url), read: (script) => page.evaluate(script) };
      },
      close: () => browser.close(),
    };
  },
};

const on = (path: string) => `http://127.0.0.1:${entry.port}${path}`;
const now = () => Math.floor(Date.now() / 1000);
const linkAt = (starts: number) => {
  const content = { role: "patient", room: newRoom(), starts, minutes: 50, people: 1 } as const;
  return signLink(readKeys(entry.options.keys).current, content);
};

async function says(tab: Tab, words: string | RegExp): Promise<void> {
  const text = () => tab.read("document.querySelector('main')?.innerText ?? ''").catch(() => "");
  await expect.poll(text, { timeout: 15_000 }).toMatch(words);
}
/** Fills fields in and sends the form that has this address. */
async function send(tab: Tab, action: string, fields: Readonly<Record<string, string>> = {}): Promise<void> {
  await tab.read(`(() => {
    const form = [...document.forms].find((one) => one.getAttribute("action") === ${JSON.stringify(action)});
    for (const [name, value] of Object.entries(${JSON.stringify(fields)})) {
      const field = form.elements[name];
      if (field.type === "checkbox") field.checked = true; else field.value = value;
    }
    setTimeout(() => form.requestSubmit());
  })()`);
}
const open = async (tab: Tab, link: string) => {
  // A tab that is at the same page already would only be told that the part behind the # is another one.
  await tab.goto("about:blank");
  await tab.goto(on(`/join?lang=en#${link}`));
};

describe.each(Object.keys(BROWSERS) as (keyof typeof BROWSERS)[])("%s", (name) => {
  let browser: Opened;
  beforeAll(async () => (browser = await BROWSERS[name]()));
  afterAll(() => browser?.close());

  it("takes a guest from the link over check and consent to the way in, and tells each other end in its own words", async () => {
    const tab = await browser.tab();
    await open(tab, linkAt(now()));
    await says(tab, "The door is open");
    expect(await tab.read("location.href")).toBe(on("/join?lang=en").replace("?lang=en", ""));
    await says(tab, "Is your device ready?");
    await says(tab, "It keeps the receipt of your yes for 30 days");
    await send(tab, "/consent", { agree: "yes" });
    await says(tab, "All set");
    await says(tab, name === "Chromium" ? "Go in" : "On this device, Chrome or Edge can.");

    await open(tab, linkAt(now() + 86_400));
    await says(tab, "Good to see you");
    await open(tab, linkAt(now() - 86_400));
    await says(tab, "This appointment is over");
    await open(tab, "x".repeat(60));
    await says(tab, "This link does not fit");
    const used = linkAt(now());
    expect((await deskOn(entry).enter(used)).status).toBe(303);
    await open(tab, used);
    await says(tab, "This link was used before");
  });

  it("takes staff from the sign-in over a new link to its revoking, which the guest is told of, and to receipts", async () => {
    const tab = await browser.tab();
    await tab.goto(on("/staff?lang=en"));
    await send(tab, "/staff/sign-in", { user: ada.id, password: ada.password });
    await says(tab, "New link");
    const [date = "", time = ""] = new Date(Math.ceil(Date.now() / 300_000) * 300_000).toISOString().split(/[T.]/);
    await send(tab, "/staff/links", { date, time: time.slice(0, 5) });
    await says(tab, "Your link is ready");
    const link = String(await tab.read("document.querySelector('#address').value")).split("#")[1] ?? "";
    expect((await deskOn(entry).enter(link)).status).toBe(303);

    await tab.goto(on("/staff?lang=en"));
    await expect.poll(() => tab.read("document.querySelectorAll('[data-made-list] li.made').length")).toBe(1);
    await tab.goto(on("/staff/receipts?lang=en"));
    await send(tab, "/staff/receipts", { link });
    await says(tab, "One receipt");

    await tab.goto(on("/staff?lang=en"));
    await expect.poll(() => tab.read("document.querySelectorAll('[data-made-list] li.made').length")).toBe(1);
    await send(tab, "/staff/revoke");
    // Prosody is not there: it is told later, and the link is refused from now on all the same.
    await says(tab, "That did not work: This does not work right now");
    const guest = await browser.tab();
    await open(guest, link);
    await says(guest, "This link no longer works");
  });
});
