import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UPSTREAM_PLUGINS } from "../../src/components/jitsi/prosody.ts";
import { brewery, xmppDomains } from "../../src/components/jitsi/xmpp.ts";
import { someParams } from "../support/practice.ts";
import { startFront } from "./support/front.ts";
import { signed, startSignalling, type Signalling } from "./support/signalling.ts";
import { encryption, participant, presence, service, type XmppClient } from "./support/xmpp.ts";

const params = someParams();
const xmpp = xmppDomains(params.practice);
let prosody: Signalling;
let focus: XmppClient;

beforeAll(async () => {
  prosody = await startSignalling(params);
  focus = await asFocus();
});

afterAll(() => prosody?.stop());

const asFocus = () =>
  service(prosody.ports.xmpp, {
    domain: xmpp.auth,
    username: "focus",
    password: prosody.focusPassword,
    authority: prosody.authority,
  });

const asBridge = (login: { username?: string; domain?: string; password?: string } = {}) =>
  service(prosody.ports.xmpp, {
    domain: xmpp.bridge,
    username: "jvb",
    password: prosody.bridgePassword,
    authority: prosody.authority,
    ...login,
  });

const withToken = (token?: string, domain = xmpp.domain) =>
  participant(`ws://127.0.0.1:${prosody.ports.http}/xmpp-websocket`, domain, token);

/** A room that the focus has made, as jicofo does when somebody asks for a conference. */
async function newRoom(): Promise<{ name: string; jid: string }> {
  const name = `room${Math.random().toString(36).slice(2)}`;
  const jid = `${name}@${xmpp.muc}`;
  focus.send(presence(`${jid}/focus`, "", { join: true }));
  await focus.expect(new RegExp(`from=['"]${jid}/focus['"]`));
  return { name, jid };
}

