import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import type { Params } from "../../../src/components/component.ts";
import type { Video } from "../../../src/practice/practice.ts";
import { someParams, somePractice } from "../../support/practice.ts";
import { waitFor } from "../../bed/wait.ts";
import { startBrowser, visit, type Visit } from "./browser.ts";
import { startFront, type Front } from "./front.ts";

export const ROOM = "k3mz7q0a9xw2b5c8d1e4f6g7h8";
const claims = (moderator: boolean) => Buffer.from(JSON.stringify({ context: { user: { moderator } } }));
const token = (moderator: boolean) => `#jwt=%22abc.${claims(moderator).toString("base64url")}.ghi%22`;
export const PATIENT = token(false);
export const STAFF = token(true);

/** Ways to serve the meeting page. `bare` is the page without the guard: there every attack must succeed. */
const WAYS = {
  guarded: {},
  bare: { guard: "" },
  required: { verification: "required" },
  unproven: { jitsiWeb: "ghcr.io/jitsi/web:stable-99999" },
} as const;
export type Way = keyof typeof WAYS;

/** What the stub app tells about itself; test/apps/support/stub-app/app.js. */
export interface Stub {
  readonly sent: readonly Record<string, unknown>[];
  readonly dispatched: readonly string[];
  readonly seen: { plain: number; sealed: number };
  readonly hungUp: number;
  readonly left: number;
}

const read = (file: string) => readFileSync(new URL(`stub-app/${file}`, import.meta.url), "utf8");
/** The meeting page as the image has it, in small, with the stub app. */
export const MEETING_PAGES = {
  "index.html": `<!DOCTYPE html><html><head>
<!--#include virtual="head.html" --><meta charset="utf-8"><link rel="icon" href="data:,">
<script><!--#include virtual="/config.js" --></script>
<script src="/libs/app.js"></script>
</head><body><p id="app">The app</p></body></html>`,
  "libs/app.js": read("app.js"),
  "libs/worker.js": read("worker.js"),
  "static/404.html": "nothing here",
};

function paramsOf(way: Way): Params {
  const { guard, verification, jitsiWeb } = WAYS[way] as {
    guard?: string;
    verification?: Video["verification"];
    jitsiWeb?: string;
  };
  const params = someParams();
  const { images, video } = somePractice();
  return {
    ...params,
    practice: somePractice({
      images: { ...images, ...(jitsiWeb !== undefined && { jitsiWeb }) },
      video: { ...video, ...(verification && { verification }) },
    }),
    assets: { ...params.assets, ...(guard !== undefined && { guard }) },
  };
}

/** nginx with the rendered files in each of the ways, a stub of the app, and the real Chromium. */
export async function startGuarded() {
  const ways = Object.keys(WAYS) as Way[];
  const fronts = Object.fromEntries(
    await Promise.all(
      ways.map(async (way) => [way, await startFront(paramsOf(way), { pages: MEETING_PAGES, element: {} })] as const),
    ),
  ) as Record<Way, Front>;
  const { meet } = somePractice().hosts;
  const originOf = (way: Way) => `http://${meet}:${fronts[way].port}`;
  const browser: Browser = await startBrowser(ways.map(originOf));
  return {
    browser,
    originOf,
    open: async (way: Way, fragment = PATIENT, how: Visit = {}): Promise<Page> => {
      const page = await visit(browser, `${originOf(way)}/${ROOM}${fragment}`, how);
      await settled(page);
      return page;
    },
    /** Leaves nothing of one test to the next. */
    closePages: () => Promise.all(browser.contexts().map((context) => context.close())),
    stop: async () => {
      await browser.close();
      await Promise.all(Object.values(fronts).map((front) => front.stop()));
    },
  };
}

/** Waits until the app is there, or the guard's word in its place. */
export const settled = (page: Pick<Page, "evaluate">) =>
  waitFor(() => page.evaluate<boolean>(`Boolean(window.APP || document.querySelector("[role=alert]"))`), {
    what: "the page",
    interval: 20,
  });

/** What the guard says about itself. */
export const says = (page: Pick<Page, "evaluate">) => page.evaluate("document.documentElement.dataset.practiceGuard");

/** The stub app's account of itself. */
export const stubOf = (page: Page) => page.evaluate<Stub>("({ ...stub, room: undefined, connection: undefined })");

/** Runs a line of script in the page. */
export const inPage = <T = unknown>(page: Page, script: string) => page.evaluate<T>(script);

/** The brightest pixel, 0 to 255, of the picture that reaches the bridge without encryption. */
export const leaked = (page: Page) => page.evaluate<number>("stub.brightness()");
