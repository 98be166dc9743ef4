import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { homeserverYaml } from "../../src/components/matrix/homeserver.ts";
import { run } from "../bed/run.ts";
import { waitFor } from "../bed/wait.ts";
import { someParams, somePractice } from "../support/practice.ts";
import { type Account, call, type Messaging, startMessaging } from "./support/messaging.ts";
import { pythonWithSynapse } from "./support/messaging-programs.ts";

const params = someParams();
let matrix: Messaging;
let therapist: Account;
let colleague: Account;
let patient: Account;
let stranger: Account;

beforeAll(async () => {
  matrix = await startMessaging(params);
  therapist = await matrix.register("ada", "therapist");
  colleague = await matrix.register("ben", "therapist");
  patient = await matrix.register("cleo");
  stranger = await matrix.register("dora");
});
afterAll(() => matrix?.stop());

const on = (listener: keyof Messaging["ports"], path: string, method?: string, body?: object) =>
  call(`http://127.0.0.1:${matrix.ports[listener]}${path}`, method, body);

/** @throws Error when no room was made: what follows would be refused for that reason. */
function roomId({ status, body }: Awaited<ReturnType<typeof call>>): string {
  if (status !== 200) throw new Error(`No room was made: ${status} ${JSON.stringify(body)}`);
  return String(body["room_id"]);
}

/** A room of the therapist's, with everybody else who is named in it. */
async function newRoom(...members: readonly Account[]): Promise<string> {
  const made = await therapist.call("POST", "/_matrix/client/v3/createRoom", { invite: members.map(({ id }) => id) });
  const room = encodeURIComponent(roomId(made));
  for (const member of members) await member.call("POST", `/_matrix/client/v3/join/${room}`, {});
  return room;
}

let transaction = 0;
const send = (who: Account, room: string, type: string, content: object) =>
  who.call("PUT", `/_matrix/client/v3/rooms/${room}/send/${type}/${(transaction += 1)}`, content);
const set = (who: Account, room: string, type: string, content: object) =>
  who.call("PUT", `/_matrix/client/v3/rooms/${room}/state/${type}`, content);

const ciphertext = (more: object = {}) => ({
  algorithm: "m.megolm.v1.aes-sha2",
  ciphertext: randomBytes(120).toString("base64").replace(/=+$/, ""),
  device_id: "DEVICE",
  sender_key: "key",
  session_id: "session",
  ...more,
});
const REFUSED = { status: 403, body: { errcode: "M_FORBIDDEN" } };

