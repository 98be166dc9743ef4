import { Preset, Visibility } from "matrix-js-sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../../bed/wait.ts";
import { someParams } from "../../support/practice.ts";
import { type EncryptingClient, startClient } from "../support/matrix-client.ts";
import type { Account } from "../support/messaging.ts";
import { type People, startPeople } from "../support/rooms.ts";

// Promise 5: each patient sees the own history with the therapist and nothing of anybody else.

const CLIENT = "/_matrix/client/v3";
const FOR_CLEO = "Dear Cleo, how was your week?";
const FROM_CLEO = "I feel better today.";
const FOR_DORA = "Dear Dora, shall we meet on Tuesday?";

let matrix: People;
let clients: Record<"therapist" | "patient" | "stranger", EncryptingClient>;
let rooms: Record<"patient" | "stranger", string>;
let messages: Record<"patient" | "stranger", string>;

/** As Element asks for a conversation of two. */
async function converse(with_: "patient" | "stranger", text: string): Promise<[room: string, event: string]> {
  const { room_id: room } = await clients.therapist.sdk.createRoom({
    preset: Preset.TrustedPrivateChat,
    visibility: Visibility.Private,
    is_direct: true,
    invite: [matrix[with_].id],
    initial_state: [{ type: "m.room.guest_access", state_key: "", content: { guest_access: "can_join" } }],
  });
  await waitFor(() => clients[with_].sdk.getRoom(room), { what: "the invitation" });
  await clients[with_].sdk.joinRoom(room);
  await waitFor(() => clients.therapist.sdk.getRoom(room)?.getJoinedMemberCount() === 2, { what: "the patient" });
  return [room, await clients.therapist.say(room, text)];
}

beforeAll(async () => {
  matrix = await startPeople(someParams());
  const start = (account: Account) => startClient(matrix.ports.client, account);
  const [therapist, patient, stranger] = await Promise.all([
    start(matrix.therapist),
    start(matrix.patient),
    start(matrix.stranger),
  ]);
  clients = { therapist, patient, stranger };
  const [cleos, forCleo] = await converse("patient", FOR_CLEO);
  const [doras, forDora] = await converse("stranger", FOR_DORA);
  rooms = { patient: cleos, stranger: doras };
  messages = { patient: forCleo, stranger: forDora };
});
afterAll(async () => {
  for (const client of Object.values(clients ?? {})) client.stop();
  await matrix?.stop();
});

describe("two patients and their therapist", () => {
  it("write to each other and read it, and the server holds ciphertext", async () => {
    await clients.patient.hears(rooms.patient, FOR_CLEO);
    await clients.patient.say(rooms.patient, FROM_CLEO);
    await clients.therapist.hears(rooms.patient, FROM_CLEO);
    await clients.stranger.hears(rooms.stranger, FOR_DORA);

    const held = await matrix.database.query("select json::jsonb->>'type' || json from event_json");
    expect(held).not.toMatch(/m\.room\.message|Dear|better/);
    const path = `${CLIENT}/rooms/${encodeURIComponent(rooms.patient)}/event/${encodeURIComponent(messages.patient)}`;
    const { body } = await matrix.patient.call("GET", path);
    expect(body["type"]).toBe("m.room.encrypted");
    expect(Object.keys(body["content"] as object).toSorted()).toEqual(
      ["algorithm", "ciphertext", "device_id", "sender_key", "session_id"].toSorted(),
    );
  });

  it("have one room each, which only the therapist shares", () => {
    const known = (client: EncryptingClient) => client.sdk.getRooms().map(({ roomId }) => roomId);
    expect(known(clients.patient)).toEqual([rooms.patient]);
    expect(known(clients.stranger)).toEqual([rooms.stranger]);
    expect(new Set(known(clients.therapist))).toEqual(new Set([rooms.patient, rooms.stranger]));
  });

  it("cannot react in clear, nor can the patient make a room", async () => {
    const reaction = clients.patient.sdk.sendEvent(
      rooms.patient,
      "m.reaction" as never,
      {
        "m.relates_to": { rel_type: "m.annotation", event_id: messages.patient, key: "x" },
      } as never,
    );
    await expect(reaction).rejects.toMatchObject({ errcode: "M_FORBIDDEN" });
    await expect(clients.patient.sdk.createRoom({})).rejects.toMatchObject({ errcode: "M_FORBIDDEN" });
  });
});

