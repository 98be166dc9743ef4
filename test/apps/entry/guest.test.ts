import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type EntryApp, startEntryApp } from "../../entry/support/entry-app.ts";
import { LINK, someConsent, someReceipt } from "../../entry/support/gallery.ts";
import { startBrowser } from "../support/browser.ts";
import { closeCalm, openPage } from "./support.ts";

let app: EntryApp;
let soon: EntryApp;
let browser: Browser;
let opened: Awaited<ReturnType<typeof openPage>>[] = [];
beforeAll(async () => {
  app = await startEntryApp();
  soon = await startEntryApp({ opensIn: 8 });
  browser = await startBrowser([app.origin, soon.origin]);
});
beforeEach(() => {
  app.posted.length = 0;
  soon.posted.length = 0;
});
afterEach(async () => {
  const all = opened;
  opened = [];
  await closeCalm(all);
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
  await soon?.stop();
});

async function visit(path: string, how = {}, at = app): Promise<Page> {
  const one = await openPage(browser, `${at.origin}${path}`, how);
  opened.push(one);
  return one.page;
}
const heading = (page: Page) => page.locator("h1");

describe("a guest with a link", () => {
  it("goes through consent into the room, and nothing of the link stays in an address", async () => {
    const page = await visit(`/join?lang=en#${LINK}`);
    await expect.poll(() => heading(page).textContent()).toBe("The door is open");
    expect(page.url()).toBe(`${app.origin}/join`);
    expect(await page.evaluate("history.length")).toBeLessThanOrEqual(2);
    await page.getByLabel("I have read the text and I agree.").check();
    await page.getByRole("button", { name: "Agree and go on" }).click();
    await expect.poll(() => heading(page).textContent()).toBe("All set");
    const downloaded = page.waitForEvent("download");
    await page.getByRole("link", { name: "Save the receipt" }).click();
    const download = await downloaded;
    expect(download.suggestedFilename()).toBe("receipt.json");
    expect(await readFile((await download.path()) ?? "", "utf8")).toBe(someReceipt("en"));
    await page.getByRole("button", { name: "Go in" }).click();
    await page.waitForURL(`${app.origin}/inside`);
    expect(app.posted).toEqual([
      { path: "/join", fields: { lang: "en", link: LINK } },
      { path: "/consent", fields: { lang: "en", link: LINK, consent: someConsent("en").hash, agree: "yes" } },
      { path: "/enter", fields: { lang: "en", link: LINK, receipt: someReceipt("en") } },
    ]);
  });

  it("cannot go on without a tick, and may take another language on the way", async () => {
    const page = await visit(`/join?lang=de#${LINK}`);
    await page.getByRole("button", { name: "Zustimmen und weiter" }).click();
    await page.getByRole("link", { name: "English" }).click();
    await expect.poll(() => heading(page).textContent()).toBe("The door is open");
    expect(app.posted.map(({ path, fields }) => [path, fields.lang])).toEqual([
      ["/join", "de"],
      ["/join", "en"],
    ]);
  });

  it("finds the way again after a reload, not in another tab, and not after the end", async () => {
    const page = await visit(`/join?lang=en#${LINK}`);
    await expect.poll(() => heading(page).textContent()).toBe("The door is open");
    await page.goto(`${app.origin}/join?lang=en`);
    await expect.poll(() => heading(page).textContent()).toBe("The door is open");
    const other = await page.context().newPage();
    await other.goto(`${app.origin}/join?lang=en`);
    await expect.poll(() => other.getByLabel("Your link").isVisible()).toBe(true);
    for (const end of ["/ended", "/"]) {
      await page.goto(`${app.origin}/join?lang=en#${LINK}`);
      await expect.poll(() => heading(page).textContent()).toBe("The door is open");
      await page.goto(`${app.origin}${end}?lang=en`);
      await page.goto(`${app.origin}/join?lang=en`);
      await expect.poll(() => page.getByLabel("Your link").isVisible()).toBe(true);
    }
  });

  it("may paste it whole, and hears it when it does not fit", async () => {
    const page = await visit("/join?lang=en");
    await page.getByLabel("Your link").fill(` ${app.origin}/join#wrong `);
    await page.getByRole("button", { name: "Go on" }).click();
    await expect.poll(() => heading(page).textContent()).toBe("This link does not fit");
    expect(app.posted).toEqual([{ path: "/join", fields: { lang: "en", link: "wrong" } }]);
  });

  it("who is early sees the time left, and is taken on when the door opens", async () => {
    const page = await visit(`/join?lang=en#${LINK}`, {}, soon);
    await expect.poll(() => heading(page).textContent()).toBe("Good to see you");
    await expect.poll(() => page.locator("[data-left]").textContent(), { interval: 10 }).toMatch(/^00:0\d$/);
    await expect.poll(() => heading(page).textContent(), { timeout: 30_000 }).toBe("The door is open");
    expect(soon.posted.length).toBe(2);
  });

  it("reads times on the own clock in another time zone", async () => {
    const page = await visit("/page/early?lang=en", { timezoneId: "America/New_York" });
    expect(await page.locator("p.when time").textContent()).toBe("Wednesday, March 3, 2027, 8:30 AM to 9:20 AM");
    expect(await page.locator("p.when").textContent()).toContain("Time zone: EST");
    expect(await page.getByText("The door opens at 8:20 AM.").isVisible()).toBe(true);
  });

  it("consents and goes in without script, too", async () => {
    const page = await visit("/page/open?lang=en", { javaScriptEnabled: false });
    await page.getByLabel("I have read the text and I agree.").check();
    await page.getByRole("button", { name: "Agree and go on" }).click();
    await page.getByRole("button", { name: "Go in" }).click();
    expect(page.url()).toBe(`${app.origin}/inside`);
  });
});

