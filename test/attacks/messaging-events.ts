import { ciphertext, newRoom, ownCall, redact, send, set, WIDGET, WIDGET_KEY } from "../apps/support/rooms.ts";
import type { Attack } from "./attack.ts";
import { asks, type Practice, sends, sets } from "./messaging.ts";

// Generated from the table of events: what is refused, and every field of what is not in which text could hide.

const SECRET = "I feel better today";
const EVENT = `$${"a".repeat(43)}`;
const long = Buffer.from(`${SECRET}. `.repeat(12)).toString("base64").replaceAll("=", "");

/** Types that clients send in clear when a room is not encrypted, with what they hold then. */
const CLEARTEXT: Readonly<Record<string, object>> = {
  "m.room.message": { msgtype: "m.text", body: SECRET },
  "m.sticker": { body: SECRET, url: "mxc://a/b" },
  "m.call.invite": { call_id: "a", version: 1, lifetime: 1000, offer: { type: "offer", sdp: SECRET } },
  "m.poll.start": { "m.poll": { question: { "m.text": [{ body: SECRET }] } } },
  "m.key.verification.start": { from_device: SECRET },
  "m.beacon": { "m.location": { uri: "geo:52.5,13.4" } },
  "org.example.note": { note: SECRET },
};

/** What hides in an event that says it is encrypted. */
const SMUGGLED: Readonly<Record<string, object>> = {
  "beside-the-ciphertext": { body: SECRET },
  "as-short-ciphertext": { ciphertext: "aGVsbG8" },
  "as-words-of-ciphertext": { ciphertext: `${SECRET}. `.repeat(8) },
  "as-coded-ciphertext": { ciphertext: long },
  "with-another-algorithm": { algorithm: "none", ciphertext: SECRET },
  "as-a-session": { session_id: SECRET },
  "as-a-device": { device_id: SECRET },
  "as-a-key": { sender_key: SECRET },
  "as-the-answered-event": { "m.relates_to": { "m.in_reply_to": { event_id: SECRET } } },
  "beside-a-reply": { "m.relates_to": { "m.in_reply_to": { event_id: EVENT, body: SECRET } } },
};

/** Says something about a message that is there. */
function related(id: string, does: string, type: string, content: (event: string) => object): Attack<Practice> {
  return asks(1, id, does, async ({ patient, room }) => {
    const { body } = await send(patient, room, "m.room.encrypted", ciphertext());
    return send(patient, room, type, content(String(body["event_id"])));
  });
}

const messages: readonly Attack<Practice>[] = [
  ...Object.entries(CLEARTEXT).map(([type, content]) =>
    sends(`clear-${name(type)}`, `A patient's client sends \`${type}\` in clear.`, type, content),
  ),
  ...Object.entries(SMUGGLED).map(([id, content]) =>
    sends(
      `text-${id}`,
      `A changed client hides text in an encrypted event, ${id.replaceAll("-", " ")}.`,
      "m.room.encrypted",
      ciphertext(content),
    ),
  ),
  sends("text-in-a-mending", "A changed client hides text in an event that mends history.", "org.matrix.dummy_event", {
    note: SECRET,
  }),
  related("clear-m-reaction", "A patient reacts to a message in clear.", "m.reaction", (event_id) => ({
    "m.relates_to": { rel_type: "m.annotation", event_id, key: "sad" },
  })),
  related(
    "text-as-a-reaction",
    "A changed client hides a reaction in an encrypted event.",
    "m.room.encrypted",
    (event_id) => ciphertext({ "m.relates_to": { rel_type: "m.reference", event_id, key: "sad" } }),
  ),
  related(
    "text-as-a-relation",
    "A changed client hides text in the kind of a relation.",
    "m.room.encrypted",
    (event_id) => ciphertext({ "m.relates_to": { rel_type: SECRET, event_id } }),
  ),
  asks(1, "reason-of-a-redaction", "A message is taken back with a reason in clear.", async ({ patient, room }) => {
    const { body } = await send(patient, room, "m.room.encrypted", ciphertext());
    return redact(patient, room, String(body["event_id"]), { reason: SECRET });
  }),
];

/** State that no practice needs, or that says something else than a practice's rooms say. */
const FORBIDDEN_STATE: readonly [id: string, type: string, content: object, key?: string][] = [
  ["a topic", "m.room.topic", { topic: SECRET }],
  ["a picture", "m.room.avatar", { url: "mxc://a/b" }],
  ["a list of servers", "m.room.server_acl", { allow: ["*"] }],
  ["a room in a space", "m.space.child", { via: ["a"] }, "!a:a"],
  ["a place", "m.beacon_info", { description: SECRET }, "@ada:matrix.greenriver.example"],
  ["a rule of moderation", "m.policy.rule.user", { entity: "@a:a", recommendation: "m.ban", reason: SECRET }, "a"],
  ["a call past the practice", "org.matrix.msc3401.call", { "m.name": SECRET }, "a"],
  ["made-up state", "org.example.note", { note: SECRET }, "a"],
  ["an encrypted state", "m.room.encrypted", ciphertext()],
  ["no encryption", "m.room.encryption", {}],
  ["another encryption", "m.room.encryption", { algorithm: "none" }],
  ["an open door", "m.room.join_rules", { join_rule: "public" }],
  ["a door to knock at", "m.room.join_rules", { join_rule: "knock" }],
  ["history for newcomers", "m.room.history_visibility", { history_visibility: "shared" }],
  ["history for the world", "m.room.history_visibility", { history_visibility: "world_readable" }],
  ["guests", "m.room.guest_access", { guest_access: "can_join" }],
  ["somebody else's widget", WIDGET, { type: "m.custom", url: "https://evil.example/" }, WIDGET_KEY],
  ["power for everybody", "m.room.power_levels", { users_default: 50 }],
];

