import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readBackup, readPart, writeContents, writePart } from "../../../src/cli/backup-set.ts";
import { otherHalf } from "../../../src/cli/copy-job.ts";
import { loadDatabaseSh } from "../../../src/components/matrix/restore.ts";
import { give } from "../../../src/copy/give.ts";
import { take } from "../../../src/copy/take.ts";
import { waitFor } from "../../bed/wait.ts";
import { someParams } from "../../support/practice.ts";
import { type EncryptingClient, startClient } from "../support/matrix-client.ts";
import { call, type Messaging, startMessaging } from "../support/messaging.ts";
import { newRoom } from "../support/rooms.ts";

// The pods of a backup and a restore on this machine: the rendered commands, and both halves of the copy between them.

const params = someParams();
const token = randomBytes(32).toString("hex");
const file = randomBytes(50_000);
let folder: string;
let set: string;
let former: Messaging;
let restored: Messaging;
let room: string;
let upload: string;
let therapist: EncryptingClient;
let patient: EncryptingClient;
let people: { id: string; password: string }[];

const over = (port: number, shown = token) => otherHalf(async () => connect(port, "127.0.0.1"), shown);

/** Waits until a client knows the keys of somebody's device: what is said earlier, that device can never read. */
const knows = (client: EncryptingClient, user: string, device?: string) =>
  waitFor(
    async () => {
      const devices = (await client.sdk.getCrypto()?.getUserDeviceInfo([user], true))?.get(user);
      return devices !== undefined && devices.size > 0 && (device === undefined || devices.has(device));
    },
    { what: "the keys of a device", timeout: 60_000 },
  );

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "backup-"));
  await chmod(folder, 0o755);
  former = await startMessaging(params);
  const [a, b] = [await former.register("therapist", "therapist"), await former.register("p1", "patient")];
  people = [a, b];
  room = decodeURIComponent(await newRoom(a, b));
  [therapist, patient] = [await startClient(former.ports.client, a), await startClient(former.ports.client, b)];
  await knows(therapist, b.id);
  await therapist.say(room, "before the backup");
  await patient.hears(room, "before the backup");
  const answer = await call(`http://127.0.0.1:${former.ports.client}/_matrix/media/v3/upload`, "POST", file, a.token);
  upload = String(answer.body["content_uri"]).replace("mxc://", "");

  set = join(folder, "set");
  await mkdir(set);
  await former.database.dump(join(folder, "database.dump"));
  const giving = await give({ token, port: 0, database: join(folder, "database.dump"), media: former.media });
  const other = over(giving.port);
  const database = await writePart(set, "database", await other.get("/database"));
  const media = await writePart(set, "media", await other.get("/media"));
  await other.post("/done");
  await giving.done;
  const identity = { serverName: "matrix.greenriver.example", mediaPort: "30080" };
  const keys = await writePart(set, "keys", Readable.from([JSON.stringify({ secrets: {}, identity })]));
  const takenAt = new Date().toISOString();
  await writeContents(set, {
    format: 1,
    practice: "greenriver",
    serverName: identity.serverName,
    postgresMajor: 17,
    takenAt,
    parts: { database, media, keys },
  });
  // Said after the backup: it must not be there again.
  await therapist.say(room, "after the backup");
  await patient.hears(room, "after the backup");
  therapist.stop();
  patient.stop();
  await former.stop();

  const put = async (part: "database" | "media", kind: "file" | "folder", target: string) => {
    const { contents } = await readBackup(set);
    const taking = await take({ token, port: 0, kind, target });
    await over(taking.port).put("/part", readPart(set, part), contents.parts[part].sha256);
    await taking.done;
  };
  restored = await startMessaging(params, {
    restored: {
      secrets: former.secrets,
      media: (target) => put("media", "folder", target),
      fill: async (script) => {
        const copy = join(folder, "copy");
        await mkdir(copy, { mode: 0o755 });
        await put("database", "file", join(copy, "database.dump"));
        await chmod(join(copy, "database.dump"), 0o644);
        return script(loadDatabaseSh(), copy);
      },
    },
  });
});
afterAll(async () => {
  await restored?.stop();
  await rm(folder, { recursive: true, force: true });
});

type Session = { readonly id: string; readonly password: string; readonly token: string; readonly deviceId: string };
const sessions = new Map<string, Promise<Session>>();

/** Once for each person: who signs in too often has to wait. */
function login(person: { id: string; password: string }): Promise<Session> {
  const known = sessions.get(person.id) ?? signIn(person);
  sessions.set(person.id, known);
  return known;
}

async function signIn({ id, password }: { id: string; password: string }): Promise<Session> {
  const url = `http://127.0.0.1:${restored.ports.client}/_matrix/client/v3/login`;
  const identifier = { type: "m.id.user", user: id };
  const { status, body } = await call(url, "POST", { type: "m.login.password", identifier, password });
  expect(status).toBe(200);
  return { id, password, token: String(body["access_token"]), deviceId: String(body["device_id"]) };
}

