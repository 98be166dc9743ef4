import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { chromium as playwright, type Browser, type Frame, type Page } from "playwright-core";
import type { Params } from "../../../src/components/component.ts";
import { createAuthority } from "../../bed/pki.ts";
import { freePort } from "../../bed/ports.ts";
import { waitFor } from "../../bed/wait.ts";
import { someParams } from "../../support/practice.ts";
import { CALM } from "./browser.ts";
import { startEdge } from "./edge.ts";
import { startFront } from "./front.ts";
import { MEETING_PAGES, settled } from "./guarded.ts";
import { chromium } from "./programs.ts";
import { conferenceOf } from "./rooms.ts";
import type { Edit } from "./signalling.ts";

/** A room of the chat, whose call it is, and what Synapse gave to whoever calls. */
export const ROOM_ID = "!kTuPfRmNzXbWqLsDhG:matrix.greenriver.example";
export const CONFERENCE = conferenceOf(ROOM_ID);
export const OPENID = "syo_NeverToBeKeptAnywhere";
/** What the entry page answers to a member. */
export const ROOM = "k3mz7q0a9xw2b5c8d1e4f6g7h8";
const claims = Buffer.from(JSON.stringify({ context: { user: { moderator: false } } })).toString("base64url");
export const ROOM_TOKEN = `abc.${claims}.ghi`;

export type Chat = Awaited<ReturnType<typeof startChat>>;

const read = (file: string) => readFileSync(new URL(`stub-element/${file}`, import.meta.url), "utf8");
/** A page that loads what Element loads, and one with the shape of its jitsi.html. */
const ELEMENT_PAGES = {
  "index.html": read("index.html"),
  "loads.js": read("loads.js"),
  "jitsi.html": read("jitsi.html"),
  "jitsi.js": read("jitsi.js"),
  "own.js": "window.own = true;",
  "worker.js": "postMessage('there');",
  "sw.js": "",
  "manifest.json": "{}",
  "usercontent/index.html": "<!doctype html><title>sent</title>",
  "crypto.wasm": Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0),
};

interface Parts {
  readonly params?: Params;
  /** Takes a defence out of the front's rendered file. */
  readonly edit?: Edit;
  /** The folder that the image of Element serves, where it is at hand. */
  readonly elementRoot?: string;
  /** Where the real programs listen that take the place of stand-ins. */
  readonly synapsePort?: number;
  readonly signallingPort?: number;
  readonly entryPort?: number;
}

/**
 * The chat and the meeting page of a practice in the real Chromium: nginx with the rendered files behind an edge that
 * ends TLS, so that hosts are what they are for a user. Unless a real one is named, the entry page is a stand-in that
 * answers the exchange.
 */
export async function startChat({ params = someParams(), edit, ...real }: Parts = {}) {
  const { hosts } = params.practice;
  const front = await startFront(
    params,
    { pages: MEETING_PAGES, element: ELEMENT_PAGES },
    { ...real, ...(edit && { edit }) },
  );
  const identity = await (await createAuthority()).issue({ user: "edge", dnsNames: Object.values(hosts) });
  const port = await freePort();
  const edge = await startEdge(identity, { port, target: front.port, paths: {} });
  const { publicKey } = new X509Certificate(identity.cert);
  const pin = createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("base64");
  const { command, env } = await chromium();
  const browser: Browser = await playwright.launch({
    executablePath: command,
    env: { ...process.env, ...env },
    args: [...CALM, `--host-resolver-rules=MAP * 127.0.0.1:${port}`, `--ignore-certificate-errors-spki-list=${pin}`],
  });
  const answer = (status: number, body: object) =>
    front.answerWith("entry", "application/json", JSON.stringify(body), status);
  const letIn = () => answer(200, { room: ROOM, token: ROOM_TOKEN });
  letIn();
  return {
    front,
    browser,
    hosts,
    /** What the entry page answers to an exchange from now on. */
    answer,
    letIn,
    /** What the entry page was asked. */
    asked: () => front.asked("entry"),
    page: async (url: string): Promise<Page> => {
      const page = await (await browser.newContext({ locale: "de-DE" })).newPage();
      await page.goto(url, { waitUntil: "commit" });
      return page;
    },
    closePages: () => Promise.all(browser.contexts().map((context) => context.close())),
    stop: async () => {
      await browser.close();
      await edge.stop();
      await front.stop();
    },
  };
}

/** Opens the call of a room as Element does; the page of Element and the frame with the meeting page. */
export async function call(
  chat: Pick<Chat, "hosts" | "page">,
  { roomId, openid } = { roomId: ROOM_ID, openid: OPENID },
): Promise<{ readonly page: Page; readonly frame: Frame }> {
  const parameters = new URLSearchParams({
    conferenceDomain: chat.hosts.meet,
    conferenceId: conferenceOf(roomId),
    displayName: "Ada",
    userId: "@ada:matrix.greenriver.example",
    roomId,
    roomName: "Tuesday",
    auth: "openidtoken-jwt",
    openid,
  });
  const page = await chat.page(`https://${chat.hosts.chat}/jitsi.html#${String(parameters)}`);
  const frame = await waitFor(() => page.frames().find((one) => one.url().startsWith(`https://${chat.hosts.meet}/`)), {
    what: "the frame of the call",
  });
  return { page, frame };
}

/** Waits until the meeting page is in the room, with the app. */
export async function entered(frame: Frame): Promise<void> {
  await waitFor(() => frame.evaluate<boolean>(`location.pathname === "/${ROOM}" && Boolean(window.APP)`), {
    what: "the room",
  });
  await settled(frame);
}
