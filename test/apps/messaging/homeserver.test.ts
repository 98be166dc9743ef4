import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { homeserverYaml, synapseLogYaml } from "../../../src/components/matrix/homeserver.ts";
import { readJson } from "../../../src/policy/settings.ts";
import { run } from "../../bed/run.ts";
import { someParams, somePractice } from "../../support/practice.ts";
import { staffedBy } from "../../support/staffed.ts";
import { type Front, startFront } from "../support/front.ts";
import { unreadKeys } from "../support/keys.ts";
import { type Account, call, type Messaging } from "../support/messaging.ts";
import { pythonWithSynapse } from "../support/messaging-programs.ts";
import { newRoom, type People, startPeople } from "../support/rooms.ts";

const CLIENT = "/_matrix/client/v3";
const MATRIX = "matrix.greenriver.example";

let matrix: People;
let front: Front;
beforeAll(async () => {
  matrix = await startPeople(someParams());
  front = await startFront(someParams(), { pages: {}, element: {} }, { synapsePort: matrix.ports.client });
});
afterAll(async () => {
  await front?.stop();
  await matrix?.stop();
});

describe("homeserver.yaml", () => {
  const external = {
    kind: "external",
    host: "db.example",
    port: 5432,
    name: "chat",
    secretName: "db",
    caSecretName: "ca",
    to: { kind: "cidrs", cidrs: [] },
  } as const;
  const whole = [
    ["of a practice with its own database", somePractice()],
    [
      "of a practice with somebody else's database and retention",
      somePractice({ messaging: { database: external, mediaStorage: "1Gi", retentionDays: 90 } }),
    ],
  ] as const;

  it.each(whole)("%s holds no key that Synapse never asks for", async (_, practice) => {
    expect(await unreadKeys(homeserverYaml(practice))).toBe("");
  });

  it("would be caught with a key that Synapse does not know, at any depth", async () => {
    const wrong = homeserverYaml(somePractice())
      .replace('"presence": {', '"presence": { "enable": false,')
      .replace("{", '{ "federation_whitelist": [],');
    expect(await unreadKeys(wrong)).toBe("federation_whitelist\npresence.enable");
  });

  // What a manifest may say there is ASCII; this is all of it that YAML takes for something else.
  it.each(["yes", "0o17", "1e3", "<<", "12:30:45", "2026-01-01", "~", "- a: &b *c # d", String.raw`\"'{}[]\u0085`])(
    "says the same to Synapse as to our checks, whatever staff is called: %s",
    async (value) => {
      const { practice } = staffedBy({ issuer: "https://login.example", clientId: value });
      const { oidc } = practice.staff;
      const named = { ...practice, staff: { ...(oidc && { oidc: { ...oidc, claim: { name: value, value } } }) } };
      for (const text of [homeserverYaml(named), synapseLogYaml()]) {
        const read = "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.argv[1])))";
        expect(JSON.parse(await run(await pythonWithSynapse(), ["-c", read, text]))).toEqual(readJson(text));
      }
    },
  );

  it("passes Synapse's own check", async () => {
    expect(await matrix.check()).toContain("Config parses OK!");
  });

  it("stops Synapse when an option of our module is misspelt", async () => {
    const misspelt = matrix.check((yaml) => yaml.replace('"widget_hosts":', '"widget_host":'));
    await expect(misspelt).rejects.toThrow("Failed to parse config for module 'practice_policy.PracticePolicy'");
  });
});

