import { call } from "../apps/support/messaging.ts";
import { roomOf } from "../apps/support/rooms.ts";
import { waitFor } from "../bed/wait.ts";
import { type Attack, group } from "./attack.ts";
import { eventAttacks } from "./messaging-events.ts";
import { asks, MESSAGING_PARTS, messagingStage, outcomeOf, type Practice, withoutPolicy } from "./messaging.ts";

const CLIENT = "/_matrix/client/v3";

/** A therapist's client asks for a room that is more than a practice grants; what came of it is looked up. */
const makes = (
  promise: Attack<Practice>["promise"],
  id: string,
  does: string,
  body: (practice: Practice) => object,
  type: string,
  wrong: (content: Readonly<Record<string, unknown>>, practice: Practice) => boolean,
): Attack<Practice> => ({
  id,
  promise,
  does,
  run: async (practice) => {
    const { therapist } = practice;
    const made = await therapist.call("POST", `${CLIENT}/createRoom`, body(practice));
    if (made.status === 403) return "failed";
    const state = await therapist.call("GET", `${CLIENT}/rooms/${roomOf(made)}/state/${type}`);
    return state.status === 200 && wrong(state.body, practice) ? "succeeded" : "failed";
  },
});

const initial = (type: string, content: object) => ({ initial_state: [{ type, state_key: "", content }] });

const creation: readonly Attack<Practice>[] = [
  asks(5, "patient-makes-a-room", "A patient makes a room.", ({ patient }) =>
    patient.call("POST", `${CLIENT}/createRoom`, {}),
  ),
  makes(
    1,
    "room-with-a-topic",
    "A room is made with a topic.",
    () => ({ topic: "in clear" }),
    "m.room.topic",
    (found) => Boolean(found["topic"]),
  ),
  makes(
    1,
    "room-with-another-encryption",
    "A room is made with another encryption.",
    () => initial("m.room.encryption", { algorithm: "none" }),
    "m.room.encryption",
    ({ algorithm }) => algorithm !== "m.megolm.v1.aes-sha2",
  ),
  makes(
    1,
    "room-with-made-up-state",
    "A room is made with state in clear.",
    () => initial("org.example.note", { note: "in clear" }),
    "org.example.note",
    ({ note }) => note !== undefined,
  ),
  makes(
    5,
    "room-for-everybody",
    "A room is made that everybody may join.",
    () => ({ preset: "public_chat" }),
    "m.room.join_rules",
    (found) => found["join_rule"] !== "invite",
  ),
  makes(
    5,
    "room-with-history",
    "A room is made whose newcomers read what was before.",
    () => ({ preset: "private_chat" }),
    "m.room.history_visibility",
    (found) => found["history_visibility"] !== "joined",
  ),
  makes(
    5,
    "room-with-guests",
    "Element's own request lets guests in.",
    () => initial("m.room.guest_access", { guest_access: "can_join" }),
    "m.room.guest_access",
    (found) => found["guest_access"] === "can_join",
  ),
  makes(
    5,
    "room-of-equals",
    "Element's own request for a conversation gives the patient all power.",
    ({ patient }) => ({ preset: "trusted_private_chat", is_direct: true, invite: [patient.id] }),
    "m.room.create",
    (found, { patient }) => JSON.stringify(found).includes(patient.id),
  ),
  makes(
    5,
    "room-for-the-federation",
    "A room is made that other servers may enter.",
    () => ({}),
    "m.room.create",
    (found) => found["m.federate"] !== false,
  ),
  makes(
    5,
    "space",
    "A space is made, which lists rooms.",
    () => ({ creation_content: { type: "m.space" } }),
    "m.room.create",
    ({ type }) => type === "m.space",
  ),
];

const people: readonly Attack<Practice>[] = [
  asks(5, "patient-invites", "A patient invites somebody into the room with the therapist.", (practice) =>
    practice.patient.call("POST", `${CLIENT}/rooms/${practice.room}/invite`, { user_id: practice.stranger.id }),
  ),
  {
    id: "patient-finds-patient",
    promise: 5,
    does: "A patient looks for others in the directory.",
    run: async ({ therapist, patient, stranger }) => {
      const finds = async (who: typeof patient) => {
        const { body } = await who.call("POST", `${CLIENT}/user_directory/search`, { search_term: "dora" });
        return JSON.stringify(body).includes(stranger.id);
      };
      await waitFor(() => finds(therapist), { what: "the directory" });
      return (await finds(patient)) ? "succeeded" : "failed";
    },
  },
];

const FILES: Readonly<Record<string, Buffer>> = {
  text: Buffer.from("I feel better today. ".repeat(100)),
  photograph: Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), crypto.getRandomValues(Buffer.alloc(4096))]),
  document: Buffer.concat([Buffer.from("%PDF-1.7\n"), crypto.getRandomValues(Buffer.alloc(4096))]),
};

const files = Object.entries(FILES).map(([kind, bytes]): Attack<Practice> => ({
  id: `clear-${kind}`,
  promise: 1,
  does: `A client uploads a ${kind} without encrypting it.`,
  run: async ({ ports, patient }) =>
    outcomeOf(await call(`http://127.0.0.1:${ports.client}/_matrix/media/v3/upload`, "POST", bytes, patient.token)),
}));

/** Everything that our module refuses, on a release of Synapse; absent: on the one that we ship. */
export const policyAttacksOn = (version?: string) =>
  group<Practice>({
    defence: "practice_policy: what a room may hold, field by field; who makes rooms, who is found, what is uploaded",
    parts: MESSAGING_PARTS,
    start: messagingStage(withoutPolicy, version),
    attacks: [...eventAttacks, ...creation, ...people, ...files],
  });

export const policyAttacks = policyAttacksOn();
