import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { assetRoutes } from "../../../src/entry/assets.ts";
import { kitRoutes } from "../../../src/entry/kit/routes.ts";
import { homePage } from "../../../src/entry/pages/home.ts";
import { deskPage, madeLinkPage } from "../../../src/entry/pages/desk.ts";
import { earlyPage, joinPage, openPage, readyPage } from "../../../src/entry/pages/join.ts";
import { refusalPage } from "../../../src/entry/pages/refusal.ts";
import type { OpenAppointment, Site } from "../../../src/entry/pages/views.ts";
import { chooseLocale } from "../../../src/entry/texts/texts.ts";
import { DESK, gallery, someConsent, someMade, someReceipt, someSite, APPOINTMENT } from "./gallery.ts";

/** The content policy that the pages are made for. */
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src blob: mediastream:; " +
  "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

export interface EntryApp {
  readonly origin: string;
  /** What was posted, by path; the pages' side of the contract. */
  readonly posted: { readonly path: string; readonly fields: Readonly<Record<string, string>> }[];
  /** Who waits, as the desk is told. */
  readonly waiting: { holder: string; since: number; word?: string }[];
  readonly stop: () => Promise<void>;
}

export interface EntryAppOptions {
  /** Of the practice; a number is added to the real time. */
  readonly site?: Partial<Site>;
  readonly stun?: OpenAppointment["stun"];
  /** Seconds from now until the door opens; in time when absent. */
  readonly opensIn?: number;
}

/** The pages as the server shows them, each answer the good one; `/page/NAME` shows any of them. */
export async function startEntryApp({ site, stun, opensIn }: EntryAppOptions = {}): Promise<EntryApp> {
  const now = () => Math.floor(Date.now() / 1000);
  const origin: { url: string } = { url: "" };
  const posted: EntryApp["posted"] = [];
  const waiting: EntryApp["waiting"] = [];
  const app = new Hono();
  const fieldsOf = async (context: Context) => {
    const fields = Object.fromEntries(new URLSearchParams(await context.req.text()));
    posted.push({ path: context.req.path, fields });
    return fields;
  };
  const siteOf = (context: Context, lang = context.req.query("lang")): Site =>
    someSite(chooseLocale(lang, context.req.header("accept-language"), "de"), { now: now(), ...site });
  const soon = { ...APPOINTMENT, opens: now() - 60, starts: now() + 540, ends: now() + 3540 };

  app.use(async (context, next) => {
    await next();
    context.header("Content-Security-Policy", CSP);
    context.header("Referrer-Policy", "no-referrer");
  });
  app.route("/assets", assetRoutes());
  app.route("/kit", kitRoutes(siteOf));
  app.get("/page/:name", (context) => {
    const page = gallery(siteOf(context))[context.req.param("name")];
    return page === undefined ? context.notFound() : context.html(page);
  });
  app.get("/", (context) => context.html(homePage(siteOf(context))));
  app.get("/before", (context) => context.html(gallery(siteOf(context)).before ?? ""));
  app.get("/ended", (context) => context.html(gallery(siteOf(context)).ended ?? ""));
  app.get("/join", (context) => context.html(joinPage(siteOf(context))));
  app.post("/join", async (context) => {
    const { lang = "", link = "" } = await fieldsOf(context);
    const site = siteOf(context, lang);
    if (link === "wrong") return context.html(refusalPage(site, "wrong"), 404);
    const mine = { ...soon, link: link };
    if (opensIn !== undefined && posted.length === 1) {
      return context.html(earlyPage(site, { ...mine, opens: now() + opensIn }));
    }
    return context.html(openPage(site, { ...mine, consent: someConsent(site.locale), ...(stun && { stun }) }));
  });
  app.post("/consent", async (context) => {
    const { lang = "", link = "" } = await fieldsOf(context);
    const site = siteOf(context, lang);
    return context.html(readyPage(site, { ...soon, link: link, receipt: someReceipt(site.locale) }));
  });
  app.post("/enter", async (context) => {
    await fieldsOf(context);
    return context.redirect(`${origin.url}/inside`, 303);
  });
  app.get("/favicon.ico", (context) => context.body(null, 204)); // asked for by what has no page, like the next
  app.get("/inside", (context) => context.text("inside"));
  app.get("/staff", (context) => context.html(deskPage(siteOf(context), DESK)));
  app.post("/staff/links", async (context) => {
    const { lang = "", locale = "" } = await fieldsOf(context);
    const made = { ...someMade(locale), starts: soon.starts, ends: soon.ends };
    return context.html(madeLinkPage(siteOf(context, lang), made), 201);
  });
  app.post("/staff/waiting", async (context) => {
    await fieldsOf(context);
    return context.json({ waiting });
  });
  app.post("/staff/admit", async (context) => {
    const { holder } = await fieldsOf(context);
    waiting.splice(0, waiting.length, ...waiting.filter((one) => one.holder !== holder));
    return context.json({});
  });
  app.post("/staff/enter", async (context) => {
    await fieldsOf(context);
    return context.redirect(`${origin.url}/inside`, 303);
  });
  app.post("/staff/:action{end|revoke}", async (context) => {
    const { lang = "" } = await fieldsOf(context);
    const done = context.req.param("action") === "end" ? "ended" : "revoked";
    return context.html(deskPage(siteOf(context, lang), { ...DESK, done }));
  });

  const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
  await once(server, "listening");
  origin.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin: origin.url,
    posted,
    waiting,
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      if ("closeAllConnections" in server) server.closeAllConnections();
      await closed;
    },
  };
}