/** What is allowed, with text where none belongs. */
const STATE_WITH_TEXT: readonly [id: string, type: string, content: object, key?: string][] = [
  ["join rules", "m.room.join_rules", { join_rule: "invite", note: SECRET }],
  ["a name", "m.room.name", { name: "Tuesday", note: SECRET }],
  ["pinned messages", "m.room.pinned_events", { pinned: [SECRET] }],
  ["an ended room", "m.room.tombstone", { body: SECRET, replacement_room: "!a:a" }],
  ["a retention", "m.room.retention", { max_lifetime: 86_400_000, note: SECRET }],
  ["a level's type", "m.room.power_levels", { events: { [SECRET]: 50 } }],
  ["a level's owner", "m.room.power_levels", { users: { "@i_feel_better:matrix.greenriver.example": 0 } }],
];

/** A call that is not what Element writes for this room: each changes one thing about it. */
const FORGED_CALLS: readonly [id: string, change: (call: ReturnType<typeof ownCall>) => object, key?: string][] = [
  [
    "on somebody else's page",
    (call) => ({ ...call, url: call.url.replace("chat.greenriver.example", "evil.example") }),
  ],
  ["on a page beside ours", (call) => ({ ...call, url: call.url.replace("jitsi.html", "x.html") })],
  ["on somebody else's bridge", (call) => ({ ...call, data: { ...call.data, domain: "evil.example" } })],
  [
    "on somebody else's bridge by its address",
    (call) => ({ ...call, url: call.url.replace("$domain", "evil.example") }),
  ],
  [
    "of another room",
    (call) => ({ ...call, data: { ...call.data, conferenceId: "EFQWEYZ2NVQXI4TJPAXGO4TFMVXHE2LW" } }),
  ],
  ["that anybody may enter", (call) => ({ ...call, data: { ...call.data, auth: undefined } })],
  ["of a kind that Element never writes", (call) => ({ ...call, type: "m.jitsi" })],
  ["with text beside it", (call) => ({ ...call, note: SECRET })],
  ["with text in its data", (call) => ({ ...call, data: { ...call.data, title: SECRET } })],
  ["with text as its name", (call) => ({ ...call, name: SECRET })],
  ["with text as its conference", (call) => ({ ...call, data: { ...call.data, conferenceId: SECRET } })],
  ["with text in its address", (call) => ({ ...call, url: `${call.url}&feeling=better` })],
  ["with a picture", (call) => ({ ...call, avatar_url: "mxc://a/b" })],
  ["under text as its key", (call) => call, SECRET],
];

const forgedCalls = FORGED_CALLS.map(([what, change, key = WIDGET_KEY]) =>
  asks(1, `call-${name(what)}`, `A room gets a call ${what}.`, ({ therapist, room }) =>
    set(therapist, room, WIDGET, change(ownCall(room)), key),
  ),
);

const states: readonly Attack<Practice>[] = [
  ...FORBIDDEN_STATE.map(([what, type, content, key]) =>
    sets(`state-${name(what)}`, `A room gets ${what}.`, type, content, key),
  ),
  ...STATE_WITH_TEXT.map(([where, type, content, key]) =>
    sets(`text-in-${name(where)}`, `Text hides in the state of ${where}.`, type, content, key),
  ),
  sets("power-for-a-patient", "A patient gets power over a room.", "m.room.power_levels", ({ patient }) => ({
    users: { [patient.id]: 50 },
  })),
];

const member = (
  id: string,
  does: string,
  run: (practice: Practice, own: string) => ReturnType<typeof send>,
): Attack<Practice> =>
  asks(1, id, does, async (practice) => run(practice, await newRoom(practice.therapist, practice.patient)));

const withReason = (action: string, who: "therapist" | "patient") =>
  member(`reason-of-a-${action}`, `A reason in clear stands beside a ${action}.`, (practice, room) =>
    practice[who].call("POST", `/_matrix/client/v3/rooms/${room}/${action}`, {
      ...(who === "therapist" && { user_id: action === "invite" ? practice.stranger.id : practice.patient.id }),
      reason: SECRET,
    }),
  );

const memberships: readonly Attack<Practice>[] = [
  withReason("kick", "therapist"),
  withReason("ban", "therapist"),
  withReason("invite", "therapist"),
  withReason("leave", "patient"),
  member("text-beside-a-membership", "Text hides beside one's own membership.", ({ patient }, room) =>
    set(patient, room, "m.room.member", { membership: "join", note: SECRET }, patient.id),
  ),
  member("text-as-a-person", "Text is invited as a person.", ({ therapist }, room) =>
    therapist.call("POST", `/_matrix/client/v3/rooms/${room}/invite`, {
      user_id: "@i_feel_better:matrix.greenriver.example",
    }),
  ),
  member("text-as-a-banned-person", "Text is banned as a person.", ({ therapist }, room) =>
    therapist.call("POST", `/_matrix/client/v3/rooms/${room}/ban`, {
      user_id: "@i_feel_better:matrix.greenriver.example",
    }),
  ),
];

function name(words: string): string {
  return words
    .replaceAll(/[^a-z0-9]+/gi, "-")
    .replaceAll(/^-|-$/g, "")
    .toLowerCase();
}

export const eventAttacks: readonly Attack<Practice>[] = [...messages, ...states, ...forgedCalls, ...memberships];
