import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { startBrowser } from "../apps/support/browser.ts";

import { startFront } from "../apps/support/front.ts";

import { waitFor } from "../bed/wait.ts";
import { someParams } from "../support/practice.ts";
import { type Attack, group, type Outcome } from "./attack.ts";
import { entryStage, type EntryStage, instead } from "./entry.ts";

const PARTS = ["the entry page", "Synapse", "PostgreSQL"];
const EVIL = "evil.example";

const staffOf = async (stage: EntryStage) => stage.signedIn(await stage.matrix().register("ada", "therapist"));

/** Something of another site that a browser of staff sends along with its cookies. */
const forges = (id: string, does: string, headers: Readonly<Record<string, string>>): Attack<EntryStage> => ({
  id,
  promise: 6,
  does,
  run: async (stage) => {
    const staff = await stage.signedIn(await stage.matrix().register(`ada${id.length}`, "therapist"));
    const { link, staffLink } = await stage.make(staff);
    await stage.entry.post("/staff/revoke", { link: staffLink }, { ...staff, ...headers });
    const answer = await stage.entry.post("/join", { link });
    return answer.status === 410 ? "succeeded" : "failed";
  },
});

export const forgeryAttacks = group<EntryStage>({
  defence: "app.ts: a form counts only when it comes from a page of this host",
  parts: PARTS,
  start: entryStage(
    {
      "app.ts": instead(
        'app.use(csrf({ origin: `https://${options.hosts.entry}`, secFetchSite: "same-origin" }));',
        "",
      ),
    },
    { matrix: true },
  ),
  attacks: [
    forges("form-of-another-site", "A page elsewhere sends a form to the desk from the browser of staff.", {
      origin: `https://${EVIL}`,
      "sec-fetch-site": "cross-site",
    }),
    forges("form-of-the-meeting-host", "A page of the meeting host sends a form to the desk.", {
      origin: "https://meet.greenriver.example",
      "sec-fetch-site": "same-site",
    }),
    forges("form-without-an-origin", "A sandboxed page sends a form, which hides where it comes from.", {
      origin: "null",
    }),
  ],
});

export const redirectAttacks = group<EntryStage>({
  defence: "routes/staff.ts: addresses are made of the practice's options alone",
  parts: PARTS,
  start: entryStage(
    {
      "routes/staff.ts": [
        instead(
          /(maxAge: until - now\(\),\n    \}\);\n)    return context\.redirect\(pathIn\(context\.get\("site"\), "\/staff"\), 303\);/g,
          '$1    const { to, next } = { ...context.req.query(), ...context.get("form") } as Record<string, string>;\n    return context.redirect(to ?? next ?? "/staff", 303);',
        ),
        instead(
          "madeLink(keys, options, order)",
          'madeLink(keys, { ...options, hosts: { ...options.hosts, entry: context.req.header("x-forwarded-host") ?? "" } }, order)',
        ),
      ],
    },
    { matrix: true },
  ),
  attacks: [
    {
      id: "redirect-elsewhere",
      promise: 6,
      does: "A link to the sign-in names where to go on: a page that looks like it, elsewhere.",
      run: async (stage): Promise<Outcome> => {
        const { id, password } = await stage.matrix().register("ben", "therapist");
        const ways = ["to", "next", "return", "redirect", "url", "lang"];
        const places = [`https://${EVIL}/staff`, `//${EVIL}/staff`, `/\\${EVIL}`];
        const seen: string[] = [];
        for (const place of places) {
          const extra = Object.fromEntries(ways.map((way) => [way, place]));
          const query = new URLSearchParams(extra).toString();
          const answer = await stage.entry.post(`/staff/sign-in?${query}`, { user: id, password, ...extra });
          seen.push(answer.headers.get("location") ?? "");
          await new Promise((resolve) => setTimeout(resolve, 6_500));
        }
        if (seen.every((to) => to === "")) throw new Error("Nobody was sent anywhere.");
        return seen.some((to) => to.includes(EVIL)) ? "succeeded" : "failed";
      },
    },
    {
      id: "link-to-another-host",
      promise: 6,
      does: "A request for a link names another host, so that patients are sent there.",
      run: async (stage): Promise<Outcome> => {
        const staff = await staffOf(stage);
        const headers = { ...staff, "x-forwarded-host": EVIL, forwarded: `host=${EVIL}`, "x-original-host": EVIL };
        const at = new Date(Date.now() + 3_600_000).toISOString();
        const order = { date: at.slice(0, 10), time: at.slice(11, 16), minutes: "50", people: "1", locale: "de" };
        const page = await (await stage.entry.post("/staff/links", order, headers)).text();
        if (!page.includes("/join")) throw new Error("No link was made.");
        return page.includes(EVIL) ? "succeeded" : "failed";
      },
    },
  ],
});