describe("homeserver.yaml", () => {
  const whole = [
    ["of a practice with its own database", somePractice()],
    [
      "of a practice with somebody else's database and retention",
      somePractice({
        messaging: {
          database: {
            kind: "external",
            host: "db.example",
            port: 5432,
            name: "chat",
            secretName: "db",
            caSecretName: "ca",
            to: { kind: "cidrs", cidrs: [] },
          },
          mediaStorage: "1Gi",
          retentionDays: 90,
        },
      }),
    ],
  ] as const;

  async function unreadKeys(text: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "keys-"));
    try {
      const local = text
        .replaceAll(/^(\w+_path|log_config): .*\n/gm, "")
        .concat("macaroon_secret_key: a\nform_secret: b\nsigning_key: ed25519 a_a ")
        .concat(randomBytes(32).toString("base64").replace(/=+$/, ""));
      await writeFile(join(folder, "homeserver.yaml"), local);
      const module = join(import.meta.dirname, "../../src/components/matrix/assets");
      return await run(
        await pythonWithSynapse(),
        [join(import.meta.dirname, "support", "unread_keys.py"), join(folder, "homeserver.yaml")],
        { env: { PYTHONPATH: module } },
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  it.each(whole)("%s holds no key that Synapse never asks for", async (_, practice) => {
    expect(await unreadKeys(homeserverYaml(practice))).toBe("");
  });

  it("would be caught with a key that Synapse does not know, at any depth", async () => {
    const wrong = homeserverYaml(somePractice())
      .replace("presence:\n", "presence:\n  enable: false\n")
      .concat("federation_whitelist: []\n");
    expect(await unreadKeys(wrong)).toBe("presence.enable\nfederation_whitelist");
  });

  it("passes Synapse's own check", async () => {
    expect(await matrix.check()).toContain("Config parses OK!");
  });

  it("stops Synapse when an option of our module is misspelt", async () => {
    const misspelt = matrix.check((yaml) => yaml.replace("staff_user_types:", "staff_types:"));
    await expect(misspelt).rejects.toThrow("Failed to parse config for module 'practice_policy.PracticePolicy'");
  });
});

describe("what answers where", () => {
  it("serves clients, and no other server", async () => {
    expect(await on("client", "/_matrix/client/versions")).toMatchObject({ status: 200 });
    expect(await on("client", "/_matrix/federation/v1/version")).toMatchObject({ status: 404 });
    expect(await on("client", "/_matrix/key/v2/server")).toMatchObject({ status: 404 });
  });

  it("registers nobody and knows no guests", async () => {
    const nobody = await on("client", "/_matrix/client/v3/register", "POST", { username: "eve", password: "x" });
    expect(nobody).toMatchObject(REFUSED);
    expect(await on("client", "/_matrix/client/v3/register?kind=guest", "POST", {})).toMatchObject({ status: 403 });
  });

  it("keeps health and identity checks on listeners of their own", async () => {
    expect((await on("health", "/health")).status).toBe(200);
    expect((await on("health", "/_matrix/client/versions")).status).toBe(404);
    const userinfo = "/_matrix/federation/v1/openid/userinfo?access_token=none";
    expect((await on("openid", userinfo)).status).toBe(401);
    expect((await on("client", userinfo)).status).toBe(404);
    expect((await on("openid", "/_matrix/client/versions")).status).toBe(404);
  });

  it("tells Element where calls are", async () => {
    expect((await on("client", "/.well-known/matrix/client")).body).toMatchObject({
      "m.homeserver": { base_url: "https://matrix.greenriver.example/" },
      "io.element.jitsi": { preferredDomain: "meet.greenriver.example", useFor1To1Calls: true },
    });
  });
});

describe("a message", () => {
  let room: string;
  beforeAll(async () => (room = await newRoom(patient)));

  it("in clear is refused, whoever sends it", async () => {
    for (const who of [therapist, patient]) {
      expect(await send(who, room, "m.room.message", { msgtype: "m.text", body: "in clear" })).toMatchObject(REFUSED);
    }
  });

  it("that is encrypted arrives", async () => {
    for (const who of [therapist, patient]) {
      expect(await send(who, room, "m.room.encrypted", ciphertext())).toMatchObject({ status: 200 });
    }
  });

  it.each([
    ["text beside the ciphertext", "m.room.encrypted", ciphertext({ body: "in clear" })],
    ["something short for ciphertext", "m.room.encrypted", ciphertext({ ciphertext: "aGVsbG8" })],
    ["words for ciphertext", "m.room.encrypted", ciphertext({ ciphertext: "I feel better today. ".repeat(8) })],
    ["another algorithm", "m.room.encrypted", ciphertext({ algorithm: "none" })],
    ["a reaction inside the relation", "m.room.encrypted", ciphertext({ "m.relates_to": { key: "sad" } })],
    ["a reaction in clear", "m.reaction", { "m.relates_to": { rel_type: "m.annotation", event_id: "$a", key: "sad" } }],
    ["a type that nobody knows", "org.example.note", { note: "in clear" }],
  ])("with %s is refused", async (_, type, content) => {
    expect(await send(patient, room, type, content)).toMatchObject(REFUSED);
  });

  it("can be taken back, but not with a reason in clear", async () => {
    const { body } = await send(patient, room, "m.room.encrypted", ciphertext());
    const redact = (reason?: string) =>
      patient.call(
        "PUT",
        `/_matrix/client/v3/rooms/${room}/redact/${encodeURIComponent(String(body["event_id"]))}/${(transaction += 1)}`,
        reason ? { reason } : {},
      );
    expect(await redact("in clear")).toMatchObject(REFUSED);
    expect(await redact()).toMatchObject({ status: 200 });
  });
});

describe("a room", () => {
  it("is made by staff alone", async () => {
    expect(await patient.call("POST", "/_matrix/client/v3/createRoom", {})).toMatchObject(REFUSED);
    expect(await therapist.call("POST", "/_matrix/client/v3/createRoom", {})).toMatchObject({ status: 200 });
  });

  it("is what a practice grants, whatever the client asked for", async () => {
    const made = await therapist.call("POST", "/_matrix/client/v3/createRoom", {
      preset: "trusted_private_chat",
      visibility: "public",
      topic: "in clear",
      room_version: "9",
      is_direct: true,
      invite: [patient.id],
      creation_content: { "m.federate": true },
      initial_state: [{ type: "m.room.guest_access", state_key: "", content: { guest_access: "can_join" } }],
      power_level_content_override: { users_default: 100 },
    });
    const room = encodeURIComponent(roomId(made));
    const read = async (type: string) =>
      (await therapist.call("GET", `/_matrix/client/v3/rooms/${room}/state/${type}`)).body;
    expect(await read("m.room.encryption")).toMatchObject({ algorithm: "m.megolm.v1.aes-sha2" });
    expect(await read("m.room.join_rules")).toMatchObject({ join_rule: "invite" });
    expect(await read("m.room.history_visibility")).toMatchObject({ history_visibility: "joined" });
    expect(await read("m.room.guest_access")).toMatchObject({ guest_access: "forbidden" });
    expect(await read("m.room.create")).toMatchObject({ "m.federate": false });
    expect(await read("m.room.topic")).toMatchObject({ errcode: "M_NOT_FOUND" });
    const levels = await read("m.room.power_levels");
    expect(levels).toMatchObject({ users_default: 0, state_default: 100, invite: 100 });
    expect(Object.keys(levels["users"] ?? {})).not.toContain(patient.id);
  });

  it("of a kind that a practice does not have is refused", async () => {
    const space = { creation_content: { type: "m.space" } };
    expect(await therapist.call("POST", "/_matrix/client/v3/createRoom", space)).toMatchObject(REFUSED);
  });

  it("is entered by invitation of staff alone", async () => {
    const room = await newRoom(patient);
    const join = (who: Account) => who.call("POST", `/_matrix/client/v3/join/${room}`, {});
    const invite = (who: Account) =>
      who.call("POST", `/_matrix/client/v3/rooms/${room}/invite`, { user_id: stranger.id });
    expect(await join(stranger)).toMatchObject(REFUSED);
    expect(await invite(patient)).toMatchObject(REFUSED);
    expect(await invite(therapist)).toMatchObject({ status: 200 });
    expect(await join(stranger)).toMatchObject({ status: 200 });
  });

  let ruled: string;
  beforeAll(async () => (ruled = await newRoom()));

  const widget = (url: string, domain: string) => ({ type: "jitsi", url, name: "Jitsi", data: { domain } });
  const OWN = widget("https://chat.greenriver.example/jitsi.html#conferenceId=x", "meet.greenriver.example");

  it.each([
    ["its encryption", "m.room.encryption", {}],
    ["who may join", "m.room.join_rules", { join_rule: "public" }],
    ["what newcomers read", "m.room.history_visibility", { history_visibility: "shared" }],
    ["a topic in clear", "m.room.topic", { topic: "in clear" }],
    ["state that somebody made up", "org.example.note/a", { note: "in clear" }],
    ["somebody else's call", "im.vector.modular.widgets/a", widget("https://evil.example/", "a")],
    ["a call on somebody else's page", "m.widget/a", { ...OWN, url: "https://evil.example/jitsi.html" }],
    ["a call on somebody else's bridge", "m.widget/a", { ...OWN, data: { domain: "evil.example" } }],
  ])("does not let staff change %s", async (_, type, content) => {
    expect(await set(therapist, ruled, type, content)).toMatchObject(REFUSED);
  });

  it.each([
    ["its encryption as it is", "m.room.encryption", { algorithm: "m.megolm.v1.aes-sha2" }],
    ["its name", "m.room.name", { name: "Tuesday" }],
    ["less history for newcomers", "m.room.history_visibility", { history_visibility: "invited" }],
    ["a call of the practice's own", "im.vector.modular.widgets/a", OWN],
    ["the end of a call", "im.vector.modular.widgets/a", {}],
  ])("lets staff set %s", async (_, type, content) => {
    expect(await set(therapist, ruled, type, content)).toMatchObject({ status: 200 });
  });

  it("gives power to staff alone", async () => {
    const room = await newRoom(patient, colleague);
    const levels = (users: object) => set(therapist, room, "m.room.power_levels", { users, state_default: 100 });
    expect(await levels({ [patient.id]: 50 })).toMatchObject(REFUSED);
    expect(await set(therapist, room, "m.room.power_levels", { users_default: 50 })).toMatchObject(REFUSED);
    expect(await levels({ [colleague.id]: 100 })).toMatchObject({ status: 200 });
  });

  it("takes no free text with a person", async () => {
    const room = await newRoom(patient);
    const kick = (body: object) =>
      therapist.call("POST", `/_matrix/client/v3/rooms/${room}/kick`, { user_id: patient.id, ...body });
    expect(await kick({ reason: "in clear" })).toMatchObject(REFUSED);
    expect(await kick({})).toMatchObject({ status: 200 });
  });
});

describe("a search for people", () => {
  const found = async (who: Account, term: string) => {
    const { body } = await who.call("POST", "/_matrix/client/v3/user_directory/search", { search_term: term });
    return (body["results"] as { user_id: string }[]).map(({ user_id: id }) => id);
  };

  it("finds patients for staff, and nobody for a patient", async () => {
    const known = async (name: string, { id }: Account) => (await found(therapist, name)).includes(id);
    await waitFor(async () => (await known("cleo", patient)) && known("dora", stranger), { what: "the directory" });
    expect(await found(patient, "dora")).toEqual([]);
    expect(await found(patient, "cleo")).toEqual([]);
  });
});

describe("the log", () => {
  it("names nobody", async () => {
    const log = await matrix.log();
    for (const { id } of [therapist, colleague, patient, stranger]) expect(log).not.toContain(id);
  });
});

describe("without our module", () => {
  let stock: Messaging;
  beforeAll(async () => (stock = await startMessaging(params, { without: ["practice_policy"] })));
  afterAll(() => stock?.stop());

  it("cleartext gets through and a patient makes rooms: the refusals above are the module's", async () => {
    const eve = await stock.register("eve");
    const room = encodeURIComponent(roomId(await eve.call("POST", "/_matrix/client/v3/createRoom", {})));
    const clear = await send(eve, room, "m.room.message", { msgtype: "m.text", body: "in clear" });
    expect(clear.status).toBe(200);
  });
});
