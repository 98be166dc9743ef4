import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page as BrowserPage } from "playwright-core";
import { mintRoomToken, type Admission } from "../../../src/entry/token.ts";
import { waitFor } from "../../bed/wait.ts";
import { seesClearly } from "./picture.ts";
import type { Page, Rig } from "./rig.ts";

const script = (name: string) => join(import.meta.dirname, "..", "page", name);

/** How somebody comes. */
export interface Coming {
  readonly page?: Page;
  /** A client that lies about its encryption. */
  readonly forged?: boolean;
  readonly token?: string;
  /** More in the fragment of the address. */
  readonly fragment?: string;
}

/** Somebody at a page of their own. */
export interface Person {
  readonly tab: BrowserPage;
  readonly token: string;
  /** Everything that the page has sent and got besides media. */
  readonly wire: ReturnType<typeof watched>;
  readonly inPage: <T>(code: string) => Promise<T>;
  /** Presses the button of the page before the call. */
  readonly enter: () => Promise<void>;
  readonly isIn: () => Promise<boolean>;
  /** What the guard says about itself. */
  readonly says: () => Promise<string | undefined>;
  /** All words on the page. */
  readonly reads: () => Promise<string>;
  /** What was counted by test/stack/page/tap.js. */
  readonly frames: () => Promise<Frames>;
  readonly violations: () => Promise<readonly string[]>;
  readonly leave: () => Promise<void>;
}

/** A room that nobody was in. */
export const newRoom = () => randomBytes(16).toString("hex");

/** Opens the link as a person does, in a profile of its own, up to the page before the call. */
export async function arrive(
  rig: Rig,
  room: string,
  { page = "guarded", forged = false, token, fragment = "" }: Coming,
) {
  const context = await rig.browser.newContext({ locale: "de-DE", viewport: { width: 1024, height: 640 } });
  await context.addInitScript({ path: script("tap.js") });
  if (forged) await context.addInitScript({ path: script("forge.js") });
  await context.addInitScript(`window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) =>
      window.violations.push(event.effectiveDirective + " " + event.blockedURI));`);
  const tab = await context.newPage();
  const wire = watched(tab);
  await tab.goto(rig.urlOf(page, room, token === undefined ? fragment : `#jwt=%22${token}%22${fragment}`), {
    waitUntil: "commit",
  });
  const inPage = <T>(code: string): Promise<T> => tab.evaluate(code);
  const person: Person = {
    tab,
    token: token ?? "",
    wire,
    inPage,
    enter: () => tab.getByTestId("prejoin.joinMeeting").click({ timeout: 60_000 }),
    isIn: () => inPage("Boolean(window.APP?.conference?._room?.isJoined())"),
    says: () => inPage("document.documentElement.dataset.practiceGuard"),
    reads: () => inPage("document.documentElement.innerText"),
    frames: () => inPage("window.tap"),
    violations: () => inPage("window.violations"),
    leave: () => context.close(),
  };
  rig.people.push(person);
  return person;
}

/** Ends a test: nobody stays, and one that failed leaves what everybody saw. */
export async function leaveNobody(rig: Rig | undefined, failed: boolean): Promise<void> {
  for (const [number, person] of (rig?.people.splice(0) ?? []).entries()) {
    if (failed) {
      const picture = join(tmpdir(), `stack-${process.pid}-${number}.png`);
      await person.tab.screenshot({ path: picture }).catch(() => undefined);
      const says = await person.says().catch(() => "gone");
      process.stderr.write(`person ${number}: guard ${says}, ${picture}, ${JSON.stringify(person.wire.problems)}\n`);
    }
    await person.leave();
  }
}

type Count = { sealed: number; plain: number; firstSealed: number };
export type Frames = Partial<Record<`${"in" | "out"} ${"audio" | "video"}`, Count>>;

/** Everything that a page sends and gets besides media. */
function watched(tab: BrowserPage) {
  const requests: string[] = [];
  const stanzas: { sent: boolean; text: string }[] = [];
  const problems: string[] = [];
  tab.on("request", (request) => requests.push(request.url()));
  tab.on("requestfailed", (request) => problems.push(`${request.url()} ${request.failure()?.errorText}`));
  tab.on("response", (response) => {
    if (response.status() >= 400) problems.push(`${response.url()} ${response.status()}`);
  });
  tab.on("pageerror", (error) => problems.push(error.message));
  tab.on("websocket", (socket) => {
    requests.push(socket.url());
    if (!socket.url().includes("/xmpp-websocket")) return;
    socket.on("framesent", ({ payload }) => stanzas.push({ sent: true, text: String(payload) }));
    socket.on("framereceived", ({ payload }) => stanzas.push({ sent: false, text: String(payload) }));
  });
  return { requests, stanzas, problems };
}

/** A link for the next minutes. */
function link(rig: Rig, room: string, changes: Partial<Admission> = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const holder = `${changes.staff ? "staff" : "patient"}-${randomBytes(12).toString("hex")}`;
  const admission = { room, holder, staff: false, from: now - 60, until: now + 600, ...changes };
  return mintRoomToken(rig.prosody.signingKey, rig.params.practice.hosts, admission);
}

/** Who holds a link. */
export const holderOf = (token: string) =>
  (JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { sub: string }).sub;

/** Waits until a person's client says that it is in the room. */
export const inside = ({ isIn }: Person, what = "the person to be in the room") =>
  waitFor(isIn, { timeout: 60_000, what });

/** Somebody with a good link comes and goes in. */
export async function come(
  rig: Rig,
  room: string,
  { admission, ...coming }: Coming & { admission?: Partial<Admission> } = {},
) {
  const person = await arrive(rig, room, { token: await link(rig, room, admission), ...coming });
  await person.enter();
  return person;
}

/** Staff and a patient in a call, each seeing the other. */
export async function call(rig: Rig, room = newRoom(), admission: Partial<Admission> = {}) {
  const staff = await come(rig, room, { admission: { ...admission, staff: true } });
  await inside(staff, "staff to be in the room");
  const patient = await come(rig, room, { admission });
  await inside(patient, "the patient to be in the room");
  await seesClearly(staff);
  await seesClearly(patient);
  return { room, staff, patient };
}
