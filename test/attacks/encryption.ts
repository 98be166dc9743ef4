import { nickOf, update } from "../apps/support/calls.ts";
import { encryption, presence } from "../apps/support/xmpp.ts";
import type { Calls } from "../apps/support/calls.ts";
import { type Attack, group } from "./attack.ts";
import { joined, reached, signallingStage, withoutModules } from "./stage.ts";

const PARTS = ["Prosody"];

/** Joins a room with staff in it, saying this about encryption. */
const joins = (id: string, does: string, content: string): Attack<Calls> => ({
  id,
  promise: 1,
  does,
  run: async (calls) => joined(await calls.knock((await calls.staffed()).room, {}, content)),
});

/** Says this later in a room, and is seen or not. */
const says = (id: string, does: string, content: string): Attack<Calls> => ({
  id,
  promise: 1,
  does,
  run: async (calls) => {
    const { room, staff } = await calls.staffed();
    const eve = await calls.enter(room);
    update(eve, room, content, id);
    return reached(eve, staff, id);
  },
});

const service = (feature: string) =>
  `<features><feature var="http://jitsi.org/protocol/${feature}"/></features>${encryption()}`;

export const encryptionAttacks = group<Calls>({
  defence: "mod_practice_room: the claim of encryption, at the join and ever after",
  parts: PARTS,
  start: signallingStage(withoutModules("practice_room")),
  attacks: [
    joins("no-feature", "A client that cannot encrypt joins.", encryption({ feature: false })),
    joins("no-keys", "A client joins that says it encrypts but has no identity keys.", encryption({ keys: false })),
    joins("encryption-off", "A stock client joins with encryption off.", encryption({ enabled: "" })),
    joins("two-claims", "A client joins that says both on and off.", encryption() + encryption({ enabled: "" })),
    {
      ...joins("late-claim", "A client joins silently and claims encryption a moment later.", ""),
      run: async (calls) => {
        const { room } = await calls.staffed();
        const eve = await calls.knock(room, {}, "");
        eve.send(presence(`${room.jid}/${nickOf(eve)}`, encryption()));
        return joined(eve);
      },
    },
    joins(
      "two-features",
      "A client joins whose second list of features takes the first back.",
      `${encryption()}<features/>`,
    ),
    says("off-during-call", "A participant switches encryption off for everybody.", encryption({ enabled: "" })),
    says("false-during-call", "A participant says that encryption is false.", encryption({ enabled: "false" })),
    says("silence-during-call", "A participant stops claiming encryption.", ""),
    says("feature-dropped", "A participant drops the feature.", encryption({ feature: false })),
    says("keys-changed", "A participant comes with other identity keys.", encryption({ curve: "x" })),
  ],
});

export const serviceAttacks = group<Calls>({
  defence: "mod_practice_room: no services, no borrowed names",
  parts: PARTS,
  start: signallingStage(withoutModules("practice_room")),
  attacks: [
    { ...joins("recorder", "A recorder joins.", service("jibri")), promise: 2 },
    { ...joins("transcriber", "A transcriber joins.", service("transcriber")), promise: 2 },
    {
      ...joins(
        "gateway",
        "A telephone gateway joins.",
        `<initiator xmlns="http://jitsi.org/protocol/jigasi"/>${encryption()}`,
      ),
      promise: 2,
    },
    { ...joins("visitor", "A silent visitor joins.", `<visitor xmlns="jitsi:visitors"/>${encryption()}`), promise: 2 },
    {
      id: "name-of-the-focus",
      promise: 6,
      does: "A participant joins under the focus' name in a room that it has left.",
      run: async (calls) => {
        const { room } = await calls.staffed();
        calls.focus.send(presence(`${room.jid}/focus`, "").replace("<presence ", `<presence type="unavailable" `));
        await calls.focus.expect(
          new RegExp(`<presence[^>]*${room.jid}/focus['"][^>]*unavailable|unavailable[^>]*${room.jid}/focus`),
        );
        const eve = await calls.withToken(calls.token(room.name));
        eve.send(presence(`${room.jid}/focus`, encryption(), { join: true }));
        return joined(eve);
      },
    },
    {
      id: "one-too-many",
      promise: 6,
      does: "Somebody joins a call that is full.",
      run: async (calls) => {
        const { room } = await calls.staffed();
        await calls.enter(room);
        return joined(await calls.knock(room));
      },
    },
  ],
});

const message = (type: "groupchat" | "chat", content: string, id: string, does: string): Attack<Calls> => ({
  id,
  promise: 1,
  does,
  run: async (calls) => {
    const { room, staff } = await calls.staffed();
    const eve = await calls.enter(room);
    const to = type === "chat" ? `${room.jid}/${nickOf(staff)}` : room.jid;
    eve.send(`<message xmlns="jabber:client" type="${type}" to="${to}">${content.replace("TEXT", id)}</message>`);
    return reached(eve, staff, id);
  },
});
const json = (type: string) =>
  `<json-message xmlns="http://jitsi.org/jitmeet">{"type":"${type}","at":1,"question":"TEXT"}</json-message>`;
const KEYS = `<json-message xmlns="http://jitsi.org/jitmeet">{"type":"olm"}</json-message>`;

export const messageAttacks = group<Calls>({
  defence: "mod_practice_room: nothing between participants but the exchange of keys",
  parts: PARTS,
  start: signallingStage(withoutModules("practice_room")),
  attacks: [
    message("groupchat", "<body>TEXT</body>", "chat-to-all", "A participant writes cleartext to everybody."),
    message("chat", "<body>TEXT</body>", "chat-to-one", "A participant writes cleartext to one other."),
    message(
      "groupchat",
      `<x xmlns="urn:other">TEXT</x>`,
      "other-content",
      "A participant sends content of another kind.",
    ),
    message(
      "chat",
      `${KEYS}<body>TEXT</body>`,
      "chat-beside-keys",
      "A participant hides text beside an exchange of keys.",
    ),
    message(
      "groupchat",
      `${KEYS}<body xmlns="urn:xmpp:occupant-id:0">TEXT</body>`,
      "chat-as-an-addition",
      "A participant hides text in what looks like an addition of Prosody's.",
    ),
    message(
      "chat",
      `<json-message xmlns="http://jitsi.org/jitmeet">{"type":"olm"}<body>TEXT</body></json-message>`,
      "chat-inside-keys",
      "A participant hides text inside an exchange of keys.",
    ),
    message("chat", `TEXT${KEYS}`, "chat-around-keys", "A participant hides text around an exchange of keys."),
    message("groupchat", json("new-poll"), "poll", "A stock client asks everybody in a poll."),
    message("groupchat", json("practice-deadline"), "forged-deadline", "A participant says that the room ends now."),
  ],
});
