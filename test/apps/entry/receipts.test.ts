import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readKeys } from "../../../src/entry/keys.ts";
import { receiptsOf } from "../../../src/entry/receipts.ts";
import { openStore, type Store } from "../../../src/entry/store.ts";
import { waitFor } from "../../bed/wait.ts";
import { someParams } from "../../support/practice.ts";
import { startEntry } from "../support/entry.ts";
import { type Desk, deskOn, startDesk } from "../support/practice-desk.ts";

const params = someParams({ practice: { entry: { receiptDays: 30 } } });
const DAY = 86_400;
const now = () => Math.floor(Date.now() / 1000);
let desk: Desk;
let staff: { readonly cookie: string };
let store: Store;
beforeAll(async () => {
  desk = await startDesk(params);
  staff = await desk.signedIn(desk.therapist);
  const { port, entryPassword: password } = desk.matrix.database;
  store = openStore({ host: "127.0.0.1", port, user: "entry", database: "entry", password });
});
afterAll(async () => {
  await store?.end();
  await desk?.stop();
});

const asEntry = (sql: string) =>
  desk.matrix.database.query(sql, { user: "entry", name: "entry", password: desk.matrix.database.entryPassword });
const count = () => asEntry("select count(*) from receipts").then(Number);

/** What staff sees for a link. */
async function shown(link: string) {
  const answer = await desk.entry.post("/staff/receipts", { link, lang: "en" }, staff);
  const page = await answer.text();
  const files = [...page.matchAll(/data:application\/json;base64,([\w+/=]+)/g)].map(([, file = ""]) =>
    Buffer.from(file, "base64").toString(),
  );
  return { status: answer.status, page, files };
}

describe("receipts that a practice keeps", () => {
  it("are announced to the patient, kept when a seat is taken, and found again with either link", async () => {
    const { link, staffLink } = await desk.make(staff);
    const open = await (await desk.entry.post("/join", { link, lang: "en" })).text();
    expect(open).toContain("It keeps the receipt of your yes for 30 days");
    const before = await count();
    const ready = await desk.ready(link);
    expect(ready.page).toMatch(/30 (days|Tage)/);
    expect(await count()).toBe(before);
    expect((await desk.enter(link, ready)).status).toBe(303);
    expect((await desk.enter(link, ready)).status).toBe(303);
    expect(await count()).toBe(before + 1);
    for (const given of [link, staffLink, `https://go.greenriver.example/join?lang=en#${link} `]) {
      const { status, page, files } = await shown(given);
      expect(status).toBe(200);
      expect(page).toContain("One receipt");
      expect(files).toEqual([ready.receipt]);
    }
  });

  it("are found with their own link alone, and by staff alone", async () => {
    const [one, other] = [await desk.make(staff), await desk.make(staff)];
    await desk.enter(one.link);
    expect(await shown(other.link)).toMatchObject({ status: 200, files: [] });
    expect(await shown("x".repeat(60))).toMatchObject({ status: 404, files: [] });
    expect((await desk.entry.post("/staff/receipts", { link: one.link })).status).toBe(401);
    expect((await desk.entry.get("/staff/receipts", staff)).status).toBe(200);
  });

  it("say nothing to whoever reads the database, and no time finer than a day", async () => {
    const { link } = await desk.make(staff);
    const { receipt } = await desk.enter(link);
    const kept = await asEntry("select encode(place, 'hex'), seat, file, until from receipts");
    expect(kept).toContain(`|${Math.floor(now() / DAY) + 30}`);
    const rooms = await asEntry("select encode(room, 'hex') from rooms");
    const file = JSON.parse(receipt) as Record<string, string>;
    for (const text of [file["payload"], file["signature"], link, ...rooms.split("\n").map((room) => room.slice(4))]) {
      expect(text).toBeTruthy();
      expect(kept).not.toContain(text);
    }
  });

  it("cost no seat and let nobody in when they cannot be kept", async () => {
    const { link } = await desk.make(staff);
    const ready = await desk.ready(link);
    await asEntry("alter table receipts rename to elsewhere");
    try {
      expect((await desk.enter(link, ready)).status).toBe(503);
    } finally {
      await asEntry("drop table if exists receipts; alter table elsewhere rename to receipts");
    }
    expect((await desk.enter(link, ready)).status).toBe(303);
    expect((await shown(link)).files).toEqual([ready.receipt]);
  });

  it("are of several people where a link is for several", async () => {
    const wide = startEntry(
      params,
      { database: desk.matrix.database, matrix: desk.matrix },
      {},
      { maxParticipants: 5 },
    );
    const entry = await wide;
    const group = deskOn(entry);
    const session = await group.signedIn(desk.therapist);
    const { link } = await group.make(session, { people: "3" });
    const receipts = [(await group.enter(link)).receipt, (await group.enter(link)).receipt];
    const page = await (await entry.post("/staff/receipts", { link, lang: "en" }, session)).text();
    expect(page).toContain("2 receipts");
    for (const receipt of receipts) expect(page).toContain(Buffer.from(receipt).toString("base64"));
    await entry.stop();
  });
});

describe("their retention", () => {
  it("removes them the day after their last one, and shortens what was kept for longer", async () => {
    await asEntry("delete from receipts");
    const keys = readKeys(desk.entry.options.keys);
    const kept = async (room: number, days: number, at: number) => {
      const link = { key: 1, role: "patient", room: Buffer.alloc(16, room), starts: 1, minutes: 1, people: 1 } as const;
      const receipts = receiptsOf({ keys, store, days, now: () => at });
      await store.take(Buffer.alloc(34, room), Buffer.alloc(32), 1, 1, await receipts.sealed(link, "a receipt"));
      return () => receipts.of(link).then(({ length }) => length);
    };
    const today = 20_000;
    const old = await kept(1, 30, (today - 31) * DAY);
    const last = await kept(2, 30, (today - 30) * DAY);
    const long = await kept(3, 365, today * DAY);
    await store.forgetReceipts(today, today + 365);
    expect([await old(), await last(), await long()]).toEqual([0, 1, 1]);
    await store.forgetReceipts(today + 1, today + 1 + 30);
    await store.forgetReceipts(today + 31, today + 31 + 30);
    expect([await last(), await long()]).toEqual([0, 1]);
    await store.forgetReceipts(today + 32, today + 32 + 30);
    expect(await long()).toBe(0);
  });

  it("ends at once when the practice keeps none any more, and no page tells of it", async () => {
    await desk.enter((await desk.make(staff)).link);
    expect(await count()).toBeGreaterThan(0);
    const entry = await startEntry(someParams(), { database: desk.matrix.database, matrix: desk.matrix });
    await waitFor(async () => (await count()) === 0, { what: "the receipts to be gone" });
    const without = deskOn(entry);
    const session = await without.signedIn(desk.therapist);
    await without.enter((await without.make(session)).link);
    expect(await count()).toBe(0);
    expect((await entry.get("/staff/receipts", session)).status).toBe(404);
    expect(await (await entry.get("/staff", session)).text()).not.toContain("/staff/receipts");
    await entry.stop();
  });
});
