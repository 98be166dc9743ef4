import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withoutPolicy } from "../../attacks/messaging.ts";
import { waitFor } from "../../bed/wait.ts";
import { someParams } from "../../support/practice.ts";
import { type Account, call } from "../support/messaging.ts";
import {
  ciphertext,
  conferenceOf,
  megolm,
  newRoom,
  ownCall,
  type People,
  redact,
  roomOf,
  send,
  set,
  startPeople,
  WIDGET,
  WIDGET_KEY,
} from "../support/rooms.ts";

// What a practice does every day. What is refused is in test/attacks.

const CLIENT = "/_matrix/client/v3";
let matrix: People;
beforeAll(async () => (matrix = await startPeople(someParams())));
afterAll(() => matrix?.stop());

const OK = { status: 200 };
const REFUSED = { status: 403, body: { errcode: "M_FORBIDDEN" } };

describe("a message", () => {
  it("that is encrypted arrives, whoever writes it, as do answers, edits, threads and its end", async () => {
    const { therapist, patient } = matrix;
    const room = await newRoom(therapist, patient);
    const first = await send(therapist, room, "m.room.encrypted", ciphertext());
    const event_id = String(first.body["event_id"]);
    for (const relation of [
      { "m.in_reply_to": { event_id } },
      { rel_type: "m.replace", event_id },
      { rel_type: "m.reference", event_id },
      { rel_type: "m.thread", event_id, is_falling_back: true, "m.in_reply_to": { event_id } },
    ]) {
      const answer = ciphertext({ "m.relates_to": relation, ciphertext: megolm(40) });
      expect(await send(patient, room, "m.room.encrypted", answer)).toMatchObject(OK);
    }
    const { device_id, sender_key, ...least } = ciphertext();
    expect([device_id, sender_key]).not.toContain(undefined);
    expect(await send(patient, room, "m.room.encrypted", least)).toMatchObject(OK);
    expect(await redact(therapist, room, event_id, {})).toMatchObject(OK);
  });

  it("in clear is refused to staff as well", async () => {
    const room = await newRoom(matrix.therapist);
    const clear = await send(matrix.therapist, room, "m.room.message", { msgtype: "m.text", body: "in clear" });
    expect(clear).toMatchObject(REFUSED);
  });
});

