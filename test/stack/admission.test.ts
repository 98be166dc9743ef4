import { createHmac, generateKeyPairSync } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait.ts";
import { arrive, call, come, holderOf, inside, leaveNobody, newRoom } from "./support/person.ts";
import { startRig, type Rig } from "./support/rig.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterEach(({ task }) => leaveNobody(rig, task.result?.state === "fail"));
afterAll(() => rig?.stop());

const now = () => Math.floor(Date.now() / 1000);
const FEATURES = { recording: false, livestreaming: false };
const staff = { context: { user: { moderator: true }, features: FEATURES } };
const foreign = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

/** A good token whose signature is made from what Prosody checks with. */
function confused(token: string, publicKey: string): string {
  const [, claims = ""] = token.split(".");
  const header = Buffer.from(JSON.stringify({ alg: "HS256", typ: "JWT", kid: "1" })).toString("base64url");
  return `${header}.${claims}.${createHmac("sha256", publicKey).update(`${header}.${claims}`).digest("base64url")}`;
}

describe("the login", () => {
  const bad: Readonly<Record<string, (room: string) => string | undefined>> = {
    "no token": () => undefined,
    "one whose time is over": (room) => rig.prosody.token(room, { ...staff, nbf: now() - 600, exp: now() - 1 }),
    "one whose time has not come": (room) => rig.prosody.token(room, { ...staff, nbf: now() + 60, exp: now() + 600 }),
    "one without an end": (room) => rig.prosody.token(room, { ...staff, exp: undefined }),
    "one for another room": () => rig.prosody.token(newRoom(), staff),
    "one for every room": () => rig.prosody.token("*", staff),
    "one of another practice": (room) => rig.prosody.token(room, staff, foreign),
    "one that nobody signed": (room) => rig.prosody.token(room, staff, undefined, { alg: "none" }),
    "one signed with the public key as a secret": (room) =>
      confused(rig.prosody.token(room, staff), rig.prosody.publicKey),
  };
  for (const [what, token] of Object.entries(bad)) {
    it(`refuses ${what}`, async () => {
      const room = newRoom();
      const made = token(room);
      const person = await arrive(rig, room, made === undefined ? {} : { token: made });
      await person.enter();
      const refused = /<failure|type=['"]error['"]/;
      await waitFor(() => person.wire.stanzas.some(({ sent, text }) => !sent && refused.test(text)), {
        what: "the refusal",
      });
      await waitFor(async () => /hat nicht geklappt/.test(await person.reads()), { what: "the word for people" });
      expect(await person.isIn()).toBe(false);
    });
  }

  it("lets in with a good one, made by hand in the same way", async () => {
    const room = newRoom();
    const person = await arrive(rig, room, { token: rig.prosody.token(room, staff) });
    await person.enter();
    await inside(person);
    expect(await person.inPage(`APP.conference._room.isModerator()`)).toBe(true);
  });
});

describe("the end", () => {
  it("comes within seconds for whom the practice takes the link from, and the link opens nothing any more", async () => {
    const { room, staff, patient } = await call(rig);
    const before = performance.now();
    const sub = holderOf(patient.token);
    await rig.prosody.ask({ act: "revoke", sub, until: now() + 600 });
    await waitFor(async () => !(await patient.isIn()), { interval: 50, what: "the patient to be out" });
    process.stderr.write(`revoked: out after ${Math.round(performance.now() - before)} ms\n`);
    expect(performance.now() - before).toBeLessThan(5_000);
    await waitFor(() => staff.inPage<boolean>(`APP.conference._room.getParticipantCount() === 1`), {
      what: "staff alone",
    });
    const again = await come(rig, room, { token: patient.token });
    await waitFor(() => again.wire.stanzas.some(({ sent, text }) => !sent && text.includes("<failure")), {
      what: "the refusal",
    });
  });

  it("comes for all when the practice ends the room", async () => {
    const { room, staff, patient } = await call(rig);
    await rig.prosody.ask({ act: "end", room });
    for (const person of [staff, patient]) {
      await waitFor(async () => !(await person.isIn()), { timeout: 10_000, what: "everybody to be out" });
    }
    await waitFor(async () => (await patient.says()) === "ended", { what: "the word for people" });
  });
});

describe("the time of a call", () => {
  it("is told, can be moved by one click of staff, and ends the call", async () => {
    // Whoever is with staff gets the practice's grace on top: 15 minutes, of which this leaves one.
    const until = now() + 60 - rig.params.practice.video.sessions.graceMinutes * 60;
    const room = newRoom();
    const first = await come(rig, room, { admission: { staff: true, from: now() - 3_600, until: now() + 30 } });
    await inside(first);
    await first.leave();
    const { staff, patient } = await call(rig, room, { from: now() - 3_600, until });
    await waitFor(async () => /weniger als fünf Minuten/.test(await patient.reads()), { what: "the warning" });
    await staff.tab.getByRole("button", { name: "15 Minuten länger" }).click();
    await waitFor(async () => !/weniger als fünf Minuten/.test(await patient.reads()), { what: "the warning to go" });
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, (until + 15 * 60 + 5 - now()) * 1_000)));
    expect(await patient.isIn()).toBe(true);
    expect(await patient.says()).toBe("open");
  });

  it("is over when nobody moves it", async () => {
    const room = newRoom();
    const first = await come(rig, room, { admission: { staff: true } });
    await inside(first);
    await first.leave();
    const end = now() + 45;
    const { staff, patient } = await call(rig, room, { from: now() - 3_600, until: end - 15 * 60 });
    for (const person of [staff, patient]) {
      await waitFor(async () => !(await person.isIn()), { timeout: 60_000, what: "the end" });
    }
    expect(Math.abs(now() - end)).toBeLessThan(6);
    await waitFor(async () => (await staff.says()) === "ended", { what: "the word for people" });
  });
});
