import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { someParams } from "../../support/practice.ts";
import { type Calls, REMOVED, refusal, startCalls } from "../support/calls.ts";
import { waitFor } from "../../bed/wait.ts";
import { seconds } from "../support/signalling.ts";
import { encryption, presence, type XmppClient } from "../support/xmpp.ts";

const params = someParams();
const grace = params.practice.video.sessions.graceMinutes * 60;
let calls: Calls;
beforeAll(async () => (calls = await startCalls(params)));
afterAll(() => calls?.stop());

/** The newest end that a client was told. */
const told = (client: XmppClient) => {
  const messages = client.received().match(/\{[^{}]*practice-deadline[^{}]*\}/g) ?? [];
  return Number(/at&quot;:(\d+)/.exec(messages.at(-1) ?? "")?.[1]);
};
const over = (client: XmppClient) => waitFor(() => client.isOver(), { timeout: 8_000, what: "the end of a session" });

describe("the end of a window", () => {
  it("ends who has nobody of the staff there, in the room and as a whole", async () => {
    const room = await calls.open(calls.room());
    const sub = "e".repeat(22);
    const patient = await calls.knock(room, { sub, exp: seconds() + 3 });
    await calls.ask({ act: "admit", room: room.name, sub });
    await patient.expect(REMOVED, 0, 8_000);
    await expect(over(patient)).resolves.toBe(true);
  });

  it("leaves who has staff there some more time, and says until when", async () => {
    const { room, staff } = await calls.staffed();
    const exp = seconds() + 3;
    const patient = await calls.enter(room, { exp });
    await expect.poll(() => told(patient)).toBe(exp + grace);
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    expect(patient.isOver()).toBe(false);
    expect(staff.isOver()).toBe(false);
  });

  it("lets in again, during that time, who was cut off", async () => {
    const { room } = await calls.staffed();
    const claims = { exp: seconds() + 1, sub: "c".repeat(22) };
    await calls.enter(room, claims);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await expect(calls.enter(room, claims)).resolves.toBeDefined();
  });

  it("refuses a login after it", async () => {
    const claims = { exp: seconds() - 1 };
    await expect(calls.withToken(calls.token(calls.room().name, claims))).rejects.toThrow(/not-authorized/);
  });

  it("ends also who never joined", async () => {
    await expect(over(await calls.withToken(calls.token(calls.room().name, { exp: seconds() + 2 })))).resolves.toBe(
      true,
    );
  });
});

describe("more time", () => {
  const wish = (client: XmppClient, room: string, until: number) =>
    client.send(
      presence(
        `${room}/${client.jid.slice(0, 8)}`,
        `${encryption()}<jitsi_participant_practice_extend>${until}</jitsi_participant_practice_extend>`,
      ),
    );

  it("moves staff's own end as asked for, also where somebody's link is good for longer", async () => {
    const { room, staff } = await calls.staffed();
    await calls.enter(room, { exp: seconds() + 1_800 });
    const until = told(staff) + 900;
    wish(staff, room.jid, until);
    await expect.poll(() => told(staff)).toBe(until);
  });

  it("comes from staff's own client, and the others learn the new end but not the wish", async () => {
    const { room, staff } = await calls.staffed();
    const patient = await calls.enter(room, { exp: seconds() + 700 });
    const apart = told(patient) - told(staff);
    const until = told(staff) + 900;
    wish(staff, room.jid, until);
    await expect.poll(() => told(staff)).toBe(until);
    await expect.poll(() => told(patient)).toBe(until + apart);
    expect(patient.received()).not.toContain("practice_extend");
    const moved = told(staff);
    wish(staff, room.jid, until);
    wish(staff, room.jid, until + 7200);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(told(staff)).toBe(moved);
  });

  it("does not come from a patient", async () => {
    const { room, staff } = await calls.staffed();
    const patient = await calls.enter(room);
    const before = told(patient);
    wish(patient, room.jid, before + 900);
    wish(staff, room.jid, told(staff));
    await staff.expect(/xmlns/);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(told(patient)).toBe(before);
  });

  it("comes from the entry page", async () => {
    const { room, staff } = await calls.staffed();
    const until = told(staff) + 600;
    await calls.ask({ act: "extend", room: room.name, until });
    await expect.poll(() => told(staff)).toBe(until);
  });
});

describe("revocation", () => {
  it("ends the session that has the token within 5 s, and refuses it from then on", async () => {
    const { room } = await calls.staffed();
    const sub = "r".repeat(22);
    const patient = await calls.enter(room, { sub });
    await calls.ask({ act: "revoke", sub, until: seconds() + 600 });
    await patient.expect(REMOVED, 0, 5_000);
    await expect(over(patient)).resolves.toBe(true);
    await expect(calls.withToken(calls.token(room.name, { sub }))).rejects.toThrow(/not-authorized/);
    await expect(calls.enter(room)).resolves.toBeDefined();
  });
});

describe("the end for all", () => {
  it("ends every session of the room, and no token opens it again", async () => {
    const { room, staff } = await calls.staffed();
    const patient = await calls.enter(room);
    await calls.ask({ act: "end", room: room.name });
    await expect(over(patient)).resolves.toBe(true);
    await expect(over(staff)).resolves.toBe(true);
    await expect(calls.withToken(calls.token(room.name))).rejects.toThrow(/not-authorized/);
    const elsewhere = await calls.staffed();
    const eve = await calls.withToken(calls.token(elsewhere.room.name));
    eve.send(presence(`${room.jid}/${eve.jid.slice(0, 8)}`, encryption(), { join: true }));
    expect(await refusal(eve)).toContain("not-allowed");
  });
});
