import { randomBytes } from "node:crypto";
import { Agent, request } from "undici";
import { type Attack, group, type Outcome } from "./attack.ts";
import { entryStage, type EntryStage, instead, outcomeOf, seconds } from "./entry.ts";

const PARTS = ["the entry page", "PostgreSQL"];
const DAY = 86_400;

/** A link of which an attacker changed bytes: what it says is in the first 27, in clear. */
function changed(link: string, change: (bytes: Buffer) => void): string {
  const bytes = Buffer.from(link, "base64url");
  change(bytes);
  return bytes.toString("base64url");
}

/** Hands in a link, and sees whether a call opens. */
const opens = (id: string, does: string, link: (stage: EntryStage) => string): Attack<EntryStage> => ({
  id,
  promise: 6,
  does,
  run: async (stage) => {
    const answer = await stage.entry.post("/join", { link: link(stage) });
    const page = await answer.text();
    if (answer.status === 200) return page.includes('name="consent"') ? "succeeded" : "failed";
    return outcomeOf(answer);
  },
});

export const linkAttacks = group<EntryStage>({
  defence: "capability.ts: the signature of a link",
  parts: PARTS,
  start: entryStage({
    "capability.ts": instead(
      "!timingSafeEqual(bytes.subarray(CONTENT_BYTES), tagOf(set, content))",
      "!timingSafeEqual",
    ),
  }),
  attacks: [
    opens("link-guessed", "Somebody guesses a link: the form is known, the rest is random.", (stage) =>
      changed(stage.link(), (bytes) => {
        randomBytes(16).copy(bytes, 4);
        randomBytes(18).copy(bytes, 27);
      }),
    ),
    opens("link-for-another-room", "A patient changes the room in their link.", (stage) =>
      changed(stage.link(), (bytes) => randomBytes(16).copy(bytes, 4)),
    ),
    opens("link-of-yesterday-made-new", "A patient changes the time in an old link.", (stage) =>
      changed(stage.link({ starts: seconds() - DAY }), (bytes) => bytes.writeUInt32BE(seconds(), 20)),
    ),
    opens("link-signature-cut", "Somebody leaves the signature empty.", (stage) =>
      changed(stage.link(), (bytes) => bytes.fill(0, 27)),
    ),
  ],
});

export const timeAttacks = group<EntryStage>({
  defence: "slot.ts: when a link is good, on the practice's own clock",
  parts: PARTS,
  start: entryStage({
    "rooms.ts": instead("if (now() < slot.closes) return false;", "if (now() > 0) return false;"),
    "routes/patient.ts": instead("if (now() >= room.slot.opens) return room;", "if (now() >= 0) return room;"),
  }),
  attacks: [
    opens("link-late", "Somebody opens a link that they found a day later.", (stage) =>
      stage.link({ starts: seconds() - DAY }),
    ),
    opens("link-early", "Somebody opens a link a day before its time.", (stage) =>
      stage.link({ starts: seconds() + DAY }),
    ),
    {
      id: "link-on-a-wrong-clock",
      promise: 6,
      does: "A device whose clock is set to the time of the link says so in every way that there is.",
      run: async (stage) => {
        const starts = seconds() + DAY;
        const link = stage.link({ starts });
        const headers = { date: new Date(starts * 1000).toUTCString(), "x-request-start": String(starts) };
        const answer = await stage.entry.post("/join", { link, now: String(starts), opens: "1", starts: "1" }, headers);
        return (await answer.text()).includes('name="consent"') ? "succeeded" : "failed";
      },
    },
  ],
});

export const consentAttacks = group<EntryStage>({
  defence: "routes/patient.ts: the tick under the text",
  parts: PARTS,
  start: entryStage({ "routes/patient.ts": instead(' || agree !== "yes"', "") }),
  attacks: [
    {
      id: "receipt-without-consent",
      promise: 8,
      does: "Somebody gets a signed receipt that says that the patient agreed, who did not.",
      run: async (stage) => {
        const link = stage.link();
        const open = await (await stage.entry.post("/join", { link })).text();
        const consent = /name="consent" value="([0-9a-f]{64})"/.exec(open)?.[1];
        if (!consent) throw new Error("The text is not there.");
        return outcomeOf(await stage.entry.post("/consent", { link, consent }));
      },
    },
  ],
});

