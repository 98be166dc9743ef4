import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newRoom, signLink } from "../../../src/entry/capability.ts";
import { readKeys } from "../../../src/entry/keys.ts";
import { openStore, type Store } from "../../../src/entry/store.ts";
import { someParams } from "../../support/practice.ts";
import { type Entry, startEntry } from "../support/entry.ts";
import { type DatabaseServer, startDatabase } from "../support/messaging.ts";
import { deskOn } from "../support/practice-desk.ts";

const params = someParams();
const now = () => Math.floor(Date.now() / 1000);
const key = () => randomBytes(34);
let database: DatabaseServer;
let store: Store;
const open = () =>
  openStore({
    host: "127.0.0.1",
    port: database.port,
    user: "entry",
    database: "entry",
    password: database.entryPassword,
  });
beforeAll(async () => {
  database = await startDatabase(params);
  store = open();
});
afterAll(async () => {
  await store?.end();
  await database?.stop();
});

const asEntry = (sql: string) =>
  database.query(sql, { user: "entry", name: "entry", password: database.entryPassword });

describe("the database of the entry page", () => {
  it("is its own: the role reads no message, and nobody else reads it", async () => {
    const login = { user: "entry", name: "synapse", password: database.entryPassword };
    await expect(database.query("select 1", login)).rejects.toThrow(/no pg_hba.conf entry|permission denied/);
    for (const [user, password] of [
      ["synapse", database.password],
      ["pruner", database.prunerPassword],
    ] as const) {
      await expect(database.query("select 1", { user, name: "entry", password })).rejects.toThrow(
        /no pg_hba.conf entry/,
      );
    }
    await expect(asEntry("create database other")).rejects.toThrow(/permission denied/);
    await expect(asEntry("create role other")).rejects.toThrow(/permission denied/);
  });

  it("appears on a cluster that was made before there was one, and once", async () => {
    const former = await startDatabase(params, (file, text) =>
      file === "make-database.sh" ? text.slice(0, text.indexOf("# Apart")) : text,
    );
    try {
      await expect(
        former.query("select 1", { user: "entry", name: "entry", password: former.entryPassword }),
      ).rejects.toThrow(/password authentication failed/);
      await former.query("create table message(a int)");
      await former.upgrade();
      expect(await former.query("select 1", { user: "entry", name: "entry", password: former.entryPassword })).toBe(
        "1",
      );
      expect(await former.query("select count(*) from message")).toBe("0");
      await former.upgrade();
      expect(await former.query("select count(*) from pg_database where datname = 'entry'")).toBe("1");
    } finally {
      await former.stop();
    }
  });
});

describe("seats", () => {
  it("are won by exactly one of a thousand at once, and by as many as there are", async () => {
    for (const seats of [1, 3]) {
      const room = key();
      const tries = await Promise.all(Array.from({ length: 1000 }, () => store.take(room, key(), seats, now() + 60)));
      const won = tries.filter((result) => typeof result === "number");
      expect(won.toSorted((one, other) => one - other)).toEqual(Array.from({ length: seats }, (_, index) => index + 1));
      expect(tries.filter((result) => result === "taken")).toHaveLength(1000 - seats);
    }
  });

  it("are won by one of two programs", async () => {
    const other = open();
    const room = key();
    const both = [store, other].flatMap((one) =>
      Array.from({ length: 50 }, () => one.take(room, key(), 1, now() + 60)),
    );
    expect((await Promise.all(both)).filter((result) => result === 1)).toHaveLength(1);
    await other.end();
  });

  it("belong to their device, until they are taken back", async () => {
    const [room, device] = [key(), key()];
    expect(await store.take(room, device, 1, now() + 60)).toBe(1);
    expect(await store.take(room, device, 1, now() + 60)).toBe(1);
    expect(await store.look(room, device)).toEqual({ seats: 1, seat: 1 });
    expect(await store.close(room, "revoked", now() + 60)).toBe(1);
    expect(await store.take(room, device, 1, now() + 60)).toBe("revoked");
    expect((await store.closed(now())).some((closed) => closed.room.equals(room) && closed.seats === 1)).toBe(true);
  });

  it("are refused in a room that was closed before anybody came", async () => {
    const room = key();
    expect(await store.close(room, "ended", now() + 60)).toBe(0);
    expect(await store.take(room, key(), 1, now() + 60)).toBe("ended");
  });

  it("are forgotten with their time", async () => {
    const room = key();
    await store.take(room, key(), 1, now() - 1);
    await store.openWindow(room, now() - 10, now() - 1);
    await store.forget(now());
    expect(await store.look(room)).toEqual({ seats: 0 });
    expect(await asEntry("select count(*) from windows")).toBe("0");
    expect(await asEntry(`select count(*) from rooms where until <= ${now()}`)).toBe("0");
  });
});

describe("a window", () => {
  it("has one end for everybody, and another one when it is over or does not count", async () => {
    const conversation = key();
    const ends = await Promise.all(
      Array.from({ length: 20 }, (_, index) => store.openWindow(conversation, 100, 200 + index)),
    );
    expect(new Set(ends).size).toBe(1);
    expect(await store.window(conversation, 199)).toBe(ends[0]);
    expect(await store.openWindow(conversation, 150, 900, ends[0])).toBe(900);
    expect(await store.openWindow(conversation, 950, 1000)).toBe(1000);
    expect(await store.window(conversation, 1000)).toBeUndefined();
  });
});

describe("what the database keeps", () => {
  it("tells no room, link, device or person", async () => {
    const entry = await startEntry(params, { database });
    const desk = deskOn(entry);
    const keys = readKeys(entry.options.keys);
    const room = newRoom();
    const link = signLink(keys.current, { role: "patient", room, starts: now(), minutes: 50, people: 1 });
    const { status, cookie } = await desk.enter(link);
    expect(status).toBe(303);
    const kept = await asEntry("select encode(room, 'hex'), seats::text, until from rooms");
    expect(kept).toMatch(/[0-9a-f]{68}/);
    for (const secret of [room, Buffer.from(cookie.split("=")[1] ?? "", "base64url"), Buffer.from(link, "base64url")]) {
      expect(kept).not.toContain(secret.toString("hex"));
    }
    await entry.stop();
  });
});

describe("without an answer of the database", () => {
  let entry: Entry;
  beforeAll(async () => (entry = await startEntry(params, { database })));
  afterAll(() => entry?.stop());

  it("nobody is let in, no use is lost, and everything goes on when it is back", async () => {
    const desk = deskOn(entry);
    const keys = readKeys(entry.options.keys);
    const link = signLink(keys.current, { role: "patient", room: newRoom(), starts: now(), minutes: 50, people: 1 });
    const ready = await desk.ready(link);
    await database.pause();
    for (const [path, form] of [
      ["/join", { link }],
      ["/enter", { link, receipt: ready.receipt }],
    ] as const) {
      const answer = await entry.post(path, form, { cookie: ready.cookie });
      expect(answer.status).toBe(503);
      expect(answer.headers.get("location")).toBeNull();
      expect(await answer.text()).not.toMatch(/jwt|room_token/);
    }
    expect((await entry.get("/")).status).toBe(200);
    await database.resume();
    expect((await desk.enter(link, ready)).status).toBe(303);
    // The answer that was cut off took no second seat: it is the same device.
    expect((await desk.enter(link, ready)).status).toBe(303);
    expect((await entry.post("/join", { link })).status).toBe(409);
  });
});