it("the checklist prints in black on white, as a list of boxes and nothing around it", async () => {
  const page = await visit("/before?lang=en", { javaScriptEnabled: false });
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  const look = (selector: string) =>
    page.evaluate<string[]>(`(() => {
      const { color, backgroundColor } = getComputedStyle(document.querySelector(${JSON.stringify(selector)}));
      return [color, backgroundColor];
    })()`);
  expect((await look("body"))[1]).toBe("rgb(255, 255, 255)");
  expect((await look("h1"))[0]).toBe("rgb(0, 0, 0)");
  expect((await look(".card"))[1]).toBe("rgb(255, 255, 255)");
  for (const around of ["header", "footer", ".skip"]) expect(await page.locator(around).isVisible()).toBe(false);
  expect(await page.getByRole("checkbox").count()).toBeGreaterThan(10);
  expect(await page.getByRole("checkbox").last().isVisible()).toBe(true);
});

describe("own appointments", () => {
  const remember = async (page: Page) => {
    await expect.poll(() => heading(page).textContent()).toBe("The door is open");
    await page.getByLabel("I have read the text and I agree.").check();
    await page.getByRole("button", { name: "Agree and go on" }).click();
    return page.getByLabel("Keep it on this device");
  };
  const kept = (page: Page) => page.evaluate<string | null>(`localStorage.getItem("own")`);

  it("are kept only when asked for, and opened from the list", async () => {
    const page = await visit(`/join?lang=en#${LINK}`);
    const box = await remember(page);
    expect(await box.isChecked()).toBe(false);
    expect(await kept(page)).toBeNull();
    await box.check();
    await page.goto(`${app.origin}/?lang=en`);
    await page.getByRole("button", { name: "Open" }).click();
    await expect.poll(() => heading(page).textContent()).toBe("The door is open");
    expect(app.posted.at(-1)).toEqual({ path: "/join", fields: { lang: "en", link: LINK } });
    await page.getByRole("link", { name: "Deutsch" }).click();
    await expect.poll(() => heading(page).textContent()).toBe("Ihr Termin ist offen");
  });

  it("are dropped by taking the tick away, or all at once by one button", async () => {
    const page = await visit(`/join?lang=en#${LINK}`);
    const box = await remember(page);
    await box.check();
    await box.uncheck();
    expect(await kept(page)).toBeNull();
    await box.check();
    await page.goto(`${app.origin}/?lang=en`);
    await page.getByRole("button", { name: "Clear the list" }).click();
    expect(await page.getByText("The list is gone.").isVisible()).toBe(true);
    expect(await kept(page)).toBeNull();
  });

  it("that are over lose their link and keep the date", async () => {
    const page = await visit("/?lang=en");
    await page.evaluate(`localStorage.setItem("own", '[{"link":"${LINK}","starts":1700000000,"ends":1700003000}]')`);
    await page.reload();
    await page.getByText("over", { exact: true }).waitFor();
    expect(await page.locator("[data-own-list]").innerText()).toMatch(/November 14, 2023.*\nover/);
    expect(await page.getByRole("button", { name: "Open" }).count()).toBe(0);
    expect(await kept(page)).toBe('[{"starts":1700000000,"ends":1700003000}]');
  });

  it("survive nonsense in the storage", async () => {
    const page = await visit("/?lang=en");
    for (const nonsense of ["{", "null", "7", '[null,1,{"ends":"x"}]']) {
      await page.evaluate(`localStorage.setItem("own", ${JSON.stringify(nonsense)})`);
      await page.reload();
      await expect.poll(() => page.getByText("Nothing here yet.").isVisible()).toBe(true);
    }
  });
});
