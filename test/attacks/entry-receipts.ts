import { compactDecrypt } from "jose";
import { digest } from "../../src/entry/keys.ts";
import { group } from "./attack.ts";
import { entryStage, type EntryStage, instead } from "./entry.ts";

const PARTS = ["the entry page", "PostgreSQL"];
const KEEPS = { entry: { receiptDays: 30 } };

/** Everything that the database has of receipts, read by whoever has all of it. */
const rowsOf = async ({ database }: EntryStage) =>
  (
    await database.query("select file from receipts", {
      user: "entry",
      name: "entry",
      password: database.entryPassword,
    })
  )
    .split("\n")
    .filter(Boolean);

/** A patient who agreed and came in. */
async function patientIn(stage: EntryStage, link = stage.link()) {
  const { status } = await stage.enter(link);
  if (status !== 303) throw new Error(`The patient was answered ${status}.`);
}

export const receiptsInClear = group<EntryStage>({
  defence: "receipts.ts: what is kept of a receipt is encrypted",
  parts: PARTS,
  start: entryStage(
    {
      "receipts.ts": instead(
        /await new CompactEncrypt\(Buffer\.from\(receipt\)\)\s*\.setProtectedHeader\([^)]*\)\s*\.encrypt\(made\(link, "key"\)\)/g,
        "receipt",
      ),
    },
    {},
    KEEPS,
  ),
  attacks: [
    {
      id: "receipts-read-in-the-database",
      promise: 5,
      does: "Whoever reads the database reads who agreed to what, and when.",
      run: async (stage) => {
        await patientIn(stage);
        const rows = await rowsOf(stage);
        if (rows.length !== 1) throw new Error(`There are ${rows.length} receipts.`);
        return rows.some((row) => row.includes("agreed")) ? "succeeded" : "failed";
      },
    },
  ],
});

export const receiptsAlone = group<EntryStage>({
  defence: "receipts.ts: the room in a link, which is kept nowhere, is part of a receipt's key and place",
  parts: [...PARTS, "Synapse"],
  start: entryStage(
    { "receipts.ts": instead("keys.current).receipts, use, room)", "keys.current).receipts, use)") },
    { matrix: true },
    KEEPS,
  ),
  attacks: [
    {
      id: "receipts-read-with-the-key",
      promise: 5,
      does: "Whoever has the database and the practice's key, but no link, reads receipts.",
      run: async (stage) => {
        await patientIn(stage);
        const [file = ""] = await rowsOf(stage);
        const key = digest(stage.keys.current.receipts, "key");
        return compactDecrypt(file, key).then(
          () => "succeeded",
          () => "failed",
        );
      },
    },
    {
      id: "receipt-of-another-link",
      promise: 5,
      does: "Somebody of staff reads the receipt of an appointment whose link they do not have, with another link.",
      run: async (stage) => {
        await patientIn(stage);
        const staff = await stage.signedIn(await stage.matrix().register("ada", "therapist"));
        const answer = await stage.entry.post("/staff/receipts", { link: stage.link() }, staff);
        if (answer.status !== 200) throw new Error(`It answered ${answer.status}.`);
        return (await answer.text()).includes("data:application/json") ? "succeeded" : "failed";
      },
    },
  ],
});

export const keptForNobody = group<EntryStage>({
  defence: "server.ts: receipts are kept only where the practice says so",
  parts: PARTS,
  start: entryStage({
    "server.ts": instead(
      "receiptDays === undefined ? undefined : receiptsOf({ keys, store, days: receiptDays, now })",
      "receiptsOf({ keys, store, days: receiptDays ?? 30, now })",
    ),
  }),
  attacks: [
    {
      id: "receipts-kept-unasked",
      promise: 5,
      does: "Whoever reads the database of a practice that keeps no receipts counts who agreed.",
      run: async (stage) => {
        await patientIn(stage);
        return (await rowsOf(stage)).length > 0 ? "succeeded" : "failed";
      },
    },
  ],
});