const PLANT = `"><img src=x data-planted>{{7*7}}\${7*7}<script>planted()</script>`;

export const injectionAttacks = group<EntryStage>({
  defence: "pages: every value is escaped",
  parts: PARTS,
  start: entryStage(
    {
      "pages/desk.ts": [
        instead('value="${typed.date ?? ""}"', 'value="${raw(typed.date ?? "")}"'),
        instead('import { html } from "hono/html";', 'import { html, raw } from "hono/html";'),
      ],
    },
    { matrix: true },
  ),
  attacks: [
    {
      id: "markup-in-every-field",
      promise: 6,
      does: "Somebody plants markup in every field of every form, in the address and in cookies.",
      run: async (stage): Promise<Outcome> => {
        const staff = await staffOf(stage);
        const fields = ["link", "lang", "consent", "agree", "receipt", "user", "password", "date", "time", "minutes"];
        const form = Object.fromEntries([...fields, "people", "locale", "holder"].map((field) => [field, PLANT]));
        const query = new URLSearchParams(form).toString();
        const headers = { cookie: `${staff.cookie}; __Host-seat-x=${encodeURIComponent(PLANT)}` };
        const posts = ["/join", "/consent", "/enter", "/staff/links", "/staff/enter", "/staff/end", "/staff/revoke"];
        const gets = ["/", "/join", "/ended", "/before", "/kit", "/staff", `/${encodeURIComponent(PLANT)}`];
        const answers = await Promise.all([
          ...posts.map((path) => stage.entry.post(`${path}?${query}`, form, headers)),
          ...gets.map((path) => stage.entry.get(`${path}?${query}`, { ...headers, "accept-language": "de" })),
        ]);
        const pages = await Promise.all(answers.map((answer) => answer.text()));
        if (pages.some((page) => page.length === 0)) throw new Error("A page was empty.");
        return pages.some((page) => /<img src=x|<script>planted|\b49\b49/.test(page)) ? "succeeded" : "failed";
      },
    },
  ],
});

export const previewAttacks = group<EntryStage>({
  defence: "routes/patient.ts: only a form that is sent uses a use",
  parts: ["the entry page", "PostgreSQL"],
  start: entryStage({
    "routes/patient.ts": instead('app.post("/enter"', 'app.on(["GET", "POST"], "/enter"'),
    "app.ts": instead(
      'if (context.req.method !== "POST" ||',
      'if (context.req.method === "GET") return context.req.query();\n  if (context.req.method !== "POST" ||',
    ),
  }),
  attacks: [
    {
      id: "preview-uses-the-link",
      promise: 6,
      does: "A mail program's preview opens the link, and every address that it finds, before the patient does.",
      run: async (stage): Promise<Outcome> => {
        const link = stage.link();
        const { receipt } = await stage.ready(link);
        const query = new URLSearchParams({ link, receipt }).toString();
        for (const path of ["/join", "/consent", "/enter", "/", "/ended", "/staff"]) {
          for (const method of ["GET", "HEAD", "OPTIONS"]) {
            await fetch(`http://127.0.0.1:${stage.entry.port}${path}?${query}`, { method, redirect: "manual" });
          }
        }
        const { status } = await stage.entry.post("/join", { link });
        if (status === 409) return "succeeded";
        if ((await stage.enter(link)).status === 303) return "failed";
        throw new Error(`The patient was answered ${status}.`);
      },
    },
  ],
});

export const cookieAttacks = group<EntryStage>({
  defence: "cookies: Secure, HttpOnly, and of this host alone",
  parts: PARTS,
  start: entryStage(
    {
      "routes/staff.ts": instead(
        'prefix: "host",\n    secure: true,\n    httpOnly: true,',
        'domain: "greenriver.example",',
      ),
    },
    { matrix: true },
  ),
  attacks: [
    {
      id: "cookie-read-on-its-way",
      promise: 6,
      does: "Somebody in the network or on a neighbouring host gets the session of staff: over http, by script, by domain.",
      run: async (stage): Promise<Outcome> => {
        const answer = await stage.signIn(await stage.matrix().register("ada", "therapist"));
        const cookie = answer.headers.getSetCookie().find((line) => line.includes("staff=")) ?? "";
        if (cookie === "") throw new Error("There is no session.");
        const parts = cookie.toLowerCase().split("; ");
        const kept = parts.includes("secure") && parts.includes("httponly") && !/domain=/i.test(cookie);
        return kept && cookie.startsWith("__Host-") ? "failed" : "succeeded";
      },
    },
  ],
});

