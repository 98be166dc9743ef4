import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { someParams } from "../../support/practice.ts";
import { type Calls, nickOf, startCalls } from "../support/calls.ts";
import type { XmppClient } from "../support/xmpp.ts";

let calls: Calls;
beforeAll(async () => (calls = await startCalls(someParams())));
afterAll(() => calls?.stop());

let count = 0;
/** Sends an IQ and waits for its answer. */
async function ask(client: XmppClient, type: "get" | "set", to: string, payload: string): Promise<string> {
  const id = `ask${(count += 1)}`;
  client.send(`<iq xmlns="jabber:client" type="${type}" id="${id}" to="${to}">${payload}</iq>`);
  return (await client.expect(new RegExp(`<iq[^>]*id=['"]${id}['"][^>]*(?:/>|>.*?</iq>)`)))[0];
}

const query = (ns: string, content = "") => `<query xmlns="http://jabber.org/protocol/${ns}">${content}</query>`;
const conference = (room: string) => `<conference xmlns="http://jitsi.org/protocol/focus" room="${room}"/>`;

describe("a participant reaches", () => {
  it("its room, the focus for that room, and what keeps its session alive", async () => {
    const { room, staff } = await calls.staffed();
    const patient = await calls.enter(room);
    expect(await ask(patient, "get", room.jid, query("disco#info"))).toContain("result");
    expect(await ask(patient, "get", calls.xmpp.domain, `<ping xmlns="urn:xmpp:ping"/>`)).toContain("result");
    expect(await ask(patient, "get", calls.xmpp.domain, query("disco#info"))).toContain("result");
    // On a stock Prosody nobody answers in the focus' place; it is not our refusal.
    expect(await ask(patient, "set", calls.xmpp.focus, conference(room.jid))).not.toContain("not-allowed");
    patient.send(
      `<iq xmlns="jabber:client" type="set" id="jingle" to="${room.jid}/focus"><jingle xmlns="urn:xmpp:jingle:1"/></iq>`,
    );
    await calls.focus.expect(/urn:xmpp:jingle:1/);
    expect(staff.received()).not.toContain("jingle");
  });
});

describe("a participant does not reach", () => {
  const refused: Readonly<Record<string, (room: string, other: string) => ["get" | "set", string, string]>> = {
    "another account": (_, other) => ["set", other, `<x xmlns="urn:other">secret words</x>`],
    "the focus' own account": () => ["set", `focus@${calls.xmpp.auth}`, conference("x")],
    "another room": () => ["get", calls.room().jid, query("disco#info")],
    "the list of rooms": () => ["get", calls.xmpp.muc, query("disco#items")],
    "the focus for another room": () => ["set", calls.xmpp.focus, conference(calls.room().jid)],
    "the host of the bridges": () => ["get", calls.xmpp.internalMuc, query("disco#items")],
    "another participant directly": (room, other) => ["set", `${room}/${other.slice(0, 8)}`, `<x xmlns="urn:other"/>`],
    "the settings of its room": (room) => ["get", room, query("muc#owner")],
    "rights in its room": (room) => [
      "set",
      room,
      query("muc#admin", `<item affiliation="owner" jid="eve@${calls.xmpp.domain}"/>`),
    ],
    "somebody else's place": (room, other) => [
      "set",
      room,
      query("muc#admin", `<item role="none" nick="${other.slice(0, 8)}"/>`),
    ],
    "a store on the server": () => [
      "set",
      calls.xmpp.domain,
      `<query xmlns="jabber:iq:private"><x xmlns="urn:other"/></query>`,
    ],
    "a list of contacts": () => ["set", calls.xmpp.domain, `<query xmlns="jabber:iq:roster"><item jid="a@b"/></query>`],
  };
  for (const [name, request] of Object.entries(refused)) {
    it(`${name} (refused)`, async () => {
      const { room, staff } = await calls.staffed();
      const patient = await calls.enter(room);
      expect(await ask(patient, ...request(room.jid, staff.jid))).toContain("not-allowed");
      expect(staff.received()).not.toContain("secret words");
    });
  }

  it("another account by message or presence", async () => {
    const { room, staff } = await calls.staffed();
    const patient = await calls.enter(room);
    for (const to of [staff.jid, staff.jid.split("/")[0]]) {
      patient.send(`<message xmlns="jabber:client" type="chat" to="${to}"><body>secret words</body></message>`);
      patient.send(
        `<presence xmlns="jabber:client" type="subscribe" to="${to}"><status>secret words</status></presence>`,
      );
    }
    await patient.expect(/not-allowed/);
    await ask(staff, "get", calls.xmpp.domain, `<ping xmlns="urn:xmpp:ping"/>`);
    expect(staff.received()).not.toContain("secret words");
  });
});

describe("a presence", () => {
  for (const type of ["subscribe", "subscribed", "probe", "error"]) {
    it(`of the type ${type} does not pass, so that nothing is kept or said by it`, async () => {
      const { room, staff } = await calls.staffed();
      const patient = await calls.enter(room);
      const words = `<error type="cancel"><secret-words xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>`;
      patient.send(
        `<presence xmlns="jabber:client" type="${type}" to="${room.jid}/${nickOf(patient)}">${words}</presence>`,
      );
      await ask(patient, "get", calls.xmpp.domain, `<ping xmlns="urn:xmpp:ping"/>`);
      if (type !== "error") expect(patient.received()).toMatch(/<presence[^>]*type=['"]error['"].*not-allowed/);
      await ask(staff, "get", calls.xmpp.domain, `<ping xmlns="urn:xmpp:ping"/>`);
      expect(staff.received()).not.toContain("secret");
    });
  }
});

describe("staff", () => {
  it("removes a participant, and gives nobody rights", async () => {
    const { room, staff } = await calls.staffed();
    const patient = await calls.enter(room);
    const grant = `<item affiliation="owner" jid="${patient.jid.split("/")[0]}"/>`;
    expect(await ask(staff, "set", room.jid, query("muc#admin", grant))).toContain("not-allowed");
    const away = (nick: string) => query("muc#admin", `<item role="none" nick="${nick}"/>`);
    expect(await ask(staff, "set", room.jid, away("focus"))).toContain("not-allowed");
    expect(await ask(staff, "set", room.jid, away(nickOf(patient)))).toContain("result");
    await patient.expect(/code=['"]307/);
  });
});
