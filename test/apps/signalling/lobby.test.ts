import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { someParams } from "../../support/practice.ts";
import { type Calls, IN_THE_ROOM, nickOf, refusal, STAFF, startCalls } from "../support/calls.ts";
import { encryption, presence } from "../support/xmpp.ts";

let calls: Calls;
beforeAll(async () => (calls = await startCalls(someParams())));
afterAll(() => calls?.stop());

const waiting = async (room: string) =>
  ((await calls.ask({ act: "waiting", room })) as { waiting: { sub: string; since: number }[] }).waiting;

/** Everything that Prosody has to say to a client by now. */
const settle = async (client: {
  send: (text: string) => void;
  expect: (pattern: RegExp, from?: number) => unknown;
  received: () => string;
}) => {
  const from = client.received().length;
  client.send(`<iq xmlns="jabber:client" type="get" id="settle${from}"><ping xmlns="urn:xmpp:ping"/></iq>`);
  await client.expect(new RegExp(`settle${from}`), from);
};

describe("a patient before staff is there", () => {
  it("waits unseen, is listed, and comes in with staff", async () => {
    const room = await calls.open(calls.room());
    const sub = "w".repeat(22);
    const patient = await calls.knock(room, { sub });
    await settle(patient);
    expect(patient.received()).not.toMatch(IN_THE_ROOM);
    expect(patient.received()).not.toMatch(/type=['"]error/);
    expect(calls.focus.received()).not.toContain(nickOf(patient));
    expect(await waiting(room.name)).toEqual([{ sub, since: expect.any(Number) as number }]);
    const staff = await calls.enter(room, STAFF);
    await patient.expect(IN_THE_ROOM);
    await staff.expect(new RegExp(`/${nickOf(patient)}['"]`));
    expect(await waiting(room.name)).toEqual([]);
  });

  it("is known by the word that its token names, if it names one", async () => {
    const room = await calls.open(calls.room());
    const [one, other] = ["b".repeat(22), "c".repeat(22)];
    for (const claims of [{ sub: one, word: 7 }, { sub: other }]) await settle(await calls.knock(room, claims));
    const since = expect.any(Number) as number;
    const found = (await waiting(room.name)).toSorted((left, right) => left.sub.localeCompare(right.sub));
    expect(found).toEqual([
      { sub: one, since, word: 7 },
      { sub: other, since },
    ]);
  });

  it("comes in when the entry page lets it in", async () => {
    const room = await calls.open(calls.room());
    const sub = "a".repeat(22);
    const [patient, another] = [await calls.knock(room, { sub }), await calls.knock(room)];
    await settle(another);
    await calls.ask({ act: "admit", room: room.name, sub });
    await patient.expect(IN_THE_ROOM);
    expect(another.received()).not.toMatch(IN_THE_ROOM);
  });

  it("still waits after the focus has closed the empty room and opened it again", async () => {
    const room = await calls.open(calls.room());
    const patient = await calls.knock(room);
    await settle(patient);
    calls.focus.send(presence(`${room.jid}/focus`, "").replace("<presence ", `<presence type="unavailable" `));
    await calls.focus.expect(
      new RegExp(
        `type=['"]unavailable['"][^>]*from=['"]${room.jid}|from=['"]${room.jid}/focus['"][^>]*type=['"]unavailable`,
      ),
    );
    await calls.open(room);
    await calls.enter(room, STAFF);
    await patient.expect(IN_THE_ROOM);
  });

  it("is forgotten when it goes", async () => {
    const room = await calls.open(calls.room());
    const patient = await calls.knock(room);
    await settle(patient);
    expect(await waiting(room.name)).toHaveLength(1);
    patient.close();
    await expect.poll(() => waiting(room.name)).toEqual([]);
    const staff = await calls.enter(room, STAFF);
    expect(staff.received()).not.toContain(nickOf(patient));
  });

  it("waits for nothing when it may not join at all", async () => {
    const room = await calls.open(calls.room());
    expect(await refusal(await calls.knock(room, {}, encryption({ enabled: "" })))).toContain("not-acceptable");
    expect(await waiting(room.name)).toEqual([]);
  });
});
