import { randomBytes } from "node:crypto";
import { Hono } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { readLink } from "../capability.ts";
import { consentsOf, readReceipt, signReceipt } from "../consent.ts";
import { digest } from "../keys.ts";
import { earlyPage, joinPage, openPage, readyPage } from "../pages/join.ts";
import { refusalPage } from "../pages/refusal.ts";
import type { Appointment, Refusal } from "../pages/views.ts";
import type { Carried, EntryContext, Parts } from "../parts.ts";
import { forgottenAt } from "../slot.ts";
import { readWord } from "../texts/words.ts";
import type { Closing, Pass, Room } from "../rooms.ts";

const STATUS = { late: 410, revoked: 410, used: 409, full: 409, wrong: 404, away: 503 } as const;
const DEVICE = /^[A-Za-z0-9_-]{22}$/;

/** The way of a patient: link, consent, room. Only `POST /enter` uses a use. */
export function patientRoutes(parts: Parts): Hono<Carried> {
  const { options, keys, rooms, links, signingKey, now } = parts;
  const consents = consentsOf(options.receiptDays);
  const kept = { ...(options.receiptDays !== undefined && { receiptDays: options.receiptDays }) };
  const app = new Hono<Carried>();

  const refuse = (context: EntryContext, refusal: Refusal) =>
    context.html(refusalPage(context.get("site"), refusal), STATUS[refusal]);
  const appointmentOf = (context: EntryContext, { slot: { opens, starts, ends } }: Room): Appointment => ({
    link: context.get("form")["link"] ?? "",
    opens,
    starts,
    ends,
  });

  /** The room of the link in the form while it is open; else the page that says why not. */
  async function openRoom(context: EntryContext): Promise<Room | Response> {
    const capability = readLink(keys, context.get("form")["link"] ?? "");
    if (capability?.role !== "patient") return refuse(context, "wrong");
    if (await links.isOver(capability.room.toString("hex"))) {
      return context.html(refusalPage(context.get("site"), "away"), 429);
    }
    const room = rooms.of(capability);
    if (now() >= room.slot.opens) return room;
    return context.html(earlyPage(context.get("site"), appointmentOf(context, room)));
  }

  const showOpen = (context: EntryContext, room: Room, changed: boolean) => {
    const consent = consents.in(context.get("site").locale);
    const view = { ...appointmentOf(context, room), consent, stun: options.stun, ...(changed && { changed }) };
    return context.html(openPage(context.get("site"), view), changed ? 409 : 200);
  };

  app.get("/join", (context) => context.html(joinPage(context.get("site"))));

  app.post("/join", async (context) => {
    const room = await openRoom(context);
    if (room instanceof Response) return room;
    const objection = await rooms.objection(room, deviceOf(context, room));
    return objection ? refuse(context, objection) : showOpen(context, room, false);
  });

  app.post("/consent", async (context) => {
    const room = await openRoom(context);
    if (room instanceof Response) return room;
    const objection = await rooms.objection(room, deviceOf(context, room));
    if (objection) return refuse(context, objection);
    const { consent: hash = "", agree } = context.get("form");
    const language = consents.with(hash);
    if (language === undefined || agree !== "yes") return showOpen(context, room, true);
    const receipt = await signReceipt(signingKey, keys, {
      practice: options.hosts.entry,
      text: hash,
      version: consents.in(language).version,
      language,
      link: receiptLink(room),
      agreed: new Date(now() * 1000).toISOString(),
    });
    // So that an answer to the next step that is lost on its way does not cost the use.
    keepDevice(context, room, deviceOf(context, room) ?? newDevice());
    return context.html(
      readyPage(context.get("site"), { ...appointmentOf(context, room), ...kept, receipt, group: isGroup(room) }),
    );
  });

  app.post("/enter", async (context) => {
    const room = await openRoom(context);
    if (room instanceof Response) return room;
    const file = context.get("form")["receipt"] ?? "";
    const receipt = readReceipt(keys, file);
    const agreed = receipt?.link === receiptLink(room) && consents.with(receipt.text) !== undefined;
    if (!agreed) return showOpen(context, room, true);
    const device = deviceOf(context, room) ?? newDevice();
    const word = isGroup(room) ? readWord(context.get("form")["word"]) : undefined;
    const result = await rooms.admit(room, device, { receipt: file, ...(word !== undefined && { word }) });
    if (isClosing(result)) return refuse(context, result);
    keepDevice(context, room, device);
    return context.redirect(meetingAddress(options.hosts.meet, result), 303);
  });

  const receiptLink = ({ key, capability }: Room) =>
    digest((keys.byId.get(capability.key) ?? keys.current).hashes, "receipt", key).toString("base64url");

  const keepDevice = (context: EntryContext, room: Room, device: string) =>
    setCookie(context, seatName(room), device, {
      prefix: "host",
      secure: true,
      httpOnly: true,
      sameSite: "Strict",
      path: "/",
      maxAge: Math.max(0, forgottenAt(room.slot, options.sessions) - now()),
    });

  return app;
}

/** Where a call is joined with a room token: behind the `#`, which no server is told. */
export function meetingAddress(meet: string, { room, token }: Pass): string {
  return `https://${meet}/${room}#jwt=%22${token}%22`;
}

/** Whether several people wait for one room, so that staff has to tell them apart. */
function isGroup({ capability }: Room): boolean {
  return capability.people > 1;
}

function isClosing(result: Pass | Closing): result is Closing {
  return typeof result === "string";
}

/** One cookie for each room, because a device may have several. Its name tells nothing without the key. */
function seatName({ key }: Room): string {
  return `seat-${key.subarray(2, 10).toString("hex")}`;
}

/** What makes a device the same one as before; worth nothing until a seat was taken with it. */
function deviceOf(context: EntryContext, room: Room): string | undefined {
  const device = getCookie(context, seatName(room), "host");
  return device !== undefined && DEVICE.test(device) ? device : undefined;
}

function newDevice(): string {
  return randomBytes(16).toString("base64url");
}
