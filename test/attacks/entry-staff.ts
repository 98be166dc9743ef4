import { setTimeout as sleep } from "node:timers/promises";
import { flooding } from "../apps/support/flood.ts";
import { type Attack, group, type Outcome } from "./attack.ts";
import { entryStage, type EntryStage, instead, outcomeOf, seconds } from "./entry.ts";

const PARTS = ["the entry page", "Synapse", "PostgreSQL"];
const CLIENT = "/_matrix/client/v3";

/** Somebody without a session does what staff does, with a patient's link and cookie. */
const asStaff = (id: string, does: string, path: string, role: "patient" | "staff"): Attack<EntryStage> => ({
  id,
  promise: 6,
  does,
  run: async (stage) => {
    const patient = await stage.enter(stage.link());
    const seat = /=(.+)$/.exec(patient.cookie)?.[1] ?? "";
    const cookie = `${patient.cookie}; __Host-staff=${seat}`;
    const answer = await stage.entry.post(path, { link: stage.link({ role }) }, { cookie });
    // Without Prosody what was begun ends with 503: it was begun.
    return answer.status === 503 ? "succeeded" : outcomeOf(answer);
  },
});

export const sessionAttacksAtTheDesk = group<EntryStage>({
  defence: "routes/staff.ts: every request of staff asks who that is",
  parts: ["the entry page", "PostgreSQL"],
  start: entryStage(
    {
      "routes/staff.ts": instead(
        'if (account !== undefined) {\n      context.set("account", account);',
        'if (account !== null) {\n      context.set("account", account ?? "anybody");',
      ),
    },
    {},
    { entry: { receiptDays: 30 } },
  ),
  attacks: [
    asStaff("patient-link-as-staff", "A patient enters with their link as staff does.", "/staff/enter", "patient"),
    asStaff("staff-link-alone", "Somebody who found a link of staff enters as a moderator.", "/staff/enter", "staff"),
    asStaff("patient-ends-for-all", "A patient ends a call for all.", "/staff/end", "patient"),
    asStaff("patient-revokes", "A patient takes a link back.", "/staff/revoke", "patient"),
    asStaff("patient-asks-who-waits", "A patient asks who waits.", "/staff/waiting", "patient"),
    asStaff("patient-reads-receipts", "A patient reads the receipts of a link.", "/staff/receipts", "patient"),
  ],
});

export const earlyAttacks = group<EntryStage>({
  defence: "routes/staff.ts: no way in before its time",
  parts: PARTS,
  start: entryStage({ "routes/staff.ts": instead("now() < room.slot.opens", "now() < 0") }, { matrix: true }),
  attacks: [
    {
      id: "staff-takes-tokens-for-later",
      promise: 6,
      does: "Staff on their last day gathers moderators' tokens for appointments to come.",
      run: async (stage) => {
        const staff = await stage.signedIn(await stage.matrix().register("ada", "therapist"));
        return outcomeOf(await stage.enterAsStaff(stage.link({ starts: seconds() + 30 * 86_400 }), staff));
      },
    },
  ],
});

export const accountAttacks = group<EntryStage>({
  defence: "matrix.ts: only the user type of staff signs in",
  parts: PARTS,
  start: entryStage(
    {
      "matrix.ts": instead('return person?.staff ? person : "refused";', 'return person ?? "refused";'),
      "staff.ts": instead("person?.staff === true &&", "person !== undefined &&"),
    },
    { matrix: true },
  ),
  attacks: [
    {
      id: "patient-account-as-staff",
      promise: 6,
      does: "A patient signs in at the desk with their own account.",
      run: async (stage) => {
        const patient = await stage.matrix().register("cleo");
        const answer = await stage.signIn(patient);
        if (answer.status !== 303) return outcomeOf(answer);
        const made = await stage.make(await stage.signedIn(patient)).catch(() => undefined);
        return made ? "succeeded" : "failed";
      },
    },
  ],
});

export const lockedOut = group<EntryStage>({
  defence: "staff.ts: an answer about an account is kept for half a minute",
  parts: PARTS,
  start: entryStage(
    { "staff.ts": instead("const KEPT_SECONDS = 30;", "const KEPT_SECONDS = 43_200;") },
    { matrix: true },
  ),
  attacks: [
    {
      id: "locked-account-at-the-desk",
      promise: 6,
      does: "A member of staff who was locked out makes links a minute later.",
      run: async (stage) => {
        const admin = await stage.matrix().register("root", undefined, true);
        const former = await stage.matrix().register("ben", "therapist");
        const session = await stage.signedIn(former);
        await stage.make(session);
        const path = `/_synapse/admin/v2/users/${encodeURIComponent(former.id)}`;
        const locked = await admin.call("PUT", path, { locked: true });
        if (locked.status !== 200) throw new Error(`The account was not locked: ${locked.status}`);
        await new Promise((resolve) => setTimeout(resolve, 32_000));
        return outcomeOf(await stage.entry.post("/staff/links", {}, session), [200, 201, 303, 400]);
      },
    },
  ],
});

export const deviceAttacks = group<EntryStage>({
  defence: "matrix.ts: the login that checks a password is ended at once",
  parts: PARTS,
  start: entryStage(
    {
      "matrix.ts": instead(
        "const ended = await ask(`${client}/logout`, access_token, {});\n      await ended.body?.cancel();",
        "",
      ),
    },
    { matrix: true },
  ),
  attacks: [
    {
      id: "device-left-by-sign-in",
      promise: 5,
      does: "Whoever reads the homeserver's devices finds one that the entry page left in the therapist's account.",
      run: async (stage): Promise<Outcome> => {
        const therapist = await stage.matrix().register("ada", "therapist");
        const devices = async () =>
          ((await therapist.call("GET", `${CLIENT}/devices`)).body["devices"] as unknown[]).length;
        const before = await devices();
        await stage.signedIn(therapist);
        return (await devices()) > before ? "succeeded" : "failed";
      },
    },
  ],
});

