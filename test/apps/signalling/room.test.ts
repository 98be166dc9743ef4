import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { brewery } from "../../../src/components/jitsi/xmpp.ts";
import { someParams } from "../../support/practice.ts";
import { type Calls, nickOf, refusal, REMOVED, STAFF, startCalls, update } from "../support/calls.ts";
import { encryption, presence } from "../support/xmpp.ts";

const params = someParams();
let calls: Calls;
beforeAll(async () => (calls = await startCalls(params)));
afterAll(() => calls?.stop());

describe("who can join", () => {
  it("lets two who say that they encrypt see each other", async () => {
    const { room, staff } = await calls.staffed();
    const patient = await calls.enter(room);
    await staff.expect(new RegExp(`from=['"]${room.jid}/${nickOf(patient)}['"]`));
    await patient.expect(new RegExp(`from=['"]${room.jid}/${nickOf(staff)}['"]`));
  });

  const bad = {
    "no word about encryption": "",
    "encryption off, as a stock client says it": encryption({ enabled: "" }),
    "encryption false": encryption({ enabled: "false" }),
    "encryption on and off at once": encryption() + encryption({ enabled: "" }),
    "no feature": encryption({ feature: false }),
    "no identity keys": encryption({ keys: false }),
    "a recorder": `<features><feature var="http://jitsi.org/protocol/jibri"/></features>${encryption()}`,
    "a transcriber": `<features><feature var="http://jitsi.org/protocol/transcriber"/></features>${encryption()}`,
    "a telephone gateway": `<initiator xmlns="http://jitsi.org/protocol/jigasi"/>${encryption()}`,
    "a visitor": `<visitor xmlns="jitsi:visitors"/>${encryption()}`,
  };
  for (const [name, content] of Object.entries(bad)) {
    it(`refuses ${name}, and nobody sees it`, async () => {
      const { room, staff } = await calls.staffed();
      const eve = await calls.knock(room, {}, content);
      expect(await refusal(eve)).toMatch(/not-acceptable|not-allowed/);
      await calls.enter(room);
      expect(staff.received()).not.toContain(nickOf(eve));
    });
  }

  it("refuses a room that the token is not for", async () => {
    const { room } = await calls.staffed();
    const eve = await calls.withToken(calls.token(calls.room().name));
    eve.send(presence(`${room.jid}/${nickOf(eve)}`, encryption(), { join: true }));
    expect(await refusal(eve)).toContain("not-allowed");
  });

  it("refuses a room that the focus has not made", async () => {
    expect(await refusal(await calls.knock(calls.room(), STAFF))).toContain("not-allowed");
  });

  it("refuses any name but one's own, the focus' among them", async () => {
    const { room, staff } = await calls.staffed();
    for (const nick of ["focus", "alice", nickOf(staff)]) {
      const eve = await calls.withToken(calls.token(room.name));
      eve.send(presence(`${room.jid}/${nick}`, encryption(), { join: true }));
      expect(await refusal(eve)).toContain("not-allowed");
    }
  });

  it("refuses one more than the practice allows", async () => {
    const { room } = await calls.staffed();
    await calls.enter(room);
    expect(await refusal(await calls.knock(room))).toContain("service-unavailable");
  });

  it("makes staff a moderator and a patient none", async () => {
    const { room, staff } = await calls.staffed();
    const own = /<item [^>]*>(?=(?:(?!<presence).)*code=['"]110)/s;
    expect((await staff.expect(own))[0]).toMatch(/role=['"]moderator/);
    const patient = await calls.enter(room);
    expect((await patient.expect(own))[0]).not.toMatch(/owner|moderator/);
  });

  it("keeps participants out of the room of the bridges", async () => {
    const bridge = await calls.asBridge();
    bridge.send(presence(`${brewery(params.practice)}/bridge-0`, "", { join: true }));
    await bridge.expect(/<status code=['"]110['"]/);
    const eve = await calls.withToken(calls.token(calls.room().name));
    eve.send(presence(`${brewery(params.practice)}/eve`, encryption(), { join: true }));
    expect(await refusal(eve)).toContain("not-allowed");
    bridge.close();
  });
});

describe("what a participant can say later", () => {
  const later = {
    "switches encryption off": encryption({ enabled: "" }),
    "says false": encryption({ enabled: "false" }),
    "says nothing": "",
    "drops the feature": encryption({ feature: false }),
    "drops the keys": encryption({ keys: false }),
    "names other keys": encryption({ curve: "x" }),
  };
  for (const [name, content] of Object.entries(later)) {
    it(`removes who ${name}, and the others never see it`, async () => {
      const { room, staff } = await calls.staffed();
      const patient = await calls.enter(room);
      const before = staff.received().length;
      update(patient, room, content, "downgrade");
      await patient.expect(REMOVED, 0, 5_000);
      await staff.expect(REMOVED, before, 5_000);
      expect(staff.received().slice(before)).not.toContain("downgrade");
    });
  }

  it("removes who changes the name", async () => {
    const { room, staff } = await calls.staffed();
    const patient = await calls.enter(room);
    patient.send(presence(`${room.jid}/robert`, encryption()));
    await patient.expect(REMOVED, 0, 5_000);
    expect(staff.received()).not.toContain("/robert");
  });

  it("passes an update that still says that it encrypts", async () => {
    const { room, staff } = await calls.staffed();
    update(await calls.enter(room), room, encryption(), "still here");
    await staff.expect(/still here/);
  });

  it("passes the exchange of keys, and no other message", async () => {
    const { room, staff } = await calls.staffed();
    const patient = await calls.enter(room);
    const message = (type: string, to: string, content: string) =>
      patient.send(`<message xmlns="jabber:client" type="${type}" to="${to}">${content}</message>`);
    const keys = `<json-message xmlns="http://jitsi.org/jitmeet">{"type":"olm"}</json-message>`;
    for (const [type, to] of [
      ["groupchat", room.jid],
      ["chat", `${room.jid}/${nickOf(staff)}`],
    ] as const) {
      message(type, to, "<body>secret words</body>");
      message(type, to, "<subject>secret words</subject>");
      message(type, to, `<x xmlns="urn:other">secret words</x>`);
      message(type, to, `${keys}<body>secret words</body>`);
    }
    message("chat", `${room.jid}/${nickOf(staff)}`, keys);
    await staff.expect(/olm/);
    expect(staff.received()).not.toContain("secret words");
  });
});
