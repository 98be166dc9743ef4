import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium as playwright, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TRIAL } from "../../src/stun/answer.ts";
import { CALM } from "./support/browser.ts";
import { type Networks, PATIENT, PRACTICE, startNetworks } from "./support/networks.ts";
import { chromium } from "./support/programs.ts";

const PORT = 30_081;
const MAIN = join(import.meta.dirname, "../../src/main.ts");
const PATIENCE = 6000;
const URLS = { IPv4: `stun:${PRACTICE.IPv4}:${PORT}`, IPv6: `stun:[${PRACTICE.IPv6}]:${PORT}` };

const script = await readFile(join(import.meta.dirname, "support/trial.js"), "utf8");
let networks: Networks;
let responder: ChildProcess;
let browser: Browser;

beforeAll(async () => {
  networks = await startNetworks();
  const [command = "", ...args] = networks.inside("practice", [process.execPath, MAIN, "stun"]);
  responder = spawn(command, args, { stdio: "inherit", env: { ...process.env, STUN_PORT: String(PORT) } });
  const executablePath = await networks.script("patient", await chromium());
  browser = await playwright.launch({ executablePath, args: [...CALM] });
});

afterAll(async () => {
  await browser.close();
  responder.kill();
  await once(responder, "close");
  await networks.stop();
});

/** What `support/trial.js` found out. */
interface Found {
  /** Of a gathering with the responder as its only server: the addresses that the responder told. */
  readonly told: readonly string[];
  /** Whether an error of the gathering was reported. */
  readonly error: boolean;
  /** How the trial of a connection ended: `connected`, or where it was when its time was over. */
  readonly ice: string;
}

/** A page of the practice's, without a server. With the camera it knows the device's real addresses. */
async function openPage(camera: boolean): Promise<Page> {
  const context = await browser.newContext({ permissions: camera ? ["camera"] : [] });
  await context.route("**", (route) => route.fulfill({ body: "", contentType: "text/html" }));
  await context.addInitScript(script);
  const page = await context.newPage();
  await page.goto("https://go.greenriver.example/");
  if (camera) await page.evaluate("navigator.mediaDevices.getUserMedia({ video: true }).then(() => undefined)");
  return page;
}

async function found(
  url: string,
  { camera = false, ufrag = TRIAL.ufrag, password = TRIAL.password } = {},
): Promise<Found> {
  const page = await openPage(camera);
  const seen = await page.evaluate<Found>(
    `tryConnection(${JSON.stringify({ url, ufrag, password, patience: PATIENCE })})`,
  );
  await page.context().close();
  return seen;
}

describe("a browser that tries the way to the bridge", () => {
  it.each(["IPv4", "IPv6"] as const)("gets through over %s, and is told its own address", async (family) => {
    const seen = await found(URLS[family]);
    expect(seen).toEqual({ told: [PATIENT[family]], error: false, ice: "connected" });
  });

  it("gets through where a gathering alone says nothing, because no router changes the address", async () => {
    const seen = await found(URLS.IPv4, { camera: true });
    expect(seen).toEqual({ told: [], error: false, ice: "connected" });
  });

  it("gets through a router that changes its address, and is told which one the practice sees", async () => {
    await networks.rules(
      "patient",
      `table ip home { chain out { type nat hook postrouting priority 100; oifname "patient" snat to 198.51.100.2; }\n}`,
    );
    const seen = await found(URLS.IPv4, { camera: true }).finally(() =>
      networks.rules("patient", "delete table ip home"),
    );
    expect(seen).toEqual({ told: ["198.51.100.2"], error: false, ice: "connected" });
  });

  it("does not get through where UDP alone is dropped, and ends within its time", async () => {
    const drop = `table inet wall { chain in { type filter hook input priority 0; meta l4proto udp drop; }\n}`;
    await networks.rules("practice", drop);
    const started = performance.now();
    const seen = await found(URLS.IPv4).finally(() => networks.rules("practice", "delete table inet wall"));
    expect(performance.now() - started).toBeLessThan(2 * PATIENCE + 3000);
    expect(seen).toMatchObject({ told: [], ice: "checking" });
    expect(await found(URLS.IPv4)).toMatchObject({ ice: "connected" });
  });

  it("does not take another answer for one: the trial needs the responder's own proof", async () => {
    const seen = await found(URLS.IPv4, { password: "anotherPasswordThanTheOneKnown" });
    expect(seen).toMatchObject({ told: [PATIENT.IPv4], ice: "checking" });
  });
});
