import { BAD_TOKENS } from "../entry/token-vectors.ts";
import { type Calls, IN_THE_ROOM, nickOf } from "../apps/support/calls.ts";
import { encryption, presence } from "../apps/support/xmpp.ts";
import { seconds } from "../apps/support/signalling.ts";
import { type Attack, group, type Outcome } from "./attack.ts";
import { ask, joined, signallingStage, withChange, withoutModules } from "./stage.ts";

const PARTS = ["Prosody"];

/**
 * A login that believes what a token says, as if nobody had checked anything: it takes the place of the function that
 * judges a token.
 */
const BELIEVES = `local function admission_of(token)
	local body = (token or ""):match("^[^.]*%.([^.]*)");
	local text = body and require "prosody.util.encodings".base64.decode(body:gsub("-", "+"):gsub("_", "/") .. "==");
	local claims = text and require "prosody.util.json".decode(text) or {};
	local room = type(claims.room) == "string" and claims.room or "";
	return { room = room, sub = tostring(claims.sub), nbf = 0, exp = os.time() + 600, staff = false };
end
`;
const believing = withChange("mod_auth_room_token.lua", /local function admission_of\(token\)\n[^]*?\nend\n/, BELIEVES);

async function logsIn(calls: Calls, token: string | undefined): Promise<Outcome> {
  try {
    await calls.withToken(token);
    return "succeeded";
  } catch (error) {
    if (error instanceof Error && error.message.includes("not-authorized")) return "failed";
    throw error;
  }
}

export const tokenAttacks = group<Calls>({
  defence: "mod_auth_room_token: signature and every claim of the token",
  parts: PARTS,
  start: signallingStage(believing),
  attacks: [
    { id: "no-token", promise: 6, does: "Somebody logs in without a token.", run: (calls) => logsIn(calls, undefined) },
    ...BAD_TOKENS.map(({ name, make }): Attack<Calls> => ({
      id: `token-${name.replaceAll(/[^a-z]+/gi, "-").toLowerCase()}`,
      promise: 6,
      does: `Somebody logs in with a token with ${name}.`,
      run: (calls) =>
        logsIn(
          calls,
          make((...changes) => calls.token(calls.room().name, ...changes), calls.publicKey),
        ),
    })),
  ],
});

