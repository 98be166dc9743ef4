import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { waitFor } from "../../bed/wait.ts";
import { someParams } from "../../support/practice.ts";
import { type Entry, startEntry } from "../support/entry.ts";
import { type Messaging, startMessaging } from "../support/messaging.ts";
import { deskOn } from "../support/practice-desk.ts";

// A key that is replaced, seen by the people whose links and receipts were made with the former one.

const params = someParams({ practice: { entry: { receiptDays: 30 } } });
let matrix: Messaging;
let keys: string;
let entry: Entry | undefined;
beforeAll(async () => {
  matrix = await startMessaging(params);
  keys = await mkdtemp(join(tmpdir(), "entry-keys-"));
});
afterAll(async () => {
  await entry?.stop();
  await matrix?.stop();
  if (keys) await rm(keys, { recursive: true });
});

/** The page as its pod starts it when the Secrets of these numbers are there. */
async function started(numbers: readonly number[]) {
  await entry?.stop();
  for (const number of numbers) await writeFile(join(keys, `${number}.key`), String(number).repeat(64), { flag: "w" });
  entry = await startEntry(params, { database: matrix.database, matrix }, { watchEveryMs: 50 }, { keys });
  return deskOn(entry);
}
const keyOf = (link: string) => Buffer.from(link, "base64url").readUInt16BE(1);

it("goes on to open what it made while it overlaps with the next one, and nothing when its Secret is gone", async () => {
  const therapist = await matrix.register("ada", "therapist");
  let desk = await started([1]);
  let staff = await desk.signedIn(therapist);
  const old = await desk.make(staff);
  const unused = await desk.make(staff);
  expect(keyOf(old.link)).toBe(1);
  const inside = await desk.enter(old.link);
  expect(inside.status).toBe(303);

  desk = await started([1, 2]);
  // Whoever was signed in stays so, whoever has a seat keeps it, and a link that is in somebody's mail works.
  const fresh = await desk.make(staff);
  expect(keyOf(fresh.link)).toBe(2);
  expect((await desk.enter(old.link, inside)).status).toBe(303);
  expect((await desk.entry.post("/join", { link: old.link })).status).toBe(409);
  expect((await desk.enter(unused.link)).status).toBe(303);
  expect((await desk.enter(fresh.link)).status).toBe(303);
  const receipts = async (link: string) => {
    const answer = await desk.entry.post("/staff/receipts", { link, lang: "en" }, staff);
    return { status: answer.status, isThere: (await answer.text()).includes("One receipt") };
  };
  expect(await receipts(old.link)).toEqual({ status: 200, isThere: true });
  staff = await desk.signedIn(therapist);

  await rm(join(keys, "1.key"));
  await waitFor(async () => (await desk.entry.post("/join", { link: unused.link })).status === 404, {
    what: "the former key to be given up",
  });
  expect((await desk.entry.post("/join", { link: fresh.link })).status).toBe(409);
  expect(await receipts(fresh.link)).toEqual({ status: 200, isThere: true });
  expect(await receipts(old.link)).toEqual({ status: 404, isThere: false });
});