describe("a room", () => {
  it("is what a practice grants, whatever the client asked for", async () => {
    const { therapist, patient } = matrix;
    const made = await therapist.call("POST", `${CLIENT}/createRoom`, {
      preset: "trusted_private_chat",
      visibility: "public",
      name: "Tuesday",
      topic: "in clear",
      room_version: "9",
      is_direct: true,
      invite: [patient.id],
      creation_content: { "m.federate": true },
      initial_state: [{ type: "m.room.guest_access", state_key: "", content: { guest_access: "can_join" } }],
      power_level_content_override: { users_default: 100 },
    });
    const room = roomOf(made);
    const read = async (type: string) => (await therapist.call("GET", `${CLIENT}/rooms/${room}/state/${type}`)).body;
    expect(await read("m.room.encryption")).toEqual({ algorithm: "m.megolm.v1.aes-sha2" });
    expect(await read("m.room.join_rules")).toEqual({ join_rule: "invite" });
    expect(await read("m.room.history_visibility")).toEqual({ history_visibility: "joined" });
    expect(await read("m.room.guest_access")).toEqual({ guest_access: "forbidden" });
    expect(await read("m.room.name")).toEqual({ name: "Tuesday" });
    expect(await read("m.room.create")).toMatchObject({ "m.federate": false });
    expect(await read("m.room.topic")).toMatchObject({ errcode: "M_NOT_FOUND" });
    const levels = await read("m.room.power_levels");
    expect(levels).toMatchObject({ users_default: 0, state_default: 100, invite: 100 });
    expect(Object.keys(levels["users"] ?? {})).not.toContain(patient.id);
  });

  it("is not half made when something about it is refused", async () => {
    const { therapist } = matrix;
    const rooms = async () => (await therapist.call("GET", `${CLIENT}/joined_rooms`)).body["joined_rooms"];
    const before = await rooms();
    for (const body of [
      { invite: ["@nobody:matrix.greenriver.example"] },
      { invite: ["@ada:other.example"] },
      { invite: "cleo" },
      { name: 5 },
      { name: "a".repeat(300) },
      { creation_content: { type: "m.space" } },
      { invite_3pid: [{ medium: "email", address: "a@b", id_server: "a", id_access_token: "b" }] },
    ]) {
      const { status } = await therapist.call("POST", `${CLIENT}/createRoom`, body);
      expect([400, 403]).toContain(status);
    }
    expect(await rooms()).toEqual(before);
  });

  it("is entered by invitation of staff, and left", async () => {
    const { therapist, patient, stranger } = matrix;
    const room = await newRoom(therapist, patient);
    const join = () => stranger.call("POST", `${CLIENT}/join/${room}`, {});
    expect(await join()).toMatchObject(REFUSED);
    expect(await stranger.call("POST", `${CLIENT}/knock/${room}`, {})).toMatchObject(REFUSED);
    const invite = { user_id: stranger.id };
    expect(await therapist.call("POST", `${CLIENT}/rooms/${room}/invite`, invite)).toMatchObject(OK);
    expect(await join()).toMatchObject(OK);
    expect(await stranger.call("POST", `${CLIENT}/rooms/${room}/leave`, {})).toMatchObject(OK);
    const kick = { user_id: patient.id };
    expect(await therapist.call("POST", `${CLIENT}/rooms/${room}/kick`, kick)).toMatchObject(OK);
  });

  it.each([
    ["its encryption as it is", "m.room.encryption", { algorithm: "m.megolm.v1.aes-sha2", rotation_period_msgs: 50 }],
    ["its name", "m.room.name", { name: "Tuesday, 10 o'clock" }],
    ["what is pinned", "m.room.pinned_events", { pinned: [] }],
    ["less history for newcomers", "m.room.history_visibility", { history_visibility: "invited" }],
    ["how long messages stay", "m.room.retention", { max_lifetime: 86_400_000 }],
    ["the end of a call", WIDGET, {}, WIDGET_KEY],
  ])("lets staff set %s", async (_, type, content, key = "") => {
    expect(await set(matrix.therapist, await newRoom(matrix.therapist), type, content, key)).toMatchObject(OK);
  });

  it("has the call that Element writes, started by staff", async () => {
    const { therapist, patient } = matrix;
    const room = await newRoom(therapist);
    expect(await set(therapist, room, WIDGET, ownCall(room), WIDGET_KEY)).toMatchObject(OK);
    const voice = ownCall(room);
    Object.assign(voice.data, { isAudioOnly: true, roomName: undefined });
    expect(await set(therapist, room, WIDGET, voice, WIDGET_KEY)).toMatchObject(OK);
    const shared = await newRoom(therapist, patient);
    expect(await set(patient, shared, WIDGET, ownCall(shared), WIDGET_KEY)).toMatchObject(REFUSED);
    expect(conferenceOf("!abc:matrix.greenriver.example")).toBe("EFQWEYZ2NVQXI4TJPAXGO4TFMVXHE2LWMVZC4ZLYMFWXA3DF");
  });

  it("gives power to colleagues, and starts anew with a later version", async () => {
    const { therapist, colleague, patient } = matrix;
    const room = await newRoom(therapist, patient, colleague);
    const levels = { users: { [colleague.id]: 100, [patient.id]: 0 }, state_default: 100, events: { [WIDGET]: 50 } };
    expect(await set(therapist, room, "m.room.power_levels", levels)).toMatchObject(OK);
    expect(await set(colleague, room, WIDGET, ownCall(room), WIDGET_KEY)).toMatchObject(OK);
    const upgrade = { new_version: "11" };
    expect(await patient.call("POST", `${CLIENT}/rooms/${room}/upgrade`, upgrade)).toMatchObject(REFUSED);
    const later = await therapist.call("POST", `${CLIENT}/rooms/${room}/upgrade`, upgrade);
    const path = `${CLIENT}/rooms/${encodeURIComponent(String(later.body["replacement_room"]))}/state/m.room.encryption`;
    expect((await therapist.call("GET", path)).body).toEqual({ algorithm: "m.megolm.v1.aes-sha2" });
  });

  it("is found for nobody by patients, who are found by staff", async () => {
    const { therapist, patient, stranger } = matrix;
    const found = async (who: Account, term: string) => {
      const { body } = await who.call("POST", `${CLIENT}/user_directory/search`, { search_term: term });
      return (body["results"] as { user_id: string }[]).map(({ user_id: id }) => id);
    };
    await waitFor(async () => (await found(therapist, "dora")).includes(stranger.id), { what: "the directory" });
    expect(await found(patient, "dora")).toEqual([]);
  });
});

describe("a file", () => {
  const upload = (bytes: Buffer) =>
    call(`http://127.0.0.1:${matrix.ports.client}/_matrix/media/v3/upload`, "POST", bytes, matrix.patient.token);

  it.each([0, 1, 16, 1000, 200_000])(
    "of %i random bytes, which is what an encrypted one is, is taken",
    async (size) => {
      expect(await upload(randomBytes(size))).toMatchObject(OK);
    },
  );
});

