import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { CALM } from "../support/browser.ts";
import { chromium as program } from "../support/programs.ts";
import { type EntryApp, startEntryApp } from "../../entry/support/entry-app.ts";
import { LINK } from "../../entry/support/gallery.ts";
import { startStun } from "../../entry/support/stun.ts";
import { chromium } from "playwright-core";
import { openPage } from "./support.ts";

let heard: Awaited<ReturnType<typeof startStun>>;
let deaf: Awaited<ReturnType<typeof startStun>>;
let foreign: Awaited<ReturnType<typeof startStun>>;
let apps: Record<"plain" | "reachable" | "blocked" | "forged" | "late", EntryApp>;
let browser: Browser;
let opened: Awaited<ReturnType<typeof openPage>>[] = [];

beforeAll(async () => {
  heard = await startStun();
  deaf = await startStun("deaf");
  foreign = await startStun("foreign");
  apps = {
    plain: await startEntryApp(),
    reachable: await startEntryApp({ stun: [deaf.url, heard.url] }),
    blocked: await startEntryApp({ stun: [deaf.url] }),
    forged: await startEntryApp({ stun: [foreign.url] }),
    late: await startEntryApp({ site: { now: Math.floor(Date.now() / 1000) - 600 } }),
  };
  const { command, env } = await program();
  browser = await chromium.launch({
    executablePath: command,
    env: { ...process.env, ...env },
    args: [...CALM, "--allow-loopback-in-peer-connection"],
  });
});
afterEach(async () => {
  await Promise.all(opened.map(({ close }) => close()));
  opened = [];
});
afterAll(async () => {
  await browser?.close();
  await Promise.all(Object.values(apps ?? {}).map((app) => app.stop()));
  await heard?.stop();
  await deaf?.stop();
  await foreign?.stop();
});

async function visit(way: keyof typeof apps, how: { before?: string; userAgent?: string } = {}): Promise<Page> {
  const { before, ...more } = how;
  const one = await openPage(browser, apps[way].origin, more);
  opened.push(one);
  if (before !== undefined) await one.page.addInitScript(before);
  await one.page.goto(`${apps[way].origin}/join?lang=en#${LINK}`);
  await one.page.getByRole("heading", { name: "The door is open" }).waitFor();
  return one.page;
}
const said = (page: Page, row: string) => page.locator(`[data-row="${row}"] [role=status]`).innerText();
const start = (page: Page) => page.getByRole("button", { name: "Test picture and sound" }).click();

describe("the device check", () => {
  it("shows picture and loudness, and lets go of both at the end", async () => {
    const page = await visit("plain");
    expect(await said(page, "camera")).toBe("Not tested yet.");
    await start(page);
    await expect.poll(() => said(page, "camera")).toBe("The camera works.");
    await expect.poll(() => said(page, "microphone"), { timeout: 10_000 }).toBe("We hear you well on this device.");
    await expect.poll(() => page.evaluate("document.querySelector('video').videoWidth")).toBeGreaterThan(0);
    await page.evaluate("window.tracks = document.querySelector('video').srcObject.getTracks()");
    await page.getByRole("button", { name: "Stop the test" }).click();
    expect(await page.evaluate("window.tracks.map(({ readyState }) => readyState)")).toEqual(["ended"]);
    expect(await page.locator("video").isVisible()).toBe(false);
  });

  it("tells which one is missing when the browser may not use it", async () => {
    const before = `const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = (what) => what.video ? Promise.reject(new DOMException("", "NotAllowedError")) : real(what);`;
    const page = await visit("plain", { before });
    await start(page);
    await expect.poll(() => said(page, "camera")).toMatch(/^There is no picture\. Let the browser use the camera/);
    await expect.poll(() => said(page, "microphone")).toMatch(/microphone is on|hear you well/);
  });

  it("plays a tone", async () => {
    const page = await visit("plain", {
      before: `const start = OscillatorNode.prototype.start; window.notes = 0; OscillatorNode.prototype.start = function (...when) { window.notes += 1; return start.apply(this, when); };`,
    });
    await page.getByRole("button", { name: "Play a tone" }).click();
    expect(await said(page, "speaker")).toBe("Did you hear the tone? If not, turn your device up.");
    expect(await page.evaluate("window.notes")).toBe(2);
  });

  it("notices a wrong clock", async () => {
    const [right, wrong] = [await visit("plain"), await visit("late")];
    await expect.poll(() => said(right, "clock")).toBe("Your clock is right.");
    await expect.poll(() => said(wrong, "clock")).toMatch(/^Your clock is wrong\./);
  });

  it("sends nothing anywhere", async () => {
    const page = await visit("plain");
    const before = apps.plain.posted.length;
    await start(page);
    await page.getByRole("button", { name: "Play a tone" }).click();
    await expect.poll(() => said(page, "microphone"), { timeout: 10_000 }).toBe("We hear you well on this device.");
    expect(apps.plain.posted.length).toBe(before);
    expect(opened.flatMap(({ complaints }) => complaints).filter((one) => !one.startsWith(apps.plain.origin))).toEqual(
      [],
    );
  });
});