describe("what a patient gets of another", () => {
  const room = () => encodeURIComponent(rooms.stranger);
  const event = () => encodeURIComponent(messages.stranger);
  const other = () => encodeURIComponent(matrix.stranger.id);

  it.each<[what: string, method: string, path: () => string, body?: () => object]>([
    ["the room's state", "GET", () => `${CLIENT}/rooms/${room()}/state`],
    ["its name", "GET", () => `${CLIENT}/rooms/${room()}/state/m.room.name`],
    ["its members", "GET", () => `${CLIENT}/rooms/${room()}/members`],
    ["who is in it", "GET", () => `${CLIENT}/rooms/${room()}/joined_members`],
    ["its messages", "GET", () => `${CLIENT}/rooms/${room()}/messages?dir=b`],
    ["one message", "GET", () => `${CLIENT}/rooms/${room()}/event/${event()}`],
    ["what is around a message", "GET", () => `${CLIENT}/rooms/${room()}/context/${event()}`],
    ["answers to a message", "GET", () => `/_matrix/client/v1/rooms/${room()}/relations/${event()}`],
    ["its threads", "GET", () => `/_matrix/client/v1/rooms/${room()}/threads`],
    ["the event of a day", "GET", () => `/_matrix/client/v1/rooms/${room()}/timestamp_to_event?ts=0&dir=f`],
    ["its addresses", "GET", () => `${CLIENT}/rooms/${room()}/aliases`],
    ["a summary", "GET", () => `/_matrix/client/v1/room_summary/${room()}`],
    ["a space of it", "GET", () => `/_matrix/client/v1/rooms/${room()}/hierarchy`],
    ["a first look", "GET", () => `${CLIENT}/rooms/${room()}/initialSync`],
    ["entry", "POST", () => `${CLIENT}/join/${room()}`, () => ({})],
    ["entry by another path", "POST", () => `${CLIENT}/rooms/${room()}/join`, () => ({})],
    ["a place at the door", "POST", () => `${CLIENT}/knock/${room()}`, () => ({})],
    ["a word in it", "PUT", () => `${CLIENT}/rooms/${room()}/send/m.room.encrypted/1`, () => ({})],
    ["a mark of reading", "POST", () => `${CLIENT}/rooms/${room()}/receipt/m.read/${event()}`, () => ({})],
    ["a sign of typing", "PUT", () => `${CLIENT}/rooms/${room()}/typing/${other()}`, () => ({ typing: true })],
    ["the profile", "GET", () => `${CLIENT}/profile/${other()}`],
    ["a field of the profile", "GET", () => `${CLIENT}/profile/${other()}/displayname`],
    ["account data", "GET", () => `${CLIENT}/user/${other()}/account_data/m.direct`],
    ["tags", "GET", () => `${CLIENT}/user/${other()}/rooms/${room()}/tags`],
    [
      "rooms in common",
      "GET",
      () => `/_matrix/client/unstable/uk.half-shot.msc2666/user/mutual_rooms?user_id=${other()}`,
    ],
    [
      "a search of messages",
      "POST",
      () => `${CLIENT}/search`,
      () => ({ search_categories: { room_events: { search_term: "Tuesday" } } }),
    ],
    ["a key backup", "GET", () => `${CLIENT}/room_keys/keys/${room()}?version=1`],
    ["an identity token", "POST", () => `${CLIENT}/user/${other()}/openid/request_token`, () => ({})],
    ["a device", "GET", () => `${CLIENT}/devices/${matrix.stranger.deviceId}`],
    ["another's account", "GET", () => `/_synapse/admin/v2/users/${other()}`],
    ["when they were there", "GET", () => `${CLIENT}/admin/whois/${other()}`],
  ])("%s is refused", async (_, method, path, body) => {
    const { status } = await matrix.patient.call(method, path(), body?.());
    expect([400, 403, 404]).toContain(status);
  });

  it.each<[what: string, method: string, path: string, body?: () => object]>([
    ["in the directory", "POST", `${CLIENT}/user_directory/search`, () => ({ search_term: "dora" })],
    ["among keys", "POST", `${CLIENT}/keys/query`, () => ({ device_keys: { [matrix.stranger.id]: [] } })],
    ["in the list of rooms", "GET", `${CLIENT}/publicRooms`],
    ["among joined rooms", "GET", `${CLIENT}/joined_rooms`],
    ["among notifications", "GET", `${CLIENT}/notifications`],
    ["in a whole sync", "GET", `${CLIENT}/sync?full_state=true&timeout=0&set_presence=online`],
    ["among changed devices", "GET", `${CLIENT}/keys/changes?from=s0_0_0_0_0_0_0_0_0_0&to=s1_0_0_0_0_0_0_0_0_0`],
  ])("%s there is nothing of them", async (_, method, path, body) => {
    const { body: answer } = await matrix.patient.call(method, path, body?.());
    const text = JSON.stringify(answer);
    expect(text).not.toContain(rooms.stranger);
    expect(text).not.toContain(matrix.stranger.deviceId);
    expect(text).not.toContain("dora");
  });

  it("is no file", async () => {
    const { stranger, patient, ports } = matrix;
    const bytes = crypto.getRandomValues(new Uint8Array(64));
    const upload = await fetch(`http://127.0.0.1:${ports.client}/_matrix/media/v3/upload`, {
      method: "POST",
      headers: { authorization: `Bearer ${stranger.token}` },
      body: bytes,
    });
    const { content_uri: uri } = (await upload.json()) as { content_uri: string };
    const media = uri.replace("mxc://", "");
    const get = (path: string, headers = {}) =>
      fetch(`http://127.0.0.1:${ports.client}${path}${media}`, { headers }).then(({ status }) => status);
    // Without a login not even by its address, which is a secret of 24 letters and whose content is encrypted.
    expect(await get("/_matrix/media/v3/download/")).toBe(404);
    expect(await get("/_matrix/client/v1/media/download/")).toBe(401);
    expect((await patient.call("GET", `/_synapse/admin/v1/users/${other()}/media`)).status).toBe(403);
  });
});