export const useAttacks = group<EntryStage>({
  defence: "store.ts: one statement takes a seat",
  parts: PARTS,
  start: entryStage({ "store.ts": instead("OR cardinality(r.seats) < $3)", "OR $3 > 0)") }),
  attacks: [
    {
      id: "link-used-twice",
      promise: 6,
      does: "Somebody who copied link, consent and all uses them after the patient.",
      run: async (stage) => {
        const first = await stage.enter(stage.link());
        if (first.status !== 303) throw new Error(`The patient was answered ${first.status}.`);
        const link = stage.link();
        const patient = await stage.enter(link);
        return outcomeOf(await stage.entry.post("/enter", { link, receipt: patient.receipt }));
      },
    },
    {
      id: "link-used-a-thousand-times-at-once",
      promise: 6,
      does: "A thousand devices use one link for one person in the same moment.",
      run: async (stage): Promise<Outcome> => {
        const link = stage.link();
        const { receipt } = await stage.ready(link);
        // With patience: what got no answer would be no refusal.
        const dispatcher = new Agent({ connect: { timeout: 60_000 }, headersTimeout: 120_000, bodyTimeout: 120_000 });
        const use = async () => {
          const { statusCode, body } = await request(`http://127.0.0.1:${stage.entry.port}/enter`, {
            method: "POST",
            dispatcher,
            headers: {
              origin: "https://go.greenriver.example",
              "content-type": "application/x-www-form-urlencoded",
            },
            body: new URLSearchParams({ link, receipt }).toString(),
          });
          await body.dump();
          return statusCode;
        };
        const statuses = await Promise.all(Array.from({ length: 1000 }, use));
        await dispatcher.close();
        const won = statuses.filter((status) => status === 303).length;
        if (won === 0) throw new Error(`Nobody got in: ${[...new Set(statuses)].join()}`);
        return won > 1 ? "succeeded" : "failed";
      },
    },
  ],
});

export const revokedAttacks = group<EntryStage>({
  defence: "store.ts: nobody takes a seat in a room that was closed",
  parts: [...PARTS, "Prosody"],
  start: entryStage(
    {
      "store.ts": instead("WHERE r.closed IS NULL AND (", "WHERE ("),
      "rooms.ts": instead("if (state.closed) return closing(state.closed);", ""),
    },
    { matrix: true, calls: true },
  ),
  attacks: [
    {
      id: "link-revoked",
      promise: 6,
      does: "A patient whose link was taken back opens it again, on the device that was in.",
      run: async (stage) => {
        const staff = await stage.signedIn(await stage.matrix().register("ada", "therapist"));
        const { link, staffLink } = await stage.make(staff);
        const patient = await stage.enter(link);
        const revoked = await stage.entry.post("/staff/revoke", { link: staffLink }, staff);
        if (revoked.status !== 200) throw new Error(`The link was not taken back: ${revoked.status}`);
        return outcomeOf(await stage.enter(link, patient));
      },
    },
  ],
});

export const tokenRevocation = group<EntryStage>({
  defence: "rooms.ts: Prosody is told of every seat that was taken back",
  parts: [...PARTS, "Synapse", "Prosody"],
  start: entryStage(
    { "rooms.ts": instead("await prosody.revoke(seatHolder(key, seat), until);", "seatHolder(key, seat);") },
    { matrix: true, calls: true },
  ),
  attacks: [
    {
      id: "token-kept-after-revocation",
      promise: 6,
      does: "A patient whose link was taken back still uses the token that they got before.",
      run: async (stage) => {
        const staff = await stage.signedIn(await stage.matrix().register("ada", "therapist"));
        const { link, staffLink } = await stage.make(staff);
        const patient = await stage.enter(link);
        await stage.entry.post("/staff/revoke", { link: staffLink }, staff);
        try {
          await stage.knock(patient.to);
          return "succeeded";
        } catch (error) {
          if (error instanceof Error && error.message.includes("not-authorized")) return "failed";
          throw error;
        }
      },
    },
  ],
});

export const databaseAwayAttacks = group<EntryStage>({
  defence: "store.ts: no answer of the database is a refusal",
  parts: PARTS,
  start: entryStage({
    "rooms.ts": instead(
      "const seat = await store.take(room.key, deviceOf(room, device), room.capability.people, until, kept);",
      "const seat = await store.take(room.key, deviceOf(room, device), room.capability.people, until, kept).catch(() => 1);",
    ),
  }),
  attacks: [
    {
      id: "link-used-while-the-database-is-away",
      promise: 6,
      does: "Somebody uses a used link while the database is away.",
      run: async (stage) => {
        const link = stage.link();
        const patient = await stage.enter(link);
        await stage.database.pause();
        try {
          return outcomeOf(await stage.entry.post("/enter", { link, receipt: patient.receipt }));
        } finally {
          await stage.database.resume();
        }
      },
    },
  ],
});
