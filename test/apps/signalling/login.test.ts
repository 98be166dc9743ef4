import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mintRoomToken } from "../../../src/entry/token.ts";
import { someParams } from "../../support/practice.ts";
import { BAD_TOKENS } from "../../entry/token-vectors.ts";
import { type Calls, IN_THE_ROOM, startCalls } from "../support/calls.ts";
import { encryption, presence } from "../support/xmpp.ts";
import { seconds } from "../support/signalling.ts";

const params = someParams();
let calls: Calls;
beforeAll(async () => (calls = await startCalls(params)));
afterAll(() => calls?.stop());

const p256 = () => generateKeyPairSync("ec", { namedCurve: "P-256" });

describe("a participant", () => {
  it("logs in with a token that the entry page minted", async () => {
    const { privateKey, publicKey } = p256();
    await calls.addKey("2", publicKey);
    await new Promise((resolve) => setTimeout(resolve, 11_000)); // a new key is looked for at most every 10 s
    const admission = {
      room: calls.room().name,
      holder: "h".repeat(22),
      staff: false,
      from: seconds(),
      until: seconds() + 60,
    };
    const token = await mintRoomToken({ kid: "2", privateKey }, params.practice.hosts, admission);
    expect((await calls.withToken(token)).jid).toContain(`@${calls.xmpp.domain}/`);
  });

  for (const { name, make } of BAD_TOKENS) {
    it(`is refused with ${name}`, async () => {
      const room = calls.room().name;
      await expect(
        calls.withToken(make((...changes) => calls.token(room, ...changes), calls.publicKey)),
      ).rejects.toThrow(/not-authorized/);
    });
  }

  it("is refused without a token", async () => {
    await expect(calls.withToken()).rejects.toThrow(/not-authorized/);
    await expect(calls.withToken("")).rejects.toThrow(/not-authorized/);
  });

  it("has the same account as long as Prosody runs, and another one in another room", async () => {
    const [one, other] = [calls.room(), calls.room()];
    const sub = "s".repeat(22);
    const account = async (room: string) => (await calls.withToken(calls.token(room, { sub }))).jid.split("@")[0];
    expect(await account(one.name)).toBe(await account(one.name));
    expect(await account(one.name)).not.toBe(await account(other.name));
  });

  it("replaces itself: one session per link", async () => {
    const { room, staff } = await calls.staffed();
    const sub = "t".repeat(22);
    const first = await calls.enter(room, { sub });
    const seen = staff.received().length;
    const second = await calls.enter(room, { sub });
    await first.expect(/<conflict/);
    await staff.expect(/type=['"]unavailable['"]/, seen);
    expect(second.received()).toMatch(IN_THE_ROOM);
  });

  it("can resume an interrupted session", async () => {
    const { room, staff } = await calls.staffed();
    const token = calls.token(room.name);
    const client = await calls.withToken(token);
    client.send(`<enable xmlns="urn:xmpp:sm:3" resume="true"/>`);
    const [, id = ""] = await client.expect(/<enabled[^>]* id=['"]([^'"]+)['"]/);
    client.send(presence(`${room.jid}/${client.jid.slice(0, 8)}`, encryption(), { join: true }));
    await client.expect(IN_THE_ROOM);
    const seen = staff.received().length;
    client.cut();
    const again = await calls.withToken(token, undefined, { bind: false });
    again.send(`<resume xmlns="urn:xmpp:sm:3" previd="${id}" h="0"/>`);
    await again.expect(/<resumed/);
    expect(staff.received().slice(seen)).not.toContain("unavailable");
  });
});

describe("the programs of the practice", () => {
  it("log in only each with its own password", async () => {
    await expect(calls.asBridge({ domain: calls.xmpp.auth, username: "focus" })).rejects.toThrow(/not-authorized/);
    await expect(calls.asBridge({ domain: calls.xmpp.auth })).rejects.toThrow(/not-authorized/);
    await expect(calls.asBridge({ username: "focus" })).rejects.toThrow(/not-authorized/);
    const bridge = await calls.asBridge();
    expect(bridge.jid).toContain(`jvb@${calls.xmpp.bridge}/`);
    bridge.close();
  });

  it("cannot be anybody who comes the way of a browser", async () => {
    await expect(calls.withToken(undefined, calls.xmpp.auth)).rejects.toThrow(/No stream features to proceed with/);
  });
});