describe("the connection", () => {
  it("counts as not tested where the page knows no server of the practice", async () => {
    const page = await visit("plain");
    await start(page);
    await expect.poll(() => said(page, "camera")).toBe("The camera works.");
    expect(await said(page, "connection")).toBe("Not tested. The call itself will show it.");
  });

  it("works when the practice's own server answers over UDP", async () => {
    const page = await visit("reachable");
    await start(page);
    await expect.poll(() => said(page, "connection"), { timeout: 15_000 }).toBe("Picture and sound get through.");
    expect(heard.asked()).toBeGreaterThan(0);
  });

  it.each([
    ["no answer comes", "blocked"],
    ["somebody else answers", "forged"],
  ] as const)("is said to be blocked, with what to do, when %s", async (_, way) => {
    const page = await visit(way);
    await start(page);
    await expect
      .poll(() => said(page, "connection"), { timeout: 20_000 })
      .toBe("Your network blocks picture and sound. Please use another one, such as your phone’s.");
    expect((way === "blocked" ? deaf : foreign).asked()).toBeGreaterThan(0);
  });
});

describe("a browser that cannot encrypt calls", () => {
  const before = "delete RTCRtpSender.prototype.createEncodedStreams";
  const DEVICES = {
    desktop: {
      userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
      says: /On this device, Chrome or Edge can\./,
    },
    android: {
      userAgent: "Mozilla/5.0 (Android 16; Mobile; rv:153.0) Gecko/153.0 Firefox/153.0",
      says: /On this device, Chrome can\./,
    },
    apple: {
      userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15",
      says: /No browser on an iPhone or iPad/,
    },
  };
  for (const [device, { userAgent, says }] of Object.entries(DEVICES)) {
    it(`hears which one does, on this very device: ${device}`, async () => {
      const page = await visit("plain", { before, userAgent });
      const advice = page.getByRole("region", { name: "Please use another browser" });
      expect(await advice.innerText()).toMatch(says);
      expect(await said(page, "browser")).toBe("This browser does not fit.");
    });
  }

  it("can copy the link for the other one, and is not let in, which would use it up", async () => {
    const page = await visit("plain", { before });
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByRole("button", { name: "Copy my link" }).click();
    await expect
      .poll(() => page.evaluate("navigator.clipboard.readText()"))
      .toBe(`https://go.greenriver.example/join#${LINK}`);
    await page.getByLabel("I have read the text and I agree.").check();
    await page.getByRole("button", { name: "Agree and go on" }).click();
    await page.getByRole("heading", { name: "All set" }).waitFor();
    await page.getByRole("button", { name: "Copy my link" }).waitFor();
    expect(await page.getByRole("button", { name: "Go in" }).isVisible()).toBe(false);
  });
});
