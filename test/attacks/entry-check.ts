import { type Browser, chromium as playwright } from "playwright-core";
import { CALM } from "../apps/support/browser.ts";
import { startEntryProgram } from "../apps/support/entry-program.ts";
import { startDatabase } from "../apps/support/messaging.ts";
import { chromium } from "../apps/support/programs.ts";
import { waitFor } from "../bed/wait.ts";
import { newRoom, signLink } from "../../src/entry/capability.ts";
import { readKeys } from "../../src/entry/keys.ts";
import { startStun } from "../entry/support/stun.ts";
import { someParams } from "../support/practice.ts";
import { group, type Outcome } from "./attack.ts";
import { instead, seconds } from "./entry.ts";

interface Stage {
  readonly browser: Browser;
  readonly port: number;
  readonly link: string;
  /** How often somebody was asked who answers in the practice's place. */
  readonly asked: () => number;
  readonly stop: () => Promise<void>;
}

/** As pages do that ask a server for the device's address, and take whatever answers for an open way. */
const GATHERING_ALONE = [
  instead("new RTCPeerConnection()", "new RTCPeerConnection({ iceServers: [{ urls: url }] })"),
  instead(
    'peer.createDataChannel("check");',
    `peer.createDataChannel("check");
    const told = new Promise((resolve) =>
      peer.addEventListener("icecandidate", ({ candidate }) => candidate?.type === "srflx" && resolve(true)));`,
  ),
  instead(
    "setTimeout(() => resolve(false), PATIENCE);",
    "void told.then(resolve); setTimeout(() => resolve(false), PATIENCE);",
  ),
  instead('if (peer.iceConnectionState === "failed") resolve(false);', ""),
];

async function start(defended: boolean): Promise<Stage> {
  const foreign = await startStun("foreign");
  const port = Number(foreign.url.split(":").at(-1));
  // The responder is asked on the port after the bridge's.
  const params = someParams({ observed: { mediaAddresses: [{ ip: "127.0.0.1", port: port - 1 }] } });
  const database = await startDatabase(params);
  const entry = await startEntryProgram(
    params,
    { database },
    defended ? {} : { "assets/connection.js": GATHERING_ALONE },
  );
  const { command, env } = await chromium();
  const browser = await playwright.launch({
    executablePath: command,
    env: { ...process.env, ...env },
    // Without a camera: browsers tell pages more about their addresses with one.
    args: [...CALM.filter((flag) => !flag.includes("fake")), "--allow-loopback-in-peer-connection"],
  });
  const content = { role: "patient", room: newRoom(), starts: seconds(), minutes: 50, people: 1 } as const;
  return {
    browser,
    port: entry.port,
    link: signLink(readKeys(entry.keys).current, content),
    asked: foreign.asked,
    stop: async () => {
      await browser.close();
      await entry.stop();
      await database.stop();
      await foreign.stop();
    },
  };
}

export const forgedAnswers = group<Stage>({
  defence: "connection.js: a whole exchange of ICE, whose answers prove that they are the responder's",
  parts: ["the entry page", "PostgreSQL", "Chromium"],
  start,
  attacks: [
    {
      id: "ice-answered-by-somebody-else",
      promise: 8,
      does: "A box in a network that lets no call through answers in the practice's place, so that the check says all is well.",
      run: async ({ browser, port, link, asked }) => {
        const page = await browser.newPage();
        await page.goto(`http://127.0.0.1:${port}/join?lang=en#${link}`);
        await page.getByRole("button", { name: "Test picture and sound" }).click();
        const row = page.locator('[data-row="connection"]');
        const outcome = await waitFor(
          async (): Promise<Outcome | undefined> => {
            const now = await row.getAttribute("data-now");
            return now === "good" ? "succeeded" : now === "bad" ? "failed" : undefined;
          },
          { what: "the check of the network", timeout: 40_000 },
        );
        if (asked() === 0) throw new Error("Nobody was asked.");
        return outcome;
      },
    },
  ],
});
