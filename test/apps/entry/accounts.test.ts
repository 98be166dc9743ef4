import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { someParams } from "../../support/practice.ts";
import type { Account } from "../support/messaging.ts";
import { type Desk, startDesk } from "../support/practice-desk.ts";
import { newRoom } from "../support/rooms.ts";

const params = someParams();
let late = 0;
let desk: Desk;
let admin: Account;
beforeAll(async () => {
  desk = await startDesk(params, { seams: { now: () => Math.floor(Date.now() / 1000) + late } });
  admin = await desk.matrix.register("root", undefined, true);
});
afterAll(() => desk?.stop());

const somebody = (name: string, type?: string) => desk.matrix.register(name, type);
const home = async (cookie: string) => (await desk.entry.get("/staff", { cookie })).text();
const isIn = async (cookie: string) => (await home(cookie)).includes("/staff/links");
const administer = (account: Account, change: object) =>
  admin.call("PUT", `/_synapse/admin/v2/users/${encodeURIComponent(account.id)}`, change);

describe("signing in", () => {
  it("leaves no device, no session and no usable token", async () => {
    const ada = await somebody("visitor", "therapist");
    const devices = async () => (await ada.call("GET", "/_matrix/client/v3/devices")).body["devices"];
    const before = await devices();
    const { cookie } = await desk.signedIn(ada);
    expect(await isIn(cookie)).toBe(true);
    expect(await devices()).toEqual(before);
    expect(
      await desk.matrix.database.query("select count(*) from access_tokens where device_id = 'PRACTICEENTRY'"),
    ).toBe("0");
  });

  it("takes the short name and the whole one, in any spelling", async () => {
    await somebody("speller", "therapist").then(async ({ password }) => {
      for (const name of ["speller", " Speller ", "@SPELLER:matrix.greenriver.example"]) {
        expect((await desk.signIn({ id: name, password })).status, name).toBe(303);
      }
    });
  });

  it("does not tell which half was wrong, nor by how long it takes, nor that somebody is a patient", async () => {
    const known = await somebody("known", "therapist");
    const patient = await somebody("impatient");
    const tried: [number, string, number][] = [];
    for (const login of [
      { id: known.id, password: "wrong" },
      { id: "nobody", password: "wrong" },
      { id: patient.id, password: patient.password },
      { id: "@ada:elsewhere.example", password: "wrong" },
      { id: "no such name!", password: "wrong" },
    ]) {
      const begun = Date.now();
      const answer = await desk.signIn(login);
      tried.push([answer.status, (await answer.text()).replaceAll(/data-now="\d+"/g, ""), Date.now() - begun]);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    expect(new Set(tried.map(([status]) => status))).toEqual(new Set([401]));
    expect(new Set(tried.map(([, page]) => page)).size).toBe(1);
    // Longer than Synapse needs to compare a password, and as long without one.
    for (const [, , took] of tried) expect(took).toBeGreaterThanOrEqual(1_950);
    expect((await patient.call("GET", "/_matrix/client/v3/devices")).body["devices"]).toHaveLength(1);
  });

  it("is locked for an account after five tries, whatever the sixth is, and for no other account", async () => {
    const target = await somebody("target", "therapist");
    const other = await somebody("other", "therapist");
    const tries = await Promise.all(Array.from({ length: 5 }, () => desk.signIn({ id: target.id, password: "no" })));
    expect(tries.map(({ status }) => status).filter((status) => status === 303)).toEqual([]);
    expect((await desk.signIn(target)).status).toBe(429);
    expect((await desk.signIn({ id: "nobody2", password: "no" })).status).toBe(401);
    expect((await desk.signIn(other)).status).toBe(303);
  });
});

describe("a session", () => {
  it("is a cookie that no script, no other site and no plain connection gets", async () => {
    const answer = await desk.signIn(desk.therapist);
    const [cookie = ""] = answer.headers.getSetCookie();
    expect(cookie).toMatch(/^__Host-staff=/);
    for (const part of ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"]) expect(cookie).toContain(part);
    expect(cookie).not.toMatch(/Domain=/i);
    expect(cookie.length).toBeLessThan(4000);
  });

  it.each([
    ["an account that is locked", { locked: true }],
    ["an account that is removed", { deactivated: true }],
    ["an account that is no longer staff", { user_type: null }],
    ["a password that is new", { password: "Anew1234567890anew", logout_devices: false }],
  ])("ends within a minute for %s", async (what, change) => {
    const gone = await somebody(`gone${what.length}`, "therapist");
    const { cookie } = await desk.signedIn(gone);
    expect(await isIn(cookie)).toBe(true);
    expect((await administer(gone, change)).status).toBe(200);
    late = 31;
    try {
      expect(await isIn(cookie)).toBe(false);
      expect((await desk.entry.post("/staff/links", {}, { cookie })).status).toBe(401);
      expect((await desk.entry.post("/staff/waiting", {}, { cookie })).status).toBe(401);
    } finally {
      late = 0;
    }
  });

  it("ends after half a day, and is worth nothing when it was changed", async () => {
    const { cookie } = await desk.signedIn(desk.therapist);
    const [name, sealed = ""] = cookie.split("; ")[0]?.split("=") ?? [];
    expect(await isIn(`${name}=${sealed.slice(0, -2)}AA`)).toBe(false);
    expect(await isIn(`${name}=`)).toBe(false);
    late = 12 * 3600 + 1;
    try {
      expect(await isIn(cookie)).toBe(false);
    } finally {
      late = 0;
    }
  });

  it("lets nobody do anything while nobody can say who that is", async () => {
    const { cookie } = await desk.signedIn(desk.therapist);
    late = 40;
    const { fetch: real } = globalThis;
    globalThis.fetch = (url, init) =>
      typeof url === "string" && url.includes("/practice/who")
        ? Promise.reject(new Error("no answer"))
        : real(url, init);
    try {
      expect((await desk.entry.post("/staff/links", {}, { cookie })).status).toBe(503);
    } finally {
      globalThis.fetch = real;
      late = 0;
    }
  });
});

describe("a call from a conversation", () => {
  const openId = async (account: Account) => {
    const path = `/_matrix/client/v3/user/${encodeURIComponent(account.id)}/openid/request_token`;
    return String((await account.call("POST", path, {})).body["access_token"]);
  };
  const asks = async (account: Account, room: string, headers = {}) => {
    const answer = await fetch(`http://127.0.0.1:${desk.entry.port}/exchange/element`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ openid: await openId(account), room: decodeURIComponent(room) }),
    });
    return {
      status: answer.status,
      body: (await answer.json()) as { room: string; token: string; staffLink?: string; reason?: string },
    };
  };

  it("is opened by staff, joined by members, and closed to everybody else", async () => {
    const { therapist, patient } = desk;
    const stranger = await somebody("stranger");
    const room = await newRoom(therapist, patient);
    expect(await asks(patient, room)).toMatchObject({ status: 403, body: { reason: "notOpened" } });
    const opened = await asks(therapist, room);
    expect(opened.status).toBe(200);
    expect(opened.body.room).toMatch(/^[a-z2-7]{26}$/);
    expect(opened.body.staffLink).toMatch(/^[\w-]{60}$/);
    const joined = await asks(patient, room);
    expect(joined).toMatchObject({ status: 200, body: { room: opened.body.room } });
    expect(joined.body.staffLink).toBeUndefined();
    expect(claims(joined.body.token)).toMatchObject({ context: { user: { moderator: false } } });
    expect(claims(opened.body.token)).toMatchObject({
      context: { user: { moderator: true } },
      exp: claims(joined.body.token).exp,
    });
    expect(subject(await asks(patient, room))).toBe(subject(joined));
    expect(await asks(stranger, room)).toMatchObject({ status: 403, body: { reason: "notMember" } });
  });

  it("is ended and revoked at the desk like any other, and can be opened anew", async () => {
    const { patient } = desk;
    // Synapse lets an account sign in three times, and then every six seconds.
    const therapist = await somebody("caller", "therapist");
    const staff = await desk.signedIn(therapist);
    const room = await newRoom(therapist, patient);
    const first = await asks(therapist, room);
    const client = await desk.knock(
      `https://meet.greenriver.example/${first.body.room}#jwt=%22${(await asks(patient, room)).body.token}%22`,
    );
    expect((await desk.entry.post("/staff/end", { link: first.body.staffLink ?? "" }, staff)).status).toBe(200);
    await client.expect(/<stream:error|code=['"]307/);
    expect(await asks(patient, room)).toMatchObject({ status: 403, body: { reason: "late" } });
    const second = await asks(therapist, room);
    expect(second.body.room).not.toBe(first.body.room);
    expect((await asks(patient, room)).body.room).toBe(second.body.room);
  });

  it("tells nothing to a token that is nobody's, another site, or a malformed question", async () => {
    const post = (body: string, headers = {}) =>
      fetch(`http://127.0.0.1:${desk.entry.port}/exchange/element`, { method: "POST", headers, body });
    const room = "!aaaaaaaaaaaaaaaaaaaa:matrix.greenriver.example";
    expect((await post(JSON.stringify({ openid: "a", room }))).status).toBe(401);
    expect((await post(JSON.stringify({ openid: "a", room }), { origin: "https://evil.example" })).status).toBe(403);
    for (const body of [
      "",
      "{",
      "[]",
      JSON.stringify({ openid: "a", room: "../x" }),
      JSON.stringify({ openid: 1, room }),
    ]) {
      expect((await post(body)).status).toBe(400);
    }
  });
});

function claims(token: string): { sub: string; exp: number } {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { sub: string; exp: number };
}

function subject({ body }: { body: { token: string } }): string {
  return claims(body.token).sub;
}
