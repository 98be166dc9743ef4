import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UPSTREAM_PLUGINS } from "../../../src/components/jitsi/prosody.ts";
import { someParams } from "../../support/practice.ts";
import { type Calls, nickOf, startCalls } from "../support/calls.ts";
import { startFront } from "../support/front.ts";
import { participant } from "../support/xmpp.ts";

const params = someParams();
let calls: Calls;
beforeAll(async () => (calls = await startCalls(params)));
afterAll(() => calls?.stop());

describe("the configuration on a stock Prosody", () => {
  it("passes Prosody's own check", async () => {
    await expect(calls.check()).resolves.toContain("All checks passed");
  });

  it.each([
    ["a file that does not end", (text: string) => `${text}\nVirtualHost "a`],
    ["a file that is not there", (text: string) => `${text}\nInclude "/nowhere.cfg.lua"\n`],
    ["a host that is none", (text: string) => `${text}\nVirtualHost "a b"\n`],
  ])("is refused by it with %s, as a trial runs it", async (_, change) => {
    await expect(calls.check((_file, text) => change(text))).rejects.toThrow(/\S/);
  });

  it("leaves one error line for each plugin that only the image has, and nothing else", async () => {
    const lines = (await calls.log()).split("\n").filter((line) => /\b(error|warn)\s/.test(line));
    const missing = lines.map((line) => /Unable to load module '([^']+)'/.exec(line)?.[1] ?? line);
    expect([...new Set(missing)].toSorted()).toEqual([...UPSTREAM_PLUGINS].toSorted());
  });

  it("is ready, and says nothing else about itself", async () => {
    const answer = await fetch(`http://127.0.0.1:${calls.ports.http}/ready`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).not.toMatch(/practice|room|muc/);
  });
});

describe("through the front", () => {
  it("lets a participant in by websocket and by BOSH, and shows nobody the inside", async () => {
    const front = await startFront(params, { pages: {}, element: {} }, { signallingPort: calls.ports.http });
    try {
      const host = calls.xmpp.domain;
      const token = calls.token(calls.room().name);
      const url = `ws://${host}:${front.port}/xmpp-websocket`;
      expect((await participant(url, host, token)).jid).toContain(`@${host}/`);
      await expect(participant(url, host)).rejects.toThrow(/not-authorized/);
      const open = `<body xmlns="http://jabber.org/protocol/httpbind" to="${host}" rid="1" hold="1" wait="5" ver="1.6" xml:lang="en"/>`;
      const bosh = await front.ask(host, `/http-bind?token=${token}`, { method: "POST", body: open });
      expect(bosh.body).toContain("<mechanism>ANONYMOUS</mechanism>");
      for (const path of ["/ready", "/practice/busy", "/practice/control"]) {
        expect((await front.ask(host, path)).status).toBe(404);
      }
    } finally {
      await front.stop();
    }
  });
});

describe("what is told to the outside", () => {
  it("is no token, no room and no participant", async () => {
    const { room, staff } = await calls.staffed();
    const bad = calls.token(room.name, { exp: 1 });
    await expect(calls.withToken(bad)).rejects.toThrow(/not-authorized/);
    staff.send(
      `<message xmlns="jabber:client" type="groupchat" to="nobody@${calls.xmpp.muc}"><body>x</body></message>`,
    );
    await staff.expect(/not-allowed/);
    const log = await calls.log();
    expect(log).not.toContain(room.name);
    expect(log).not.toContain(nickOf(staff));
    expect(log).not.toMatch(/eyJ/);
  });
});
