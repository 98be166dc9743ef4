import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Calls, nickOf, startCalls } from "../apps/support/calls.ts";
import { seconds, type Signalling, startSignalling } from "../apps/support/signalling.ts";
import { encryption, presence } from "../apps/support/xmpp.ts";
import { someParams } from "../support/practice.ts";
import { type Attack, group, type Outcome } from "./attack.ts";
import { ask, joined, reached, signallingStage, withChange, withoutModules } from "./stage.ts";

const PARTS = ["Prosody"];
const query = (ns: string, content = "") => `<query xmlns="http://jabber.org/protocol/${ns}">${content}</query>`;

/** A question that our firewall refuses, and that otherwise is answered by somebody else. */
const asks = (
  id: string,
  does: string,
  request: (calls: Calls, room: string) => Promise<["get" | "set", string, string]>,
  promise: Attack<Calls>["promise"] = 5,
): Attack<Calls> => ({
  id,
  promise,
  does,
  run: async (calls) => {
    const { room } = await calls.staffed();
    const answer = await ask(await calls.enter(room), ...(await request(calls, room.jid)));
    return /type=['"]result['"]/.test(answer) ? "succeeded" : "failed";
  },
});

/** A stanza to somebody who must not get it. */
const sends = (id: string, does: string, stanza: (to: string, room: string) => string): Attack<Calls> => ({
  id,
  promise: 5,
  does,
  run: async (calls) => {
    const { room, staff } = await calls.staffed();
    const eve = await calls.enter(room);
    eve.send(stanza(staff.jid, `${room.jid}/${nickOf(staff)}`).replace("TEXT", id));
    return reached(eve, staff, id);
  },
});

export const firewallAttacks = group<Calls>({
  defence: "mod_practice_firewall: whom a participant may address",
  parts: PARTS,
  start: signallingStage(withoutModules("practice_firewall")),
  attacks: [
    sends(
      "direct-message",
      "A participant writes to another one past the room.",
      (to) => `<message xmlns="jabber:client" type="chat" to="${to}"><body>TEXT</body></message>`,
    ),
    sends(
      "query-past-the-rules",
      "A participant hides content in a query to another one.",
      (_, occupant) =>
        `<iq xmlns="jabber:client" type="set" id="q" to="${occupant}"><x xmlns="urn:other">TEXT</x></iq>`,
    ),
    asks("another-rooms-data", "A participant asks for another room's data.", async (calls) => [
      "get",
      (await calls.open(calls.room())).jid,
      query("disco#info"),
    ]),
  ],
});

/** Kinds of rooms that the image's own configuration has, without any rule of ours. */
const SIDE_ROOMS = ["breakout", "lobby"] as const;

export const sideRoomAttacks = group<Calls>({
  defence: "prosody.cfg.lua has no other rooms, and mod_practice_firewall leads to none",
  parts: PARTS,
  start: signallingStage((file, text) => {
    if (file !== "prosody.cfg.lua") return withoutModules("practice_firewall")(file, text);
    const rooms = SIDE_ROOMS.map((kind) => `Component "${kind}.meet.greenriver.example" "muc"\n`).join("");
    return `${withoutModules("practice_firewall")(file, text)}${rooms}`;
  }),
  attacks: SIDE_ROOMS.map((kind): Attack<Calls> => ({
    id: `${kind}-room`,
    promise: 1,
    does: `Two participants meet in a ${kind} room, where no rule holds.`,
    run: async (calls) => {
      const eve = await calls.withToken(calls.token(calls.room().name));
      eve.send(
        presence(`side@${kind}.${calls.xmpp.domain}/${nickOf(eve)}`, encryption({ enabled: "" }), { join: true }),
      );
      return joined(eve);
    },
  })),
});

/** Posts something to the internal interface. */
const posts = async (calls: Calls, body: string, port?: number): Promise<Outcome> => {
  const { status } = await calls.post(body, port);
  if (status !== 200 && status !== 401 && status !== 404) throw new Error(`It answered ${status}.`);
  return status === 200 ? "succeeded" : "failed";
};
const waiting = (calls: Calls) => ({ act: "waiting", room: calls.room().name }) as const;

export const controlSignature = group<Calls>({
  defence: "mod_practice_control: the signature of a request",
  parts: PARTS,
  start: signallingStage(
    withChange(
      "mod_practice_control.lua",
      "local request = request_of(event.request.body);",
      "local request = json.decode(event.request.body);",
    ),
  ),
  attacks: [
    {
      id: "control-unsigned",
      promise: 5,
      does: "A pod asks who waits without a signature.",
      run: (calls) => posts(calls, JSON.stringify(waiting(calls))),
    },
  ],
});

export const controlOnce = group<Calls>({
  defence: "mod_practice_control: a request is good once, and for half a minute",
  parts: PARTS,
  start: signallingStage((file, text) => {
    const again = withChange(
      "mod_practice_control.lua",
      "if is_used(claims.jti, claims.exp, now) then return nil; end",
      "",
    );
    const late = withChange("mod_practice_control.lua", "or now >= claims.exp then", "then");
    return late(file, again(file, text) ?? "");
  }),
  attacks: [
    {
      id: "control-replayed",
      promise: 5,
      does: "Somebody repeats a request that was overheard.",
      run: async (calls) => {
        const request = await calls.request(waiting(calls));
        await calls.post(request);
        return posts(calls, request);
      },
    },
    {
      id: "control-old",
      promise: 5,
      does: "Somebody sends a request of yesterday.",
      run: async (calls) => posts(calls, await calls.request(waiting(calls), seconds() - 86_400)),
    },
  ],
});

export const controlPort = group<Calls>({
  defence: "mod_practice_control: the internal port alone",
  parts: PARTS,
  start: signallingStage(
    withChange("mod_practice_control.lua", "return tonumber(event.request.conn:serverport()) == port;", "return true;"),
  ),
  attacks: [
    {
      id: "control-through-the-front-port",
      promise: 3,
      does: "A request reaches the internal interface on the port that the front uses.",
      run: async (calls) => posts(calls, await calls.request(waiting(calls)), calls.ports.http),
    },
  ],
});

/** Prosody whose rules of rooms are gone: is it still in service? */
const readiness = (id: string, does: string, broken: (file: string, text: string) => string | undefined) =>
  group({
    defence: "mod_practice_ready: no service without the rules",
    parts: PARTS,
    start: (defended: boolean) =>
      startSignalling(someParams(), {
        edit: (file, text) => {
          const blind = withChange(
            "mod_practice_ready.lua",
            "return all_loaded() and refuses_cleartext() and 200 or 503;",
            "return 200;",
          );
          return broken(file, defended ? text : (blind(file, text) ?? ""));
        },
      }),
    attacks: [
      {
        id,
        promise: 1,
        does,
        run: async (prosody) => {
          const { status } = await fetch(`http://127.0.0.1:${prosody.ports.http}/ready`);
          return status === 200 ? "succeeded" : "failed";
        },
      } satisfies Attack<Signalling>,
    ],
  });

export const readinessAttacks = [
  readiness("module-missing", "A module of ours does not load, and rooms without rules serve.", (file, text) =>
    file === "mod_practice_room.lua" ? undefined : text,
  ),
  readiness("module-empty", "A module of the right name that does nothing is loaded.", (file, text) =>
    file === "mod_practice_room.lua" ? "" : text,
  ),
  readiness("module-not-configured", "Somebody takes the rules out of the configuration.", (file, text) =>
    file === "prosody.cfg.lua" ? text.replaceAll(`"practice_room"; `, "") : text,
  ),
];

/** A plugin of the image that writes whom it serves into its log, as several do. */
const TALKATIVE = `module:hook("resource-bind", function (event)
	module:log("error", "Serving %s in room %s", event.session.full_jid, event.session.jitsi_meet_room);
end);
`;

export const logAttacks = group<Calls>({
  defence: "mod_practice_log: sentences without what was put into them",
  parts: PARTS,
  start: async (defended) => {
    const plugins = await mkdtemp(join(tmpdir(), "plugins-"));
    await writeFile(join(plugins, "mod_features_identity.lua"), TALKATIVE);
    const calls = await startCalls(someParams(), {
      plugins,
      ...(!defended && { edit: withoutModules("practice_log") }),
    });
    const stop = async () => {
      await calls.stop();
      await rm(plugins, { recursive: true });
    };
    return { ...calls, stop };
  },
  attacks: [
    {
      id: "room-in-the-log",
      promise: 5,
      does: "A plugin of the image writes rooms and participants into the log.",
      run: async (calls) => {
        const { room } = await calls.staffed();
        const log = await calls.log();
        if (!log.includes("in room")) throw new Error("The plugin did not write.");
        return log.includes(room.name) ? "succeeded" : "failed";
      },
    },
  ],
});