describe("a practice restored from its backup", () => {
  it("lets its people sign in as before", async () => {
    for (const person of people) await login(person);
    expect(await restored.database.query("select count(*) from users")).toBe("2");
  });

  it("has what was written until the backup, encrypted, and nothing later", async () => {
    const [person] = people;
    const { token } = await login(person as (typeof people)[0]);
    const url = `http://127.0.0.1:${restored.ports.client}/_matrix/client/v3/rooms/${encodeURIComponent(room)}/messages?dir=b`;
    const { body } = await call(url, "GET", undefined, token);
    const events = body["chunk"] as { type: string }[];
    expect(events.filter(({ type }) => type === "m.room.encrypted")).toHaveLength(1);
  });

  it("has the files, byte for byte", async () => {
    const [person] = people;
    const { token } = await login(person as (typeof people)[0]);
    const url = `http://127.0.0.1:${restored.ports.client}/_matrix/client/v1/media/download/${upload}`;
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    expect(Buffer.from(await answer.arrayBuffer()).equals(file)).toBe(true);
  });

  it("lets the devices of its people go on, and new messages are encrypted and read", async () => {
    const accounts = [];
    for (const person of people) accounts.push(await login(person));
    const [a, b] = accounts.map((one) => ({ ...one, call: () => Promise.reject(new Error("unused")) }));
    if (!a || !b) throw new Error("Two people are needed.");
    const [one, two] = [await startClient(restored.ports.client, a), await startClient(restored.ports.client, b)];
    await knows(one, b.id, b.deviceId);
    await one.say(room, "after the restore");
    await expect(two.hears(room, "after the restore")).resolves.toBeTruthy();
    one.stop();
    two.stop();
  });

  it("hands out no key twice that clients hand out once", async () => {
    const archive = await readFile(join(set, "database.dump"));
    expect(archive.length).toBeGreaterThan(10_000);
    expect(
      await restored.database.query(
        "select count(*) from e2e_one_time_keys_json where device_id not in (select device_id from devices)",
      ),
    ).toBe("0");
  });

  it("has its roles and rules again: the pruner calls its function", async () => {
    await expect(restored.database.prune()).resolves.toBeDefined();
  });
});

describe("a backup", () => {
  it("is for its owner alone", async () => {
    for (const name of ["database.dump", "media.tar", "keys.json", "backup.json"]) {
      expect((await stat(join(set, name))).mode & 0o777, name).toBe(0o600);
    }
  });

  it.each(["database.dump", "media.tar", "keys.json"])("is refused when %s was changed", async (part) => {
    const path = join(set, part);
    const whole = await readFile(path);
    const changed = Buffer.from(whole);
    changed[0] = (changed[0] ?? 0) ^ 1;
    await writeFile(path, changed);
    await expect(readBackup(set)).rejects.toThrow(/is not what was backed up/);
    await writeFile(path, whole);
    await expect(readBackup(set)).resolves.toBeDefined();
  });

  it("is none without its contents, which are written last", async () => {
    await expect(readBackup(folder)).rejects.toThrow(/is no whole backup/);
  });
});

describe("the pod of a backup", () => {
  it("gives nothing without the token, and ends with its command", async () => {
    const dump = join(folder, "database.dump");
    const giving = await give({ token, port: 0, database: dump, media: join(folder, "none") });
    for (const shown of ["", "wrong", token.slice(1)]) {
      for (const path of ["/database", "/media"])
        await expect(over(giving.port, shown).get(path)).rejects.toThrow("401");
      await expect(over(giving.port, shown).post("/done")).rejects.toThrow("401");
    }
    await over(giving.port).post("/done");
    await giving.done;
    await expect(over(giving.port).get("/database")).rejects.toThrow(/ECONNREFUSED|socket hang up/);
  });
});

describe("the pod of a restore", () => {
  const digest = (text: string) => createHash("sha256").update(text).digest("hex");

  it("keeps nothing that is not what was sent", async () => {
    const target = join(folder, "part");
    const taking = await take({ token, port: 0, kind: "file", target });
    const other = over(taking.port);
    await expect(other.put("/part", Readable.from(["changed"]), digest("sent"))).rejects.toThrow(/not what was sent/);
    await expect(stat(target)).rejects.toThrow("ENOENT");
    await expect(over(taking.port, "wrong").put("/part", Readable.from(["sent"]), digest("sent"))).rejects.toThrow(
      /401|EPIPE|ECONNRESET/,
    );
    await other.put("/part", Readable.from(["sent"]), digest("sent"));
    await taking.done;
    expect(await readFile(target, "utf8")).toBe("sent");
  });

  it("overwrites nothing", async () => {
    const target = join(folder, "there");
    await writeFile(target, "first");
    const taking = await take({ token, port: 0, kind: "file", target });
    await expect(over(taking.port).put("/part", Readable.from(["x"]), digest("x"))).rejects.toThrow(
      /nothing is overwritten/,
    );
    taking.close();
    expect(await readFile(target, "utf8")).toBe("first");
  });
});