async function enter(room: { name: string; jid: string }, nick: string, claims = {}): Promise<XmppClient> {
  const client = await withToken(prosody.token(room.name, claims));
  client.send(presence(`${room.jid}/${nick}`, encryption(), { join: true }));
  await client.expect(/<status code=['"]110['"]/);
  return client;
}

/** The answer with which a join was refused. */
const refusal = async (client: XmppClient) =>
  (await client.expect(/<presence[^>]*type=['"]error['"].*?<\/presence>/))[0];

describe("the configuration on a stock Prosody", () => {
  it("passes Prosody's own check", async () => {
    await expect(prosody.check()).resolves.toContain("All checks passed");
  });

  it("leaves one error line for each plugin that only the image has, and nothing else", async () => {
    const lines = (await prosody.log()).split("\n").filter((line) => /\b(error|warn)\b/.test(line));
    const missing = lines.map((line) => /Unable to load module '([^']+)'/.exec(line)?.[1] ?? line);
    expect([...new Set(missing)].toSorted()).toEqual([...UPSTREAM_PLUGINS].toSorted());
  });

  it("is ready, and says nothing else about itself", async () => {
    const answer = await fetch(`http://127.0.0.1:${prosody.ports.http}/ready`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).not.toMatch(/practice|room|muc/);
  });
});

describe("who can log in", () => {
  it("lets a participant in with a token for a room", async () => {
    const client = await withToken(prosody.token("room1234"));
    expect(client.jid).toContain(`@${xmpp.domain}/`);
  });

  const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const now = Math.floor(Date.now() / 1000);
  const bad: Readonly<Record<string, () => string | undefined>> = {
    "no token": () => undefined,
    "an empty token": () => "",
    "a token of somebody else": () => prosody.token("room1234", {}, other),
    "a token of another issuer": () => prosody.token("room1234", { iss: "go.other.example" }),
    "a token for another audience": () => prosody.token("room1234", { aud: "meet.other.example" }),
    "a token for a list of audiences": () => prosody.token("room1234", { aud: ["meet.greenriver.example"] }),
    "a token without an end": () => prosody.token("room1234", { exp: undefined }),
    "a token without a beginning": () => prosody.token("room1234", { nbf: undefined }),
    "a token that is over": () => prosody.token("room1234", { exp: now - 1 }),
    "a token for later": () => prosody.token("room1234", { nbf: now + 600 }),
    "an end that is text": () => prosody.token("room1234", { exp: String(now + 600) }),
    "a token for all rooms": () => prosody.token("*"),
    "a token for no room": () => prosody.token("room1234", { room: undefined }),
    "a token for two rooms": () => prosody.token("room1234", { room: ["room1234", "room5678"] }),
    "an unsigned token": () => {
      const [head, body] = prosody.token("room1234").split(".");
      return `${Buffer.from(head ?? "", "base64url").toString("base64url")}.${body}.`;
    },
    "a token with another algorithm": () => signed({ alg: "none", typ: "JWT" }, { room: "room1234" }, other),
  };
  for (const [name, token] of Object.entries(bad)) {
    it(`refuses ${name}`, async () => {
      await expect(withToken(token())).rejects.toThrow(/not-authorized/);
    });
  }

  it("lets the focus in only with its own password", async () => {
    await expect(asBridge({ domain: xmpp.auth, username: "focus" })).rejects.toThrow(/not-authorized/);
    await expect(asBridge({ domain: xmpp.auth })).rejects.toThrow(/not-authorized/);
    await expect(asBridge({ username: "focus" })).rejects.toThrow(/not-authorized/);
    const bridge = await asBridge();
    expect(bridge.jid).toContain(`jvb@${xmpp.bridge}/`);
    bridge.close();
  });

  it("offers the accounts of the programs to nobody who comes the way of a browser", async () => {
    await expect(withToken(undefined, xmpp.auth)).rejects.toThrow(/No stream features to proceed with/);
  });
});

describe("who can join", () => {
  it("lets two who say that they encrypt see each other", async () => {
    const room = await newRoom();
    const alice = await enter(room, "alice");
    const bob = await enter(room, "bob");
    await alice.expect(new RegExp(`from=['"]${room.jid}/bob['"]`));
    await expect(bob.expect(new RegExp(`from=['"]${room.jid}/alice['"]`))).resolves.toBeTruthy();
  });

  const bad = {
    "no word about encryption": "",
    "encryption off, as a stock client says it": encryption({ enabled: "" }),
    "encryption false": encryption({ enabled: "false" }),
    "no feature": encryption({ feature: false }),
    "no identity keys": encryption({ keys: false }),
    "a recorder": `<features><feature var="https://jitsi.org/meet/e2ee"/><feature var="http://jitsi.org/protocol/jibri"/></features>${encryption({ feature: false })}`,
    "a telephone gateway": `<initiator xmlns="http://jitsi.org/protocol/jigasi"/>${encryption()}`,
  };
  for (const [name, content] of Object.entries(bad)) {
    it(`refuses ${name}, and nobody sees it`, async () => {
      const room = await newRoom();
      const alice = await enter(room, "alice");
      const eve = await withToken(prosody.token(room.name));
      eve.send(presence(`${room.jid}/eve`, content, { join: true }));
      expect(await refusal(eve)).toMatch(/not-acceptable|not-allowed/);
      await enter(await newRoom(), "later");
      expect(alice.received()).not.toContain("/eve");
    });
  }

  it("refuses a room that the token is not for", async () => {
    const [mine, other] = [await newRoom(), await newRoom()];
    const eve = await withToken(prosody.token(mine.name));
    eve.send(presence(`${other.jid}/eve`, encryption(), { join: true }));
    expect(await refusal(eve)).toContain("not-allowed");
  });

  it("refuses a room that the focus has not made", async () => {
    const eve = await withToken(prosody.token("nobodymadethis"));
    eve.send(presence(`nobodymadethis@${xmpp.muc}/eve`, encryption(), { join: true }));
    expect(await refusal(eve)).toContain("not-allowed");
  });

  it("refuses one more than the practice allows", async () => {
    const room = await newRoom();
    await enter(room, "alice");
    await enter(room, "bob");
    const eve = await withToken(prosody.token(room.name));
    eve.send(presence(`${room.jid}/eve`, encryption(), { join: true }));
    expect(await refusal(eve)).toContain("service-unavailable");
  });

  it("makes staff a moderator and a patient none", async () => {
    const room = await newRoom();
    const staff = await enter(room, "staff", { context: { user: { moderator: true } } });
    expect(staff.received()).toMatch(/affiliation=['"]owner['"][^>]*>|role=['"]moderator['"]/);
    const patient = await enter(room, "patient", { context: { user: { moderator: "true" } } });
    expect((await patient.expect(/<item [^>]*>(?=(?:(?!<presence).)*code=['"]110)/s))[0]).not.toMatch(
      /owner|moderator/,
    );
  });

  it("keeps participants out of the room of the bridges", async () => {
    const bridge = await asBridge();
    bridge.send(presence(`${brewery(params.practice)}/bridge-0`, "", { join: true }));
    await bridge.expect(/<status code=['"]110['"]/);
    const eve = await withToken(prosody.token("room1234"));
    eve.send(presence(`${brewery(params.practice)}/eve`, encryption(), { join: true }));
    expect(await refusal(eve)).toContain("registration-required");
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
  };
  for (const [name, content] of Object.entries(later)) {
    it(`removes who ${name}, and the others never see it`, async () => {
      const room = await newRoom();
      const alice = await enter(room, "alice");
      const bob = await enter(room, "bob");
      await alice.expect(new RegExp(`from=['"]${room.jid}/bob['"]`));
      const before = alice.received().length;
      bob.send(presence(`${room.jid}/bob`, `${content}<marker xmlns="test">downgrade</marker>`));
      await bob.expect(/<status code=['"]307['"]/);
      await alice.expect(/<status code=['"]307['"]/);
      expect(alice.received().slice(before)).not.toContain("downgrade");
    });
  }

  it("also removes who hides it in a change of the name", async () => {
    const room = await newRoom();
    const alice = await enter(room, "alice");
    const bob = await enter(room, "bob");
    bob.send(presence(`${room.jid}/robert`, encryption({ enabled: "" })));
    await bob.expect(/<status code=['"]307['"]/);
    expect(alice.received()).not.toContain("/robert");
  });

  it("passes an update that still says that it encrypts", async () => {
    const room = await newRoom();
    const alice = await enter(room, "alice");
    const bob = await enter(room, "bob");
    bob.send(presence(`${room.jid}/bob`, `${encryption()}<marker xmlns="test">still here</marker>`));
    await expect(alice.expect(/still here/)).resolves.toBeTruthy();
  });

  it("drops chat and subjects, and passes the exchange of keys", async () => {
    const room = await newRoom();
    const alice = await enter(room, "alice");
    const bob = await enter(room, "bob");
    const message = (type: string, to: string, content: string) =>
      bob.send(`<message xmlns="jabber:client" type="${type}" to="${to}">${content}</message>`);
    message("groupchat", room.jid, "<body>secret words</body>");
    message("groupchat", room.jid, "<subject>secret words</subject>");
    message("chat", `${room.jid}/alice`, "<body>secret words</body>");
    message(
      "chat",
      `${room.jid}/alice`,
      `<json-message xmlns="http://jitsi.org/jitmeet">{"type":"olm"}</json-message>`,
    );
    await alice.expect(/olm/);
    expect(alice.received()).not.toContain("secret words");
  });
});

describe("through the front", () => {
  it("lets a participant in by websocket and by BOSH, and shows nobody whether it is ready", async () => {
    const front = await startFront(params, { pages: {}, element: {} }, { signallingPort: prosody.ports.http });
    try {
      const host = xmpp.domain;
      const token = prosody.token("room1234");
      const url = `ws://${host}:${front.port}/xmpp-websocket`;
      expect((await participant(url, host, token)).jid).toContain(`@${host}/`);
      await expect(participant(url, host)).rejects.toThrow(/not-authorized/);
      const open = `<body xmlns="http://jabber.org/protocol/httpbind" to="${host}" rid="1" hold="1" wait="5" ver="1.6" xml:lang="en"/>`;
      const bosh = await front.ask(host, `/http-bind?token=${token}`, { method: "POST", body: open });
      expect(bosh.body).toContain("<mechanism>ANONYMOUS</mechanism>");
      expect((await front.ask(host, "/ready")).status).toBe(404);
    } finally {
      await front.stop();
    }
  });
});

describe("what is told to the outside", () => {
  it("logs no token, no room and no participant", async () => {
    const log = await prosody.log();
    expect(log).not.toMatch(/eyJ|room[a-z0-9]{6}|alice|bob/);
  });
});

describe("readiness", () => {
  for (const module of ["mod_practice_room.lua", "mod_auth_room_token.lua", "mod_auth_service_account.lua"]) {
    it(`is gone when ${module} is not there`, async () => {
      const crippled = await startSignalling(params, { without: [module] });
      try {
        const answer = await fetch(`http://127.0.0.1:${crippled.ports.http}/ready`);
        expect(answer.status).toBe(503);
      } finally {
        await crippled.stop();
      }
    });
  }

  it("is gone when its own module is not there", async () => {
    const crippled = await startSignalling(params, { without: ["mod_practice_ready.lua"] });
    try {
      expect((await fetch(`http://127.0.0.1:${crippled.ports.http}/ready`)).ok).toBe(false);
    } finally {
      await crippled.stop();
    }
  });
});
