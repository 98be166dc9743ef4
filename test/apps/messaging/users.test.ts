import { randomInt } from "node:crypto";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../../bed/wait.ts";
import { someParams } from "../../support/practice.ts";
import { roomOf } from "../support/rooms.ts";
import { type Homeserver, printed, signIn, startHomeserver, startUserCommand } from "../support/user-command.ts";

const CLIENT = "/_matrix/client/v3";
const ADMINISTRATOR = "@practice-administrator:matrix.greenriver.example";

let matrix: Homeserver;
beforeAll(async () => (matrix = await startHomeserver(someParams())));
afterAll(() => matrix?.stop());

/** Makes somebody, and fails with what the command said. */
async function add(...args: readonly string[]) {
  const { code, stdout, stderr } = await matrix.user(["add", ...args]);
  expect(code, stderr).toBe(0);
  return printed(stdout);
}

const session = (who: { id: string; password: string }) => signIn(matrix.ports.client, who);
const local = (id: string) => id.slice(1, id.indexOf(":"));
const tokensOfAdministrator = () =>
  matrix.database.query(`select count(*) from access_tokens where user_id = '${ADMINISTRATOR}'`);

describe("telehealth user", () => {
  it("says on an empty server how to begin", async () => {
    const { code, stdout, stderr } = await matrix.user(["list"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toContain("telehealth user add --role therapist");
  });

  it("makes the first therapist, and then patients, with ids and passwords that tell nothing", async () => {
    const ada = await add("ada", "--role", "therapist");
    const patient = await add("--role", "patient");
    expect(ada.id).toBe("@ada:matrix.greenriver.example");
    expect(patient.id).toMatch(/^@[a-z][a-z2-9]{9}:matrix\.greenriver\.example$/);
    for (const { password } of [ada, patient]) {
      expect(password).toMatch(/^[A-Z][a-z2-9]{3}(-[a-z2-9]{4}){4}$/);
    }
    const therapist = await session(ada);
    const room = roomOf(await therapist.call("POST", `${CLIENT}/createRoom`, { invite: [patient.id] }));
    const other = await session(patient);
    expect((await other.call("POST", `${CLIENT}/join/${room}`, {})).status).toBe(200);
    expect((await other.call("POST", `${CLIENT}/createRoom`, {})).status).toBe(403);
    const found = await therapist.call("POST", `${CLIENT}/user_directory/search`, { search_term: "practice" });
    expect(found.body["results"]).toEqual([]);
  });

  it("shows who there is, with the name that was given on standard input and stands in no command line", async () => {
    const { code, stdout } = await matrix.user(["add", "--role", "patient", "--named"], "Blue Lantern\n");
    expect(code).toBe(0);
    const { id } = printed(stdout);
    const { stdout: list } = await matrix.user(["list"]);
    expect(list).toMatch(new RegExp(`^${id} +patient +active +Blue Lantern$`, "m"));
    expect(list).toMatch(/^@ada:matrix\.greenriver\.example +therapist +active +ada$/m);
    expect(list).not.toContain("practice-administrator");
  });

  it("gives no id twice, also not that of somebody who was removed", async () => {
    await add("cora", "--role", "therapist");
    expect((await matrix.user(["remove", "cora", "--yes"])).code).toBe(0);
    const again = await matrix.user(["add", "cora", "--role", "therapist"]);
    expect(again).toMatchObject({ code: 2, stdout: "" });
    expect(again.stderr).toContain("An id is given once");
  });

  it("locks: every session ends at once, and signing in is refused until it is unlocked", async () => {
    const who = await add("--role", "patient");
    const one = await session(who);
    expect((await one.call("GET", `${CLIENT}/account/whoami`)).status).toBe(200);
    const locked = await matrix.user(["lock", local(who.id)]);
    expect(locked).toMatchObject({ code: 0, stderr: `${who.id} is locked. 1 session ended.\n` });
    expect((await one.call("GET", `${CLIENT}/sync`)).status).toBe(401);
    expect((await session(who)).status).not.toBe(200);
    expect((await matrix.user(["list"])).stdout).toMatch(new RegExp(`^${who.id} +patient +locked`, "m"));
    expect((await matrix.user(["unlock", who.id])).code).toBe(0);
    expect((await session(who)).status).toBe(200);
    expect((await one.call("GET", `${CLIENT}/account/whoami`)).status).toBe(401);
  });

  it("resets: a new password, the old one and every session are void", async () => {
    const who = await add("ben", "--role", "therapist");
    const before = await session(who);
    const { code, stdout } = await matrix.user(["reset", "ben"]);
    expect(code).toBe(0);
    const { password } = printed(stdout);
    expect(password).not.toBe(who.password);
    expect((await before.call("GET", `${CLIENT}/account/whoami`)).status).toBe(401);
    expect((await session(who)).status).toBe(403);
    expect((await session({ id: who.id, password })).status).toBe(200);
  });

  it("refuses what cannot be meant, with exit code 2 and the next step", async () => {
    const refused = async (args: readonly string[], message: string) => {
      const { code, stdout, stderr } = await matrix.user(args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toContain(message);
    };
    const before = matrix.api.asked.length;
    await refused(["add"], "Say --role therapist or --role patient.");
    await refused(["add", "dora", "--role", "patient"], "A patient's id is made up");
    await refused(["add", "Dr. Ada", "--role", "therapist"], "An id is 2 to 32");
    await refused(["remove", "ada"], "Add --yes");
    await refused(["lock"], "Name the account");
    await refused(["promote", "ada"], "Say what to do");
    expect(
      matrix.api.asked.slice(before).filter((asked) => !asked.endsWith("/telehealthpractices/greenriver")),
    ).toEqual([]);
    await refused(["lock", "nobody"], "There is no account @nobody:");
    await refused(["reset", "practice-administrator"], "There is no account @practice-administrator:");
  });
});

describe("telehealth user remove", () => {
  it("purges the conversation with a patient and leaves a group's, erases the account, and says what stays", async () => {
    const [ada, patient, other] = [
      await add("eva", "--role", "therapist"),
      await add("--role", "patient"),
      await add("--role", "patient"),
    ];
    const [therapist, person, third] = [await session(ada), await session(patient), await session(other)];
    const room = async (...invite: string[]) => {
      const made = roomOf(await therapist.call("POST", `${CLIENT}/createRoom`, { invite }));
      await person.call("POST", `${CLIENT}/join/${made}`, {});
      return made;
    };
    const [own, group] = [await room(patient.id), await room(patient.id, other.id)];
    await third.call("POST", `${CLIENT}/join/${group}`, {});
    const upload = await fetch(`http://127.0.0.1:${matrix.ports.client}/_matrix/media/v3/upload`, {
      method: "POST",
      body: crypto.getRandomValues(new Uint8Array(4096)),
      headers: { authorization: `Bearer ${String(person.body["access_token"])}` },
    });
    expect(upload.status).toBe(200);

    const { code, stdout, stderr } = await matrix.user(["remove", local(patient.id), "--yes"]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain(
      `${patient.id} is removed: account and profile, 1 session, 1 file, 1 room with all messages.`,
    );
    expect(stdout).toContain("what it wrote in 1 room that others need");
    expect((await person.call("GET", `${CLIENT}/account/whoami`)).status).toBe(401);
    expect((await session(patient)).status).toBe(403);
    expect((await therapist.call("GET", `${CLIENT}/rooms/${own}/state`)).status).toBe(403);
    expect((await third.call("GET", `${CLIENT}/rooms/${group}/state`)).status).toBe(200);
    const count = (table: string, column: string, value: string) =>
      matrix.database.query(`select count(*) from ${table} where ${column} = '${value}'`);
    expect(await count("events", "room_id", decodeURIComponent(own))).toBe("0");
    expect(await count("devices", "user_id", patient.id)).toBe("0");
    expect(await count("local_media_repository", "user_id", patient.id)).toBe("0");
    expect(await count("erased_users", "user_id", patient.id)).toBe("1");
    expect((await matrix.user(["list"])).stdout).toMatch(new RegExp(`^${patient.id} +patient +removed`, "m"));
  });

  it("keeps a leaving therapist's conversations for the patients, and says that nobody looks after them", async () => {
    // An id is given once, also when this is tried again.
    const finn = `finn${randomInt(1000)}`;
    const [leaving, patient] = [await add(finn, "--role", "therapist"), await add("--role", "patient")];
    const [therapist, person] = [await session(leaving), await session(patient)];
    const room = roomOf(await therapist.call("POST", `${CLIENT}/createRoom`, { invite: [patient.id] }));
    await person.call("POST", `${CLIENT}/join/${room}`, {});
    roomOf(await therapist.call("POST", `${CLIENT}/createRoom`, {}));
    const { code, stdout, stderr } = await matrix.user(["remove", finn, "--yes"]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain("1 room with all messages");
    expect(stdout).toContain("1 room of those have nobody of staff any more.");
    expect((await person.call("GET", `${CLIENT}/rooms/${room}/state`)).status).toBe(200);
  });
});

describe("what a command leaves behind", () => {
  const nothing = async () => {
    expect(matrix.api.annotations).toEqual({});
    expect(await tokensOfAdministrator()).toBe("0");
  };

  it("is no credential: nothing on the pod, no token, no password of the administrator", async () => {
    expect((await matrix.user(["list"])).code).toBe(0);
    await nothing();
    const hash = await matrix.database.query(
      `select coalesce(password_hash, 'none') from users where name = '${ADMINISTRATOR}'`,
    );
    expect(hash).toBe("none");
  });

  it("is no connection through the pod", async () => {
    await waitFor(() => matrix.api.open() === 0, { what: "the end of every connection" });
  });

  it("nor when it is interrupted while the pod does not see the proof yet", async () => {
    const slow = await startUserCommandWith(async () => undefined);
    await waitFor(() => Object.keys(slow.api.annotations).length > 0, { what: "the proof on the pod" });
    slow.command.interrupt();
    expect(await slow.command.ended).toBe(1);
    expect(slow.command.said.stderr).toContain("Interrupted. Nothing is left behind that could act.");
    expect(slow.api.annotations).toEqual({});
    expect(await tokensOfAdministrator()).toBe("0");
    await slow.api.stop();
  });

  it("nor when it is interrupted at any other moment", async () => {
    for (const after of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const before = matrix.api.asked.length;
      const command = startUserCommand(matrix.api, ["list"]);
      await waitFor(() => matrix.api.asked.length >= before + after, { what: `request ${after}` });
      command.interrupt();
      await command.ended;
      await nothing();
    }
  });

  it("is a token that ends by itself in five minutes, when it is killed on the spot", async () => {
    const before = Date.now();
    const killed = async () => {
      const command = startUserCommand(matrix.api, ["list"]);
      const over = new AbortController();
      const ended = command.ended.then(() => over.abort());
      const late = setTimeout(() => over.abort(), 20_000);
      try {
        // It may be faster than who looks: then the next one is killed.
        while (!over.signal.aborted && (await tokensOfAdministrator()) === "0");
      } finally {
        clearTimeout(late);
        command.kill();
      }
      await ended;
      return (await tokensOfAdministrator()) !== "0";
    };
    await waitFor(killed, { timeout: 90_000, interval: 0, what: "a command that is killed while it has a token" });
    const until = await matrix.database.query(
      `select max(valid_until_ms) from access_tokens where user_id = '${ADMINISTRATOR}'`,
    );
    expect(Number(until)).toBeLessThanOrEqual(Date.now() + 300_000);
    expect(Number(until)).toBeGreaterThan(before);
    // The next command takes away what has ended, and the digest if there was no time to.
    await matrix.database.query(`update access_tokens set valid_until_ms = 1 where user_id = '${ADMINISTRATOR}'`);
    expect((await matrix.user(["list"])).code).toBe(0);
    await nothing();
  });

  it("is not in the process list, the log or what the API server is told", async () => {
    const command = startUserCommand(matrix.api, ["add", "gus", "--role", "therapist"]);
    const line = await readFile(`/proc/${command.pid}/cmdline`, "utf8");
    expect(await command.ended).toBe(0);
    const { password } = printed(command.said.stdout);
    expect(password).not.toBe("");
    for (const text of [line, await matrix.log(), command.said.stderr, matrix.api.asked.join("\n")]) {
      expect(text).not.toContain(password);
    }
    expect(await matrix.log()).not.toContain("gus");
  });

  async function startUserCommandWith(shows: () => Promise<unknown>) {
    const { startForwarding } = await import("../support/forwarding.ts");
    const api = await startForwarding({ ports: { 8011: matrix.ports.administration }, shows });
    return { api, command: startUserCommand(api, ["list"]) };
  }
});