export const passwordGuessing = group<EntryStage>({
  defence: "limits.ts: five tries for an account, then none for five minutes",
  parts: ["the entry page", "Synapse", "PostgreSQL"],
  // Synapse counts as well; this is about a homeserver that would not.
  start: entryStage(
    {
      "staff.ts": instead("const TRIES = { tries: 5, seconds: 300 };", "const TRIES = { tries: 5000, seconds: 1 };"),
      "matrix.ts": instead(
        'if (answer.status === 429) return "locked";',
        'if (answer.status === 429) return "refused";',
      ),
    },
    { matrix: true },
  ),
  attacks: [
    {
      id: "password-guessed",
      promise: 6,
      does: "Somebody tries passwords of an account until one fits.",
      run: async (stage) => {
        const { id } = await stage.matrix().register("ada", "therapist");
        const statuses: number[] = [];
        for (let guess = 0; guess < 7; guess += 1) {
          statuses.push((await stage.signIn({ id, password: `guess${guess}` })).status);
        }
        // Told that they may not try any more, they have to wait.
        return statuses.includes(429) ? "failed" : "succeeded";
      },
    },
  ],
});

/** Staff signs in again in the browser that has their cookies. */
const again = async (stage: EntryStage, user: string, password: string, cookie: string) =>
  (await stage.entry.post("/staff/sign-in", { user, password }, { cookie })).status;

function keptOutOf(statuses: readonly number[]): Outcome {
  if (statuses.some((status) => status === 429 || status === 503)) return "succeeded";
  if (statuses.every((status) => status === 303)) return "failed";
  throw new Error(`It answered ${statuses.join()}.`);
}

export const keptOut = group<EntryStage>({
  defence: "staff.ts: a known device has a lane and tries of its own",
  parts: PARTS,
  start: entryStage(
    { "staff.ts": instead("const known = await isKnown(user, cookie(deviceName(user)));", "const known = false;") },
    { matrix: true },
  ),
  attacks: [
    {
      id: "staff-kept-out-by-a-flood",
      promise: 7,
      does: "Somebody sends 200 wrong sign-ins a second, so that staff cannot get in.",
      run: async (stage) => {
        const { id, password } = await stage.matrix().register("ada", "therapist");
        const { cookie } = await stage.signedIn({ id, password });
        const flood = flooding(stage.entry.port, 200);
        try {
          await sleep(3_000);
          return keptOutOf([await again(stage, id, password, cookie), await again(stage, id, password, cookie)]);
        } finally {
          await flood.end();
        }
      },
    },
    {
      id: "staff-kept-out-by-their-name",
      promise: 7,
      does: "Somebody who knows an account's name tries wrong passwords, so that its owner cannot get in.",
      run: async (stage) => {
        const { id, password } = await stage.matrix().register("ben", "therapist");
        const { cookie } = await stage.signedIn({ id, password });
        // What Synapse was asked about counts, and it makes them wait as well.
        for (let counted = 0; counted < 5;) {
          if ((await stage.signIn({ id, password: "wrong" })).status === 401) counted += 1;
        }
        await sleep(20_000);
        return keptOutOf([await again(stage, id, password, cookie)]);
      },
    },
  ],
});

const openId = async (stage: EntryStage, name: string, type?: string) => {
  const account = await stage.matrix().register(name, type);
  const path = `${CLIENT}/user/${encodeURIComponent(account.id)}/openid/request_token`;
  return { account, openid: String((await account.call("POST", path, {})).body["access_token"]) };
};

const exchanges = (stage: EntryStage, openid: string, room: string) =>
  fetch(`http://127.0.0.1:${stage.entry.port}/exchange/element`, {
    method: "POST",
    body: JSON.stringify({ openid, room }),
  });

export const conversationAttacks = group<EntryStage>({
  defence: "element.ts: members alone, and only while staff has opened the call",
  parts: PARTS,
  start: entryStage(
    {
      "element.ts": [
        instead('if (!person.member) return "notMember";', ""),
        instead("person.staff && person.level >= MODERATES_FROM", "person.level >= 0"),
      ],
    },
    { matrix: true },
  ),
  attacks: [
    {
      id: "call-of-another-conversation",
      promise: 6,
      does: "A patient joins the call of a conversation in which they are not.",
      run: async (stage) => {
        const { account } = await openId(stage, "ada", "therapist");
        const made = await account.call("POST", `${CLIENT}/createRoom`, {});
        const { openid } = await openId(stage, "eve");
        return outcomeOf(await exchanges(stage, openid, String(made.body["room_id"])));
      },
    },
    {
      id: "call-opened-by-a-patient",
      promise: 6,
      does: "A patient opens the call of their conversation, as its moderator.",
      run: async (stage) => {
        const { account } = await openId(stage, "ben", "therapist");
        const patient = await openId(stage, "cleo");
        const made = await account.call("POST", `${CLIENT}/createRoom`, { invite: [patient.account.id] });
        const room = String(made.body["room_id"]);
        await patient.account.call("POST", `${CLIENT}/join/${encodeURIComponent(room)}`, {});
        return outcomeOf(await exchanges(stage, patient.openid, room));
      },
    },
  ],
});
