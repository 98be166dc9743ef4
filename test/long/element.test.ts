import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Page } from "playwright-core";
import { type Chat, entered, ROOM, startChat } from "../apps/support/chat.ts";
import { type Account } from "../apps/support/messaging.ts";
import { conferenceOf, newRoom, type People, set, startPeople, WIDGET } from "../apps/support/rooms.ts";
import { waitFor } from "../bed/wait.ts";
import { someParams } from "../support/practice.ts";

/**
 * Element itself, from the folder that ELEMENT_WEB names, on the rendered files and a real homeserver. Behind the call
 * are the stand-ins for the app and the exchange.
 */
const folder = process.env["ELEMENT_WEB"] ?? "";
const HOSTS = ["chat.greenriver.example", "matrix.greenriver.example", "meet.greenriver.example"];
const params = someParams({ practice: { locale: "en" } });

let matrix: People;
let chat: Chat;
let room: string;
const violations: string[] = [];
const asked = new Set<string>();

beforeAll(async () => {
  // Without Element this fails: what did not run has not passed.
  if (!existsSync(join(folder, "jitsi.html"))) {
    throw new Error(
      "Element itself did not run. Please set ELEMENT_WEB to the folder that its image serves, as an absolute path.",
    );
  }
  console.log(`Element ${readFileSync(join(folder, "version"), "utf8").trim()}`);
  matrix = await startPeople(params);
  room = await newRoom(matrix.therapist, matrix.patient);
  await set(matrix.therapist, room, "m.room.name", { name: "Tuesday" });
  chat = await startChat({ params, elementRoot: folder, synapsePort: matrix.ports.client });
});
afterAll(async () => {
  await chat?.stop();
  await matrix?.stop();
});

async function signIn(name: string, { password }: Account): Promise<Page> {
  const page = await chat.page(`https://${chat.hosts.chat}/`);
  page.on("console", (message) => {
    if (/content security policy/i.test(message.text())) violations.push(message.text());
  });
  page.context().on("request", (request) => asked.add(new URL(request.url()).host));
  await page.fill("#mx_LoginForm_username", name, { timeout: 60_000 });
  await page.fill("#mx_LoginForm_password", password);
  await page.keyboard.press("Enter");
  return page;
}

const open = (page: Page) => page.getByText("Tuesday").first().click({ timeout: 60_000 });
/** Notices lie over what is clicked. */
const calm = (page: Page) => page.addStyleTag({ content: ".mx_ToastContainer { display: none; }" });
const shows = (page: Page, text: string) => page.getByText(text).first().waitFor({ timeout: 30_000 });

async function write(page: Page, text: string): Promise<void> {
  await page.click("[contenteditable=true]");
  await page.keyboard.type(text);
  await page.keyboard.press("Enter");
}

const emoji = (page: Page) =>
  waitFor(
    async () => {
      const found = await page.locator(".mx_VerificationShowSas_emojiSas_label").allInnerTexts();
      return found.length === 7 && found;
    },
    { what: "seven emoji" },
  );

it("signs in, forces the verification of a second device, writes and calls, and asks nobody but the practice", async () => {
  const therapist = await signIn("ada", matrix.therapist);
  const patient = await signIn("cleo", matrix.patient);
  await shows(patient, "Tuesday");

  // A second device sees nothing before the first one has confirmed it.
  const second = await signIn("cleo", matrix.patient);
  await second.getByText("Use another device").click({ timeout: 60_000 });
  expect(await second.getByText("Tuesday").count()).toBe(0);
  await patient.getByText("Start Verification").click({ timeout: 30_000 });
  await second.getByRole("button", { name: "Start", exact: true }).click({ timeout: 30_000 });
  expect(await emoji(second)).toEqual(await emoji(patient));
  for (const page of [second, patient]) await page.getByText("They match", { exact: true }).click();
  await patient.getByText("Got it", { exact: true }).click({ timeout: 30_000 });
  await second.getByText("Got it", { exact: true }).click({ timeout: 30_000 });
  // The keys come a moment later. Element may have looked before, and then stays where it is until it is loaded anew.
  const ready = "mxMatrixClientPeg.get().getCrypto().isCrossSigningReady()";
  await waitFor(() => second.evaluate<boolean>(ready), { what: "the keys on the second device" });
  await second.reload();
  await shows(second, "Tuesday");

  for (const page of [therapist, patient, second]) {
    await calm(page);
    await open(page);
  }
  await write(therapist, "How was your week?");
  for (const page of [patient, second]) await shows(page, "How was your week?");
  await write(patient, "Better.");
  for (const page of [therapist, second]) await shows(page, "Better.");

  await therapist.getByRole("button", { name: "Video call" }).click();
  for (const page of [therapist, patient]) {
    await page.getByRole("button", { name: "Continue", exact: true }).click({ timeout: 30_000 });
    const frame = await waitFor(() => page.frames().find((one) => one.url().includes(`/${ROOM}#`)), {
      what: "the meeting page",
    });
    await entered(frame);
    await frame.evaluate("stub.join()");
    await frame.evaluate(`stub.meet("you")`);
    await waitFor(async () => (await frame.evaluate("document.documentElement.dataset.practiceGuard")) === "open", {
      what: "sound and picture",
    });
  }
  const exchanges = chat.asked().map(({ body }) => JSON.parse(body) as { openid: string; room: string });
  expect(exchanges.map((exchange) => exchange.room)).toEqual([decodeURIComponent(room), decodeURIComponent(room)]);
  expect(new Set(exchanges.map(({ openid }) => openid)).size).toBe(2);
  const state = await matrix.therapist.call("GET", `/_matrix/client/v3/rooms/${room}/state`);
  const widgets = (state.body as unknown as { type: string; content: object }[]).filter(({ type }) => type === WIDGET);
  expect(widgets).toHaveLength(1);
  expect(widgets[0]?.content).toMatchObject({ data: { conferenceId: conferenceOf(decodeURIComponent(room)) } });

  expect(violations).toEqual([]);
  expect([...asked].filter(Boolean).toSorted()).toEqual(HOSTS);
});
