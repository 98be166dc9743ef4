import { Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { Away } from "../away.ts";
import { readLink } from "../capability.ts";
import { readReceipt } from "../consent.ts";
import { madeLink, readOrder } from "../order.ts";
import { deskPage, madeLinkPage } from "../pages/desk.ts";
import { pathIn } from "../pages/layout.ts";
import { receiptsPage } from "../pages/receipts.ts";
import { signInPage } from "../pages/sign-in.ts";
import type { DeskView, SignInView } from "../pages/views.ts";
import type { Carried, EntryContext, Parts } from "../parts.ts";
import type { Room } from "../rooms.ts";
import type { Session } from "../staff.ts";
import type { Closed } from "../store.ts";
import { wordIn } from "../texts/words.ts";
import { meetingAddress } from "./patient.ts";

const COOKIE = "staff";
const STATUS = { refused: 401, locked: 429, away: 503 } as const;
/** As Prosody takes it (`docs/reference/room-token.md`). */
const HOLDER = /^[A-Za-z0-9_-]{22,64}$/;

/** Where staff signs in, makes links and uses them. Each request asks who that is. */
export function staffRoutes(parts: Parts): Hono<Carried> {
  const { options, keys, rooms, receipts, prosody, staff, provider, now, untold } = parts;
  const app = new Hono<Carried>();

  const signIn = (context: EntryContext, failed?: SignInView["failed"]) => {
    const view = { ...(failed && { failed }), ...(provider && { oidc: pathIn(context.get("site"), "/staff/oidc") }) };
    return context.html(signInPage(context.get("site"), view), failed ? STATUS[failed] : 200);
  };
  const desk = (
    context: EntryContext,
    view: Partial<DeskView> = {},
    status: 200 | 400 | 404 | 409 | 410 | 503 = 200,
  ) => {
    const { timeZone, maxParticipants } = options;
    const usual = { timeZone, maxPeople: maxParticipants - 1, receipts: receipts !== undefined };
    return context.html(deskPage(context.get("site"), { ...usual, ...view }), status);
  };

  app.post("/sign-in", async (context) => {
    const { user = "", password = "" } = context.get("form");
    const cookie = (name: string) => getCookie(context, name, "host");
    const result = await staff.signIn(user, password, cookie).catch((error: unknown) => {
      if (error instanceof Away) return "away" as const;
      throw error;
    });
    if (typeof result === "string") return signIn(context, result);
    keepSession(context, result.session, now());
    const { name, sealed, until } = result.device;
    setCookie(context, name, sealed, {
      prefix: "host",
      secure: true,
      httpOnly: true,
      sameSite: "Strict",
      path: "/",
      maxAge: until - now(),
    });
    return context.redirect(pathIn(context.get("site"), "/staff"), 303);
  });

  app.post("/sign-out", (context) => {
    deleteCookie(context, COOKIE, { prefix: "host", secure: true, path: "/" });
    return context.redirect(pathIn(context.get("site"), "/staff"), 303);
  });

  app.use(async (context, next) => {
    const account = await staff.accountOf(getCookie(context, COOKIE, "host"));
    if (account !== undefined) {
      context.set("account", account);
      return next();
    }
    if (context.req.method === "GET") return signIn(context);
    return isAsked(context) ? context.json({}, 401) : signIn(context, "refused");
  });

  app.get("/", (context) => desk(context));

  app.post("/links", (context) => {
    const form = context.get("form");
    const order = readOrder(form, { timeZone: options.timeZone, maxPeople: options.maxParticipants - 1, now: now() });
    if ("errors" in order) return desk(context, { errors: order.errors, typed: form }, 400);
    return context.html(madeLinkPage(context.get("site"), madeLink(keys, options, order)), 201);
  });

  /** The room of a link of either kind: it is the session that says that this is staff. */
  const roomOf = (context: EntryContext): Room | undefined => {
    const capability = readLink(keys, context.get("form")["link"] ?? "");
    return capability && rooms.of(capability);
  };

  app.post("/enter", async (context) => {
    const room = roomOf(context);
    if (!room) return desk(context, { refused: "wrong" }, 404);
    // A token outlives the session that it was given for, so none is given for a later day.
    if (now() < room.slot.opens) return desk(context, { refused: "early" }, 409);
    if (await rooms.isOver(room)) return desk(context, { refused: "late" }, 410);
    const pass = await rooms.admitStaff(room, context.get("account"));
    return context.redirect(meetingAddress(options.hosts.meet, pass), 303);
  });

  app.post("/waiting", async (context) => {
    const room = roomOf(context);
    if (!room) return context.json({}, 404);
    const waiting = await prosody.waiting(rooms.nameOf(room));
    const { locale } = context.get("site");
    return context.json({ waiting: waiting.map(({ word, ...one }) => ({ ...one, word: wordIn(locale, word) })) });
  });

  app.post("/admit", async (context) => {
    const { holder = "" } = context.get("form");
    const room = roomOf(context);
    if (!room || !HOLDER.test(holder)) return context.json({}, 404);
    await prosody.admit(rooms.nameOf(room), holder);
    return context.json({});
  });

  const close = (how: Closed) => async (context: EntryContext) => {
    const room = roomOf(context);
    if (!room) return desk(context, { refused: "wrong" }, 404);
    try {
      await rooms.close(room, how);
    } catch (error) {
      if (!(error instanceof Away) || error.what !== "calls") throw error;
      untold();
      return desk(context, { refused: "away" }, 503);
    }
    return desk(context, { done: how });
  };
  app.post("/end", close("ended"));
  app.post("/revoke", close("revoked"));

  if (receipts) {
    const { days, of } = receipts;
    app.get("/receipts", (context) => context.html(receiptsPage(context.get("site"), { days })));
    app.post("/receipts", async (context) => {
      // What is copied is the whole address, as a rule.
      const [link = ""] = /[\w-]*$/.exec(context.get("form")["link"]?.trim() ?? "") ?? [];
      const capability = readLink(keys, link);
      if (!capability) return context.html(receiptsPage(context.get("site"), { days, wrong: true }), 404);
      const found = (await of(capability)).flatMap((file) => {
        const receipt = readReceipt(keys, file);
        return receipt ? [{ file, version: receipt.version, agreed: Date.parse(receipt.agreed) / 1000 }] : [];
      });
      return context.html(receiptsPage(context.get("site"), { days, found }));
    });
  }

  return app;
}

/** Lets a session stay in the browser, also when somebody comes back from the practice's provider. */
export function keepSession(context: EntryContext, { sealed, until }: Session, now: number): void {
  setCookie(context, COOKIE, sealed, {
    prefix: "host",
    secure: true,
    httpOnly: true,
    sameSite: "Lax",
    path: "/",
    maxAge: Math.max(0, until - now),
  });
}

/** Whether a script asks, that wants JSON. */
function isAsked(context: EntryContext): boolean {
  return /\/(waiting|admit)$/.test(context.req.path);
}
