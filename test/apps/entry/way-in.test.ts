import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { someParams } from "../../support/practice.ts";
import { type Calls, IN_THE_ROOM, nickOf, startCalls } from "../support/calls.ts";
import { cookiesOf, type Entry, fieldOf, startEntry } from "../support/entry.ts";
import { type Account, type Messaging, startMessaging } from "../support/messaging.ts";
import { encryption, presence } from "../support/xmpp.ts";

const params = someParams();
let calls: Calls;
let matrix: Messaging;
let entry: Entry;
let therapist: Account;
beforeAll(async () => {
  [calls, matrix] = await Promise.all([startCalls(params), startMessaging(params)]);
  entry = await startEntry(params, { database: matrix.database, signalling: calls, matrix });
  therapist = await matrix.register("ada", "therapist");
});
afterAll(async () => {
  await entry?.stop();
  await Promise.all([calls?.stop(), matrix?.stop()]);
});

const signedIn = async (account: Account) => {
  const answer = await entry.post("/staff/sign-in", { user: account.id, password: account.password });
  expect(answer.status, await answer.text()).toBe(303);
  return { cookie: cookiesOf(answer) };
};

const soon = () => {
  const at = new Date(Date.now() + 60_000).toISOString();
  return { date: at.slice(0, 10), time: at.slice(11, 16) };
};

/** What staff gets: the patients' link and their own. */
const made = async (staff: { cookie: string }, order: Readonly<Record<string, string>> = {}) => {
  const answer = await entry.post(
    "/staff/links",
    { ...soon(), minutes: "50", people: "1", locale: "de", ...order },
    staff,
  );
  const page = await answer.text();
  expect(answer.status, page).toBe(201);
  return {
    link: /\/join(?:\?lang=..)?#([A-Za-z0-9_-]{60})/.exec(page)?.[1] ?? "",
    staffLink: fieldOf(page, "data-keep"),
  };
};

/** A patient's device up to the room: where it is sent, and its cookie. */
const entered = async (link: string, cookie = "") => {
  const opened = await entry.post("/join", { link }, { cookie });
  const open = await opened.text();
  expect(opened.status, `${entry.log()}${link}`).toBe(200);
  const consented = await entry.post("/consent", { link, consent: fieldOf(open, "consent") }, { cookie });
  const ready = await consented.text();
  const device = cookiesOf(consented);
  const answer = await entry.post("/enter", { link, receipt: fieldOf(ready, "receipt") }, { cookie: device });
  return { answer, cookie: device, to: answer.headers.get("location") ?? "" };
};

/** Joins the XMPP room of an address as the stock client does. */
const joins = async (address: string) => {
  const [, room = "", token] =
    /^https:\/\/meet\.greenriver\.example\/([a-z2-7]{26})#jwt=%22(.*)%22$/.exec(address) ?? [];
  const client = await calls.withToken(token);
  const which = { name: room, jid: `${room}@${calls.xmpp.muc}` };
  await calls.open(which);
  client.send(presence(`${which.jid}/${nickOf(client)}`, encryption(), { join: true }));
  return client;
};

describe("a therapist and a patient", () => {
  it("meet in the room of a link, each with their own role", async () => {
    const staff = await signedIn(therapist);
    const { link, staffLink } = await made(staff);
    const patient = await entered(link);
    expect(patient.answer.status).toBe(303);
    const patientClient = await joins(patient.to);
    const enter = await entry.post("/staff/enter", { link: staffLink }, staff);
    expect(enter.status).toBe(303);
    const staffClient = await joins(enter.headers.get("location") ?? "");
    await staffClient.expect(IN_THE_ROOM);
    await patientClient.expect(IN_THE_ROOM);
    await patientClient.expect(/role=['"]moderator['"]/);
    await staffClient.expect(/role=['"]participant['"]/);
  });
});
