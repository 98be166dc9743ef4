import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { someParams } from "../../support/practice.ts";
import { newRoom, signLink } from "../../../src/entry/capability.ts";
import { type Keys, readKeys } from "../../../src/entry/keys.ts";
import { IN_THE_ROOM, nickOf, REMOVED, STAFF } from "../support/calls.ts";
import { startEntry } from "../support/entry.ts";
import { seconds } from "../support/signalling.ts";
import { encryption, presence } from "../support/xmpp.ts";
import { type Desk, deskOn, startDesk } from "../support/practice-desk.ts";

// Real Synapse, PostgreSQL and Prosody on the rendered files; the entry page is told what its Deployment says.

const { video } = someParams().practice;
const params = someParams({ practice: { video: { ...video, maxParticipants: 4 } } });
let late = 0;
let desk: Desk;
let staff: { cookie: string };
beforeAll(async () => {
  desk = await startDesk(params, {
    seams: { now: () => Math.floor(Date.now() / 1000) + late, watchEveryMs: 200 },
  });
  staff = await desk.signedIn(desk.therapist);
});
afterAll(() => desk?.stop());

const post = (path: string, form: Record<string, string>, who = { cookie: "" }) => desk.entry.post(path, form, who);
const inFuture = async <T>(seconds: number, act: () => Promise<T>): Promise<T> => {
  late = seconds;
  try {
    return await act();
  } finally {
    late = 0;
  }
};