describe("whatever a client sends", () => {
  /** Two servers are asked a hundred times. */
  const LONG = { timeout: 300_000 };
  let stock: People;
  beforeAll(async () => (stock = await startPeople(someParams(), { edit: withoutPolicy })));
  afterAll(() => stock?.stop());

  const SECRET = "SecretOfThePatient";
  // Words that the rules know, so that some of what is made passes a part of them.
  const WORDS =
    `algorithm ciphertext session_id device_id sender_key m.relates_to redacts body name event_id rel_type pinned users
     events membership url data type domain ${SECRET}`.split(/\s+/);
  const key = fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 8 }));
  const leaf = fc.oneof(
    fc.constant(SECRET),
    fc.constantFrom("m.megolm.v1.aes-sha2", "jitsi", "invite", "join", "m.thread", `$${"a".repeat(43)}`),
    fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
    fc.boolean(),
    fc.constant(null),
    fc.string({ maxLength: 12 }),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(key, tie("value"), { maxKeys: 4 }),
    ),
  }));
  const content = fc.oneof(
    fc.dictionary(key, value, { maxKeys: 6 }),
    fc.dictionary(key, value, { maxKeys: 2 }).map((more) => ciphertext(more)),
  );
  const TYPES =
    `m.room.encrypted m.room.message m.room.redaction m.reaction m.widget m.room.name m.room.topic m.room.power_levels
     m.room.member m.room.pinned_events m.room.encryption m.room.tombstone ${SECRET}`.split(/\s+/);
  const type = fc.constantFrom(...TYPES);
  const body = fc.record(
    {
      name: fc.oneof(value, fc.string()),
      topic: value,
      invite: value,
      preset: fc.oneof(fc.constantFrom("private_chat", "public_chat", "trusted_private_chat"), value),
      visibility: value,
      room_version: fc.oneof(fc.constantFrom("9", "11", "12"), value),
      creation_content: value,
      initial_state: fc.oneof(fc.array(fc.record({ type, content, state_key: fc.string() }), { maxLength: 3 }), value),
      power_level_content_override: value,
      invite_3pid: value,
      room_alias_name: value,
      is_direct: value,
    },
    { requiredKeys: [] },
  );
  const options = () => {
    const seed = Number(process.env.FUZZ_SEED ?? randomBytes(4).readUInt32LE());
    process.stdout.write(`fuzz: FUZZ_SEED=${seed} repeats this\n`);
    return { seed, numRuns: Number(process.env.FUZZ_RUNS ?? 100), endOnFailure: true };
  };

  /** Everything in clear that the server now holds of a room but its name, which is meant to be read. */
  async function held(who: Account, room: string): Promise<string> {
    const { body: state } = await who.call("GET", `${CLIENT}/rooms/${room}/state`);
    const { body: messages } = await who.call("GET", `${CLIENT}/rooms/${room}/messages?dir=b&limit=500`);
    const events = [...(state as unknown as object[]), ...(messages["chunk"] as object[])] as { type: string }[];
    return JSON.stringify(events.filter(({ type: found }) => found !== "m.room.name"));
  }

  it(
    "no event leaves cleartext behind, and none makes Synapse fail more often than without our module",
    LONG,
    async () => {
      const rooms = await Promise.all([matrix, stock].map(({ therapist, patient }) => newRoom(therapist, patient)));
      const failures = [0, 0];
      const event = fc.record({ type, content, state: fc.boolean(), key: fc.constantFrom("", SECRET) });
      await fc.assert(
        fc.asyncProperty(event, async ({ type: wanted, content: sent, state, key: stateKey }) => {
          for (const [index, { therapist }] of [matrix, stock].entries()) {
            const room = rooms[index] ?? "";
            const name = encodeURIComponent(wanted);
            const { status } = state
              ? await set(therapist, room, name, sent, stateKey)
              : await send(therapist, room, name, sent);
            if (status >= 500) failures[index] = (failures[index] ?? 0) + 1;
          }
        }),
        options(),
      );
      expect(await held(matrix.therapist, rooms[0] ?? "")).not.toContain(SECRET);
      expect(await held(stock.therapist, rooms[1] ?? "")).toContain(SECRET);
      expect(failures[0]).toBeLessThanOrEqual(failures[1] ?? 0);
    },
  );

  it("no request for a room makes one that a practice does not have", LONG, async () => {
    const failures = [0, 0];
    await fc.assert(
      fc.asyncProperty(body, async (asked) => {
        for (const [index, { therapist }] of [matrix, stock].entries()) {
          const made = await therapist.call("POST", `${CLIENT}/createRoom`, asked);
          if (made.status >= 500) failures[index] = (failures[index] ?? 0) + 1;
          if (index > 0 || made.status !== 200) continue;
          const found = await held(therapist, roomOf(made));
          expect(found).toContain(`"algorithm":"m.megolm.v1.aes-sha2"`);
          expect(found).toContain(`"join_rule":"invite"`);
          expect(found).not.toContain(SECRET);
        }
      }),
      { ...options(), numRuns: 40 },
    );
    expect(failures[0]).toBeLessThanOrEqual(failures[1] ?? 0);
  });
});
