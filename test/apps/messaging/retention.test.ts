import { afterAll, beforeAll, expect, it } from "vitest";
import { waitFor } from "../../bed/wait.ts";
import { someParams, somePractice } from "../../support/practice.ts";
import { ciphertext, newRoom, type People, send, startPeople } from "../support/rooms.ts";

const { messaging } = somePractice();
let matrix: People;
beforeAll(async () => {
  // The rendered file, with seconds for days.
  const edit = (_: string, text: string) =>
    text.replaceAll("90d", "15s").replace('"interval": "1d"', '"interval": "1s"');
  const params = someParams({ practice: { messaging: { ...messaging, retentionDays: 90 } } });
  matrix = await startPeople(params, { edit });
});
afterAll(() => matrix?.stop());

it("removes messages when their time is over, and leaves what people are told that it leaves", async () => {
  const { therapist, patient, database } = matrix;
  const room = await newRoom(therapist, patient);
  for (let count = 0; count < 3; count += 1) await send(patient, room, "m.room.encrypted", ciphertext());
  const held = async (type: string) =>
    Number(await database.query(`select count(*) from events where type = '${type}' and room_id = '${room}'`));
  expect(await held("m.room.encrypted")).toBe(3);
  // The last one stays: a room has to end somewhere.
  await waitFor(async () => (await held("m.room.encrypted")) === 1, { timeout: 60_000, what: "the messages to go" });
  expect(await held("m.room.member")).toBeGreaterThan(0);
});