export const serviceLogin = group<Calls>({
  defence: "mod_auth_service_account: no login by the ways of browsers",
  parts: PARTS,
  start: signallingStage(
    withChange("mod_auth_service_account.lua", /if session and \(session\.websocket_request.*/, ""),
  ),
  attacks: ["1.6", undefined].map((ver): Attack<Calls> => ({
    id: ver ? "focus-over-bosh" : "focus-over-bosh-without-version",
    promise: 6,
    does: `Somebody who has the focus' password logs in from outside by BOSH${ver ? "" : ", without saying its version"}.`,
    run: async (calls) => {
      const body = async (attributes: string, content = "") => {
        const text = `<body xmlns="http://jabber.org/protocol/httpbind" ${attributes}>${content}</body>`;
        const bosh = `http://127.0.0.1:${calls.ports.http}/http-bind`;
        return (await fetch(bosh, { method: "POST", body: text })).text();
      };
      const version = ver ? `ver="${ver}"` : "";
      const offer = await body(
        `to="${calls.xmpp.auth}" rid="1" wait="5" hold="1" ${version} xmlns:xmpp="urn:xmpp:xbosh" xmpp:version="1.0"`,
      );
      const [, sid = ""] = /sid=['"]([^'"]+)/.exec(offer) ?? [];
      const secret = Buffer.from(`\0focus\0${calls.focusPassword}`).toString("base64");
      const auth = `<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">${secret}</auth>`;
      const [answer] = /<success|<failure/.exec(await body(`rid="2" sid="${sid}"`, auth)) ?? [];
      if (!answer) throw new Error("There was no answer.");
      return answer === "<success" ? "succeeded" : "failed";
    },
  })),
});

export const roomAttacks = group<Calls>({
  defence: "mod_practice_room: the one room of the token",
  parts: PARTS,
  start: signallingStage((file, text) => {
    const open = withChange("mod_practice_firewall.lua", "node == claims.room", "node ~= nil");
    const any = withChange("mod_practice_room.lua", "or claims.room ~= jid.node(room.jid)", "");
    return any(file, open(file, text) ?? "");
  }),
  attacks: [
    {
      id: "another-room",
      promise: 5,
      does: "A patient joins the room of another appointment.",
      run: async (calls) => {
        const { room } = await calls.staffed();
        const eve = await calls.withToken(calls.token(calls.room().name));
        eve.send(presence(`${room.jid}/${nickOf(eve)}`, encryption(), { join: true }));
        return joined(eve);
      },
    },
  ],
});

export const lobbyAttacks = group<Calls>({
  defence: "mod_practice_lobby: patients wait for staff",
  parts: PARTS,
  start: signallingStage(withoutModules("practice_lobby")),
  attacks: [
    {
      id: "before-staff",
      promise: 6,
      does: "Somebody with a stolen link enters the room before anybody of the staff is there.",
      run: async (calls) => {
        const room = await calls.open(calls.room());
        const eve = await calls.knock(room);
        // A join that waits is not answered, so an answer to a later question tells that it was held.
        await ask(eve, "get", calls.xmpp.domain, `<ping xmlns="urn:xmpp:ping"/>`);
        return IN_THE_ROOM.test(eve.received()) ? "succeeded" : "failed";
      },
    },
  ],
});

const stays = (calls: Calls, exp: number) => async () => {
  const room = await calls.open(calls.room());
  const sub = "x".repeat(22);
  const eve = await calls.knock(room, { sub, exp });
  await calls.ask({ act: "admit", room: room.name, sub });
  await eve.expect(IN_THE_ROOM);
  return { eve, sub };
};

export const sessionAttacks = group<Calls>({
  defence: "mod_practice_session: the end of a window, of a link, of a second session",
  parts: PARTS,
  start: signallingStage(withoutModules("practice_session")),
  attacks: [
    {
      id: "stay-after-window",
      promise: 6,
      does: "A patient stays in the room after the window has ended.",
      run: async (calls) => {
        const { eve } = await stays(calls, seconds() + 2)();
        await new Promise((resolve) => setTimeout(resolve, 5_000));
        return eve.isOver() ? "failed" : "succeeded";
      },
    },
    {
      id: "stay-after-revocation",
      promise: 6,
      does: "Somebody whose link was revoked stays in the room.",
      run: async (calls) => {
        const { eve, sub } = await stays(calls, seconds() + 600)();
        await calls.ask({ act: "revoke", sub, until: seconds() + 600 });
        await new Promise((resolve) => setTimeout(resolve, 5_000));
        return eve.isOver() ? "failed" : "succeeded";
      },
    },
    {
      id: "second-session",
      promise: 6,
      does: "Somebody with a copied link listens in beside its owner.",
      run: async (calls) => {
        const { room } = await calls.staffed();
        const sub = "y".repeat(22);
        const owner = await calls.enter(room, { sub });
        await joined(await calls.knock(room, { sub }));
        await new Promise((resolve) => setTimeout(resolve, 500));
        return owner.isOver() ? "failed" : "succeeded";
      },
    },
    {
      id: "crowd-from-one-link",
      promise: 6,
      does: "One link opens a hundred sessions to wear the server out.",
      run: async (calls) => {
        const token = calls.token(calls.room().name);
        const crowd = await Promise.all(Array.from({ length: 100 }, () => calls.withToken(token)));
        await new Promise((resolve) => setTimeout(resolve, 500));
        const left = crowd.filter((client) => !client.isOver()).length;
        for (const client of crowd) client.close();
        return left > 1 ? "succeeded" : "failed";
      },
    },
  ],
});
