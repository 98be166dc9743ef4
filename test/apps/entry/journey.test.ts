import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { someParams } from "../../support/practice.ts";
import { IN_THE_ROOM, REMOVED } from "../support/calls.ts";
import { type House, startHouse } from "../support/house.ts";
import { closeCalm, openPage } from "./support.ts";

// A whole appointment on real programs, as its people click it. Only the video app is a stub; scripted clients join
// the real Prosody with the tokens that the browsers were sent on with.

let house: House;
const opened: Awaited<ReturnType<typeof openPage>>[] = [];
beforeAll(async () => (house = await startHouse(someParams())));
afterAll(() => house?.stop());

const on = (host: "entry" | "meet", path = "") => `https://${house.hosts[host]}${path}`;
async function expectHeading(page: Page, text: string): Promise<void> {
  await expect.poll(() => page.locator("h1").textContent(), { timeout: 10_000 }).toBe(text);
}
const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();

/** A browser of somebody's own, which may ask the entry host and the meet host and nobody else. */
async function browserAt(path: string): Promise<Page> {
  const one = await openPage(house.browser, on("entry", path), {}, [on("entry"), on("meet")]);
  opened.push(one);
  return one.page;
}

/** Signs in with the account of the chat. */
async function atTheDesk(): Promise<Page> {
  const { id, password } = house.people.therapist;
  const page = await browserAt("/staff");
  await page.getByLabel("Name").fill(id);
  await page.getByLabel("Kennwort").fill(password);
  await press(page, "Anmelden");
  await expectHeading(page, "Termine");
  return page;
}

/** Makes a link whose time has come; what is sent to the guest. */
async function madeLink(desk: Page): Promise<string> {
  const step = 300_000;
  const [date = "", time = ""] = new Date(Math.floor(Date.now() / step) * step).toISOString().split(/[T.]/);
  await desk.getByLabel("Tag").fill(date);
  await desk.getByLabel("Beginn").fill(time.slice(0, 5));
  await press(desk, "Link machen");
  const address = await desk.locator("#address").inputValue();
  await desk.locator("[data-keep]:visible").waitFor();
  await desk.goto(on("entry", "/staff"));
  return address;
}

/** Goes through consent as a guest does; the browser then stands before the room. */
async function ready(link: string): Promise<Page> {
  expect(link).toMatch(/^https:\/\/go\.greenriver\.example\/join(\?lang=de)?#[A-Za-z0-9_-]{60}$/);
  const page = await browserAt(link.slice(on("entry").length));
  await expectHeading(page, "Ihr Termin ist offen");
  expect(await page.evaluate("location.href")).toBe(on("entry", "/join"));
  await page.getByText("Passt Ihr Gerät?").waitFor();
  await page.getByLabel("Ich habe den Text gelesen und stimme zu.").check();
  await press(page, "Zustimmen und weiter");
  await expectHeading(page, "Alles bereit");
  const receipt = page.waitForEvent("download");
  await page.getByRole("link", { name: "Beleg sichern" }).click();
  expect((await receipt).suggestedFilename()).toMatch(/\.json$/);
  return page;
}

/** Where a browser ends that was sent on into a room. */
async function inside(page: Page) {
  await page.waitForURL(/^https:\/\/meet\.greenriver\.example\/[a-z2-7]{26}#jwt=%22[\w-]+\.[\w-]+\.[\w-]+%22$/);
  const to = page.url();
  const [, room = "", claims = ""] = /example\/([a-z2-7]+)#jwt=%22[^.]+\.([^.]+)\./.exec(to) ?? [];
  return { to, room, claims: JSON.parse(Buffer.from(claims, "base64url").toString()) as object };
}

async function enterAsGuest(link: string) {
  const page = await ready(link);
  await press(page, "Eintreten");
  return inside(page);
}

const role = (moderator: boolean) => ({ context: { user: { moderator } } });

describe("an appointment", () => {
  it("goes from the sign-in over a link to both in one room, and ends when staff takes the link back", async () => {
    const desk = await atTheDesk();
    const link = await madeLink(desk);
    const guest = await enterAsGuest(link);
    expect(guest.claims).toMatchObject(role(false));

    const patient = await house.knock(guest.to);
    await desk.locator(".waiting li").waitFor({ timeout: 20_000 });
    expect(patient.received()).not.toMatch(IN_THE_ROOM);
    await desk.locator("[data-made-near]").getByRole("button", { name: "Eintreten" }).click();
    const staff = await inside(desk);
    expect(staff).toMatchObject({ room: guest.room, claims: role(true) });
    const therapist = await house.knock(staff.to);
    await therapist.expect(IN_THE_ROOM);
    await patient.expect(IN_THE_ROOM);
    await patient.expect(
      /affiliation=['"]owner['"][^>]*role=['"]moderator['"]|role=['"]moderator['"][^>]*affiliation=['"]owner['"]/,
    );
    await therapist.expect(/role=['"]participant['"]/);

    const other = await atTheDesk();
    const stranger = await enterAsGuest(await madeLink(other));
    expect(stranger.room).not.toBe(guest.room);
    const intruder = await house.knock(stranger.to.replace(stranger.room, guest.room));
    await intruder.expect(/<presence[^>]*type=['"]error['"]/);
    expect(intruder.received()).not.toMatch(IN_THE_ROOM);

    await desk.goto(on("entry", "/staff"));
    await desk.locator("[data-made-near] [data-waiting]:not(:empty)").waitFor(); // it moves what is below it
    await desk.locator("[data-made-near] summary").click();
    await desk.locator("[data-made-near]").getByRole("button", { name: "Link zurücknehmen" }).click();
    await desk.locator("[data-done=revoked]").waitFor();
    await patient.expect(new RegExp(`${REMOVED.source}|<stream:error`), 0, 5_000);
    expect(therapist.isOver()).toBe(false);
    const late = await browserAt(link.slice(on("entry").length));
    await expectHeading(late, "Dieser Link gilt nicht mehr");
    await closeCalm(opened);
  });
});