describe("what Synapse keeps of habits", () => {
  const rows = (sql: string) => matrix.database.query(sql);
  const untouched = () =>
    rows(
      `select md5(string_agg(json, ',' order by event_id)) from event_json union all
       select md5(string_agg(r::text, ',' order by r::text)) from room_memberships r union all
       select md5(string_agg(d::text, ',' order by d::text)) from e2e_device_keys_json d union all
       select count(*)::text from access_tokens`,
    );

  it("is taken away by the nightly job, and nothing else", async () => {
    const { patient, therapist, ports } = matrix;
    for (const account of [patient, therapist]) {
      const path = `${CLIENT}/user/${encodeURIComponent(account.id)}/openid/request_token`;
      expect(await account.call("POST", path, {})).toMatchObject({ status: 200 });
    }
    const upload = await fetch(`http://127.0.0.1:${ports.client}/_matrix/media/v3/upload?filename=diary.txt`, {
      method: "POST",
      headers: { authorization: `Bearer ${patient.token}` },
      body: crypto.getRandomValues(new Uint8Array(64)),
    });
    expect(upload.status).toBe(200);
    // Synapse writes this down every few seconds.
    await waitFor(async () => Number(await rows("select count(*) from devices where ip is not null")) >= 3, {
      what: "devices in the database",
    });
    // What days bring, in a moment: a list of visits as Synapse makes it, a device of yesterday, a token of then.
    await rows("insert into user_daily_visits select user_id, device_id, 0, user_agent from devices");
    await rows(`update devices set last_seen = 1 where user_id = '${patient.id}'`);
    await rows(`update open_id_tokens set ts_valid_until_ms = 1 where user_id = '${patient.id}'`);

    const before = await untouched();
    await matrix.database.prune();
    expect(await rows("select count(*) from devices where ip is not null or user_agent is not null")).toBe("0");
    expect(await rows("select distinct user_id from devices where last_seen = 1")).toBe("");
    expect(await rows("select count(*) > 0 from devices where last_seen is not null")).toBe("t");
    expect(await rows("select count(*) from user_daily_visits")).toBe("0");
    expect(await rows("select user_id from open_id_tokens")).toBe(therapist.id);
    expect(await rows("select count(*) from local_media_repository where upload_name is not null")).toBe("0");
    expect(await untouched()).toBe(before);

    await clients.therapist.say(rooms.patient, "Until next week.");
    await clients.patient.hears(rooms.patient, "Until next week.");
  });
});

describe("keys of a room", () => {
  it("go to nobody who is not in it", async () => {
    const other = clients.patient.sdk.getCrypto();
    expect(await other?.getUserDeviceInfo([matrix.stranger.id])).toEqual(new Map());
    expect(await clients.patient.reads(rooms.stranger)).toEqual([]);
  });
});