describe("what answers through the front", () => {
  const ask = async (method: string, path: string, who?: Account, body?: object) => {
    const answer = await front.ask(MATRIX, path, {
      method,
      headers: who ? { authorization: `Bearer ${who.token}` } : {},
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, text: answer.body };
  };
  const self = () => encodeURIComponent(matrix.patient.id);

  // What a client of a patient asks for in daily use.
  it.each<[method: string, path: (room: string) => string, body?: object]>([
    ["GET", () => "/_matrix/client/versions"],
    ["GET", () => "/.well-known/matrix/client"],
    ["GET", () => `${CLIENT}/login`],
    ["GET", () => `${CLIENT}/account/whoami`],
    ["GET", () => `${CLIENT}/capabilities`],
    ["GET", () => `${CLIENT}/pushrules/`],
    ["GET", () => `${CLIENT}/voip/turnServer`],
    ["GET", () => `${CLIENT}/sync?timeout=0`],
    ["POST", () => "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync", { lists: {} }],
    ["GET", () => `${CLIENT}/joined_rooms`],
    ["GET", () => `${CLIENT}/devices`],
    ["GET", () => `${CLIENT}/profile/${self()}`],
    ["POST", () => `${CLIENT}/keys/query`, { device_keys: {} }],
    ["POST", () => `${CLIENT}/keys/upload`, {}],
    ["POST", () => `${CLIENT}/user/${self()}/openid/request_token`, {}],
    ["PUT", () => `${CLIENT}/user/${self()}/account_data/m.a`, {}],
    ["GET", (room) => `${CLIENT}/rooms/${room}/messages?dir=b`],
    ["GET", (room) => `${CLIENT}/rooms/${room}/members`],
    ["GET", (room) => `${CLIENT}/rooms/${room}/state`],
    ["PUT", (room) => `${CLIENT}/rooms/${room}/typing/${self()}`, { typing: false }],
    ["POST", () => "/_matrix/media/v1/create", {}],
    ["GET", () => "/_matrix/client/v1/media/config"],
  ])("%s of a patient: %s", async (method, path, body) => {
    const room = await newRoom(matrix.therapist, matrix.patient);
    const { status, text } = await ask(method, path(room), matrix.patient, body);
    expect(status, text).toBe(200);
  });

  it.each([
    ["GET", "/"],
    ["GET", "/health"],
    ["GET", "/_matrix/static/"],
    ["GET", "/_synapse/admin/v1/register"],
    ["GET", "/_synapse/admin/v2/users"],
    ["GET", "/_synapse/metrics"],
    ["GET", "/_matrix/federation/v1/version"],
    ["GET", "/_matrix/federation/v1/openid/userinfo?access_token=a"],
    ["GET", "/_matrix/key/v2/server"],
    ["GET", "/.well-known/matrix/server"],
    ["GET", "/practice/who"],
    ["GET", "/practice/administration"],
    ["GET", "/_synapse/client/practice/sign-in"],
    ["POST", `${CLIENT}/rooms/a/report`],
    ["POST", `${CLIENT}/rooms/a/report/b`],
    ["POST", `${CLIENT}/users/a/report`],
    ["POST", "/_matrix/client/v3/rooms/a/%72eport"],
  ])("%s %s is not there", async (method, path) => {
    expect(await ask(method, path, matrix.patient)).toMatchObject({ status: 404 });
  });

  it("writes no profile", async () => {
    for (const method of ["PUT", "DELETE", "POST"]) {
      expect((await ask(method, `${CLIENT}/profile/${self()}/displayname`, matrix.patient)).status).toBe(403);
    }
  });

  it("registers nobody and knows no guests", async () => {
    const nobody = await ask("POST", `${CLIENT}/register`, undefined, { username: "eve", password: "x" });
    expect(nobody.status).toBe(403);
    expect((await ask("POST", `${CLIENT}/register?kind=guest`, undefined, {})).status).toBe(403);
  });

  it("tells Element where calls are", async () => {
    expect(JSON.parse((await ask("GET", "/.well-known/matrix/client")).text)).toMatchObject({
      "m.homeserver": { base_url: `https://${MATRIX}/` },
      "io.element.jitsi": { preferredDomain: "meet.greenriver.example", useFor1To1Calls: true },
    });
  });
});

describe("listeners", () => {
  const on = (listener: keyof Messaging["ports"], path: string, token?: string) =>
    call(`http://127.0.0.1:${matrix.ports[listener]}${path}`, "GET", undefined, token);

  it("keep health and identity apart from what clients use", async () => {
    expect((await on("health", "/health")).status).toBe(200);
    expect((await on("health", "/_matrix/client/versions")).status).toBe(404);
    expect((await on("openid", "/_matrix/client/versions")).status).toBe(404);
    expect((await on("openid", "/_synapse/admin/v1/register")).status).toBe(404);
    for (const listener of ["client", "health"] as const) {
      expect((await on(listener, "/practice/who", "a")).status).toBe(404);
      expect((await on(listener, "/_matrix/federation/v1/openid/userinfo?access_token=a")).status).toBe(404);
    }
  });

  const openId = async (account: Account) => {
    const path = `${CLIENT}/user/${encodeURIComponent(account.id)}/openid/request_token`;
    return String((await account.call("POST", path, {})).body["access_token"]);
  };

  it("tell the practice's own programs who shows a token, and with what power in a room", async () => {
    const { therapist, patient, stranger } = matrix;
    const room = await newRoom(therapist, patient);
    const who = async (account: Account) =>
      (await on("openid", `/practice/who?room=${room}`, await openId(account))).body;
    const ticket = expect.stringMatching(/^ticket\./) as string;
    expect(await who(therapist)).toEqual({ user_id: therapist.id, staff: true, member: true, level: 100, ticket });
    expect(await who(patient)).toEqual({ user_id: patient.id, staff: false, member: true, level: 0, ticket });
    expect(await who(stranger)).toEqual({ user_id: stranger.id, staff: false, member: false, level: 0, ticket });
    expect((await on("openid", "/practice/who", await openId(patient))).body).toMatchObject({ member: false });
  });

  it("tell the same to whoever shows the ticket that came with an answer, and never give a new one for it", async () => {
    const { therapist, patient } = matrix;
    const room = await newRoom(therapist, patient);
    const path = `/practice/who?room=${room}`;
    const first = (await on("openid", path, await openId(therapist))).body;
    const ticket = String(first["ticket"]);
    expect((await on("openid", path, ticket)).body).toEqual(first);
    expect(await on("client", "/_matrix/client/v3/account/whoami", ticket)).toMatchObject({ status: 401 });
    const [, until = "", , mac = ""] = ticket.split(".");
    const other = Buffer.from(patient.id).toString("base64url");
    for (const wrong of [
      `ticket.${until}.${other}.${mac}`,
      `ticket.${Number(until) + 1}.${ticket.split(".")[2]}.${mac}`,
      `ticket.1.${ticket.split(".")[2]}.${mac}`,
      `ticket.${until}.%%%.${mac}`,
      `ticket.${until}._.${mac}`,
      `ticket.${until}._w.${mac}`,
      ticket.slice(0, -1),
    ]) {
      expect(await on("openid", path, wrong), wrong).toMatchObject({ status: 401 });
    }
  });

  it("tell nothing for any other token, nor for a room that is not there", async () => {
    const { patient } = matrix;
    for (const token of [undefined, "", "a", patient.token]) {
      expect(await on("openid", "/practice/who", token)).toMatchObject({
        status: 401,
        body: { errcode: "M_UNKNOWN_TOKEN" },
      });
    }
    const token = await openId(patient);
    for (const room of ["%00", "!a:b", "!".repeat(5000), "%21aaaaaaaaaaaaaaaaaaaa%3Amatrix.greenriver.example"]) {
      expect((await on("openid", `/practice/who?room=${room}`, token)).body).toMatchObject({ member: false, level: 0 });
    }
  });
});

describe("the log", () => {
  it("names nobody, no room and no content", async () => {
    const { therapist, patient } = matrix;
    const room = await newRoom(therapist, patient);
    await patient.call("PUT", `${CLIENT}/rooms/${room}/send/m.room.message/1`, { body: "in clear" });
    const log = await matrix.log();
    for (const word of [therapist.id, patient.id, "cleo", decodeURIComponent(room), "in clear"]) {
      expect(log).not.toContain(word);
    }
  });
});