describe("a therapist and a patient", () => {
  it("meet in the room of a link, each with their own role", async () => {
    const { link, staffLink } = await desk.make(staff);
    const patient = await desk.enter(link);
    expect(patient.status).toBe(303);
    const patientClient = await desk.knock(patient.to);
    const enter = await desk.enterAsStaff(staffLink, staff);
    expect(enter.status).toBe(303);
    const staffClient = await desk.knock(enter.to);
    await staffClient.expect(IN_THE_ROOM);
    await patientClient.expect(IN_THE_ROOM);
    await patientClient.expect(/role=['"]moderator['"]/);
    await staffClient.expect(/role=['"]participant['"]/);
  });

  it("see each other at the desk: who waits is told, and let in before staff is there", async () => {
    const { link, staffLink } = await desk.make(staff);
    const patient = await desk.knock((await desk.enter(link)).to);
    const waiting = await expect
      .poll(async () => (await post("/staff/waiting", { link: staffLink }, staff)).json())
      .toMatchObject({ waiting: [{ since: expect.any(Number) as number }] })
      .then(async () => (await post("/staff/waiting", { link: staffLink }, staff)).json());
    const [{ holder }] = (waiting as { waiting: [{ holder: string }] }).waiting;
    expect((await post("/staff/admit", { link: staffLink, holder }, staff)).status).toBe(200);
    await patient.expect(IN_THE_ROOM);
  });
});

describe("a link for one", () => {
  it("lets the same device in again, and no other one", async () => {
    const { link } = await desk.make(staff);
    const first = await desk.enter(link);
    expect(first.status).toBe(303);
    // After a dropped connection, from the beginning.
    const again = await desk.enter(link, await desk.ready(link, first.cookie));
    expect(again.status).toBe(303);
    expect(subject(again.to)).toBe(subject(first.to));
    expect((await post("/join", { link })).status).toBe(409);
    expect((await post("/enter", { link, receipt: first.receipt })).status).toBe(409);
  });

  it("lets a second patient's link into no other room", async () => {
    const [one, other] = [await desk.make(staff), await desk.make(staff)];
    const entered = await desk.enter(one.link);
    await desk.enterAsStaff(one.staffLink, staff);
    const eve = await desk.enter(other.link);
    expect(roomOf(eve.to)).not.toBe(roomOf(entered.to));
    const moved = eve.to.replace(roomOf(eve.to), roomOf(entered.to));
    const client = await desk.knock(moved);
    await client.expect(/<presence[^>]*type=['"]error['"]/);
  });
});

describe("a link for a group", () => {
  it("lets in as many as it says, each as somebody else", async () => {
    const { link } = await desk.make(staff, { people: "3" });
    const entered = [await desk.enter(link), await desk.enter(link), await desk.enter(link)];
    expect(entered.map(({ status }) => status)).toEqual([303, 303, 303]);
    expect(new Set(entered.map(({ to }) => subject(to))).size).toBe(3);
    const full = await post("/join", { link });
    expect(full.status).toBe(409);
  });

  it("offers words by which the desk tells who waits, and takes nothing else for one", async () => {
    const { link, staffLink } = await desk.make(staff, { people: "3" });
    const wait = async (word: string) => desk.knock((await desk.enter(link, { ...(await desk.ready(link)), word })).to);
    for (const word of ["7", "Anna <b>", ""]) await wait(word);
    const told = async (lang: string) => {
      const answer = await post("/staff/waiting", { link: staffLink, lang }, staff);
      const { waiting } = (await answer.json()) as { waiting: { word?: string }[] };
      return waiting.map(({ word = "" }) => word).toSorted((one, other) => other.localeCompare(one));
    };
    await expect.poll(() => told("en")).toEqual(["Moon", "", ""]);
    expect(await told("de")).toEqual(["Mond", "", ""]);
    const rows = await desk.matrix.database.query("select * from rooms", {
      user: "entry",
      name: "entry",
      password: desk.matrix.database.entryPassword,
    });
    expect(rows).not.toMatch(/Moon|Mond|Anna/);
  });

  it("offers none where one person has the link", async () => {
    const solo = await desk.make(staff);
    const group = await desk.make(staff, { people: "2" });
    expect((await desk.ready(group.link)).page).toContain('name="word"');
    expect((await desk.ready(solo.link)).page).not.toContain('name="word"');
    const entered = await desk.enter(solo.link, { ...(await desk.ready(solo.link)), word: "7" });
    expect(JSON.stringify(claimsOf(entered.to))).not.toContain("word");
  });
});

describe("what is taken back", () => {
  it("reaches a patient who waits, one who is in, and one who has not come yet", async () => {
    const { link, staffLink } = await desk.make(staff, { people: "2" });
    const one = await desk.enter(link);
    const patient = await desk.knock(one.to);
    const therapist = await desk.knock((await desk.enterAsStaff(staffLink, staff)).to);
    await patient.expect(IN_THE_ROOM);
    const other = await desk.enter(link);
    expect((await post("/staff/revoke", { link: staffLink }, staff)).status).toBe(200);
    await patient.expect(/<stream:error|code=['"]307/);
    await expect(desk.knock(other.to)).rejects.toThrow(/not-authorized/);
    expect((await desk.enter(link, one)).status).toBe(410);
    expect((await post("/join", { link })).status).toBe(410);
    expect(therapist.isOver()).toBe(false);
  });

  it("ends a call for all", async () => {
    const { link, staffLink } = await desk.make(staff);
    const one = await desk.enter(link);
    const patient = await desk.knock(one.to);
    const therapist = await desk.knock((await desk.enterAsStaff(staffLink, staff)).to);
    await patient.expect(IN_THE_ROOM);
    expect((await post("/staff/end", { link: staffLink }, staff)).status).toBe(200);
    await patient.expect(new RegExp(`${REMOVED.source}|<stream:error`), 0, 5_000);
    await therapist.expect(new RegExp(`${REMOVED.source}|<stream:error`), 0, 5_000);
    expect((await desk.enter(link, one)).status).toBe(410);
  });
});

describe("a call that staff made longer", () => {
  /** Seconds until the slot ends: a few people enter before. */
  const BRIEF = 15;
  const ending = (keys: Keys) => {
    const content = { room: newRoom(), minutes: 1, people: 1, starts: seconds() - 60 + BRIEF };
    return (["patient", "staff"] as const).map((role) => signLink(keys.current, { ...content, role }));
  };
  const closing = { sessions: { earlyMinutes: 10, graceMinutes: 0 } };

  it("lets its people in again after the end of the slot, and nobody into another one", async () => {
    const entry = await startEntry(params, { database: desk.matrix.database, signalling: desk.calls }, {}, closing);
    const brief = deskOn(entry, desk.calls);
    const keys = readKeys(entry.options.keys);
    const [link = "", ...others] = ending(keys);
    const [overLink = ""] = ending(keys);
    const first = await brief.enter(link);
    const over = await brief.enter(overLink);
    const staffed = desk.calls.token(roomOf(first.to), { ...STAFF, exp: seconds() + BRIEF });
    const therapist = await desk.knock(`https://meet.x/${roomOf(first.to)}#jwt=%22${staffed}%22`);
    await therapist.expect(IN_THE_ROOM);
    const wish = `<jitsi_participant_practice_extend>${seconds() + 900}</jitsi_participant_practice_extend>`;
    therapist.send(presence(`${therapist.room.jid}/${nickOf(therapist)}`, encryption() + wish));
    await expect
      .poll(async () => (await brief.enter(overLink, over)).status, { timeout: 40_000, interval: 700 })
      .toBe(410);
    const again = await brief.enter(link, first);
    expect(again.status).toBe(303);
    await (await desk.knock(again.to)).expect(IN_THE_ROOM);
    expect(others).toHaveLength(1);
    await entry.stop();
  });
});

describe("a Prosody that starts anew", () => {
  it("is told again what was taken back, without anybody asking", async () => {
    const { link, staffLink } = await desk.make(staff);
    const one = await desk.enter(link);
    expect((await post("/staff/revoke", { link: staffLink }, staff)).status).toBe(200);
    await desk.calls.restart();
    const login = () => desk.calls.withToken(/%22(.*)%22/.exec(one.to)?.[1]).then(() => "in", String);
    await expect.poll(login, { timeout: 10_000, interval: 500 }).toContain("not-authorized");
  });
});

describe("refusals", () => {
  it("have a page, a sentence and a status of their own", async () => {
    const { link, staffLink } = await desk.make(staff);
    const said: [number, string][] = [];
    for (const wrong of ["", "x", link.slice(0, -1) + (link.endsWith("A") ? "B" : "A"), staffLink]) {
      const answer = await post("/join", { link: wrong });
      said.push([answer.status, /<h1>(.*?)<\/h1>/.exec(await answer.text())?.[1] ?? ""]);
    }
    expect(said.map(([status]) => status)).toEqual([404, 404, 404, 404]);
    expect(new Set(said.map(([, title]) => title)).size).toBe(1);
    expect((await inFuture(3600 + 15 * 60, () => post("/join", { link }))).status).toBe(410);
    // In the time after the slot it still lets in.
    expect((await inFuture(55 * 60, () => post("/join", { link }))).status).toBe(200);
    const early = await post("/join", { link: (await desk.make(staff, { date: dayAfterTomorrow() })).link });
    expect(early.status).toBe(200);
    expect(await early.text()).toContain("data-countdown");
  });

  it("put nothing that was sent into a header", async () => {
    const { link, staffLink } = await desk.make(staff);
    const planted = "de\r\nX-Planted: 1\r\nSet-Cookie: planted=1";
    const fields = ["lang", "link", "consent", "receipt", "word", "holder", "user", "password", "date", "locale"];
    const form = Object.fromEntries(fields.map((field) => [field, planted]));
    const { receipt, cookie } = await desk.ready(link);
    const answers = [
      await post("/enter", { ...form, link, receipt }, { cookie }),
      await post("/staff/enter", { ...form, link: staffLink }, staff),
      await post("/staff/sign-in", { ...form, user: desk.therapist.id, password: desk.therapist.password }),
      await post("/staff/links", form, staff),
      await post("/join", form),
      await desk.entry.get(`/staff?${new URLSearchParams(form).toString()}`, { "accept-language": "de" }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([303, 303, 303, 400, 404, 200]);
    for (const { headers } of answers) expect(JSON.stringify([...headers])).not.toMatch(/planted/i);
  });

  it("answers a text that changed meanwhile with the text of today", async () => {
    const { link } = await desk.make(staff);
    for (const [path, form] of [
      ["/consent", { link, consent: "0".repeat(64) }],
      ["/enter", { link, receipt: "{}" }],
    ] as const) {
      const answer = await post(path, form);
      expect(answer.status).toBe(409);
      expect(await answer.text()).toContain('name="consent"');
    }
  });

  it("lets nobody in early, whatever was agreed to", async () => {
    const { link } = await desk.make(staff, { date: dayAfterTomorrow() });
    const { receipt } = await inFuture(2 * 86_400, () => desk.ready(link));
    expect((await post("/enter", { link, receipt })).status).toBe(200);
  });
});

/** Not tomorrow: one minute before midnight that is now. */
function dayAfterTomorrow(): string {
  return new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10);
}

function roomOf(address: string): string {
  return /example\/([a-z2-7]{26})#/.exec(address)?.[1] ?? "";
}

function claimsOf(address: string): { readonly sub: unknown } {
  const [, claims = ""] = /#jwt=%22[^.]*\.([^.]*)\./.exec(address) ?? [];
  return JSON.parse(Buffer.from(claims, "base64url").toString()) as { sub: unknown };
}

function subject(address: string): unknown {
  return claimsOf(address).sub;
}