/** The entry page behind the real nginx, in a frame of another site in real Chromium. */
export const frameAttacks = group({
  defence: "app.ts: no page of this host may stand in a frame",
  parts: ["the entry page", "nginx", "Chromium"],
  start: async (defended: boolean) => {
    const stage = await entryStage({
      "app.ts": [instead("frameAncestors: [NONE],", ""), instead('xFrameOptions: "DENY",', "xFrameOptions: false,")],
    })(defended);
    const front = await startFront(someParams(), { pages: {}, element: {} }, { entryPort: stage.entry.port });
    const entry = `http://go.greenriver.example:${front.port}`;
    const around = createServer((_, response) => {
      response.setHeader("content-type", "text/html");
      response.end(`<iframe src="${entry}/staff" width="800" height="600"></iframe>`);
    });
    await new Promise<void>((resolve) => around.listen(0, "127.0.0.1", resolve));
    const browser = await startBrowser([entry]);
    return {
      browser,
      address: `http://${EVIL}:${(around.address() as AddressInfo).port}/`,
      stop: async () => {
        await browser.close();
        around.close();
        await front.stop();
        await stage.stop();
      },
    };
  },
  attacks: [
    {
      id: "desk-in-a-frame",
      promise: 6,
      does: "A page elsewhere shows the desk under its own buttons, to be clicked unawares.",
      run: async ({ browser, address }) => {
        const page = await browser.newPage({ locale: "de-DE" });
        await page.goto(address);
        return waitFor(
          async (): Promise<Outcome | undefined> => {
            const framed = page.frames()[1];
            if (!framed) return undefined;
            const text = await framed.evaluate("document.body.innerText").catch(() => "");
            if (typeof text === "string" && /Passwort|Anmeld|Konto|Praxis/i.test(text)) return "succeeded";
            return framed.url().startsWith("chrome-error:") ? "failed" : undefined;
          },
          { what: "the frame, shown or refused", timeout: 15_000 },
        );
      },
    },
  ],
});

const PLANTED = { address: "203.0.113.77", agent: "planted-agent/1.0" };

export const diaryAttacks = group<EntryStage & { readonly front: Awaited<ReturnType<typeof startFront>> }>({
  defence: "server.ts: nothing about a request is logged",
  parts: [...PARTS, "nginx"],
  start: async (defended) => {
    const stage = await entryStage(
      {
        "app.ts": instead(
          "    await next();\n",
          "    await next();\n    process.stdout.write(`${context.req.path} ${JSON.stringify(form)} ${JSON.stringify(context.req.header())}\\n`);\n",
        ),
      },
      { matrix: true, calls: true },
    )(defended);
    const front = await startFront(someParams(), { pages: {}, element: {} }, { entryPort: stage.entry.port });
    return {
      ...stage,
      front,
      stop: async () => {
        await front.stop();
        await stage.stop();
      },
    };
  },
  attacks: [
    {
      id: "diary-in-the-logs",
      promise: 5,
      does: "Whoever reads the logs of all programs looks for a link, a room, an account, an address and a device.",
      run: async (stage): Promise<Outcome> => {
        const account = await stage.matrix().register("plantedtherapist", "therapist");
        const headers = { "x-forwarded-for": PLANTED.address, "user-agent": PLANTED.agent };
        const staff = await stage.signedIn(account);
        const { link, staffLink } = await stage.make(staff);
        const patient = await stage.enter(link);
        const room = /example\/([a-z2-7]{26})/.exec(patient.to)?.[1] ?? "";
        if (room === "") throw new Error("Nobody got in.");
        for (const path of ["/join", "/consent", "/enter", "/staff/enter"]) {
          await stage.entry.post(path, { link, receipt: patient.receipt, user: account.id }, headers);
          const body = new URLSearchParams({ link }).toString();
          await stage.front.ask("go.greenriver.example", `${path}?link=${link}`, {
            method: "POST",
            headers: { ...headers, "content-type": "application/x-www-form-urlencoded" },
            body,
          });
        }
        await stage.entry.post("/staff/end", { link: staffLink }, { ...staff, ...headers });
        await stage.database.pause();
        await stage.entry.post("/join", { link }, headers);
        await stage.database.resume();
        const texts = await Promise.all([
          stage.entry.log(),
          stage.front.log(),
          stage.calls().log(),
          stage.matrix().log(),
          stage.database.log(),
        ]);
        if (!texts.join("").includes("The entry page is open")) throw new Error("No log was read.");
        const token = /%22(.*)%22/.exec(patient.to)?.[1] ?? "";
        const secrets = [link, staffLink, room, token, account.id, "plantedtherapist", account.password];
        const planted = [...secrets, ...Object.values(PLANTED), patient.cookie.split("=")[1] ?? ""];
        return planted.some((word) => texts.join("\n").includes(word)) ? "succeeded" : "failed";
      },
    },
  ],
});
