import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait.ts";
import { come, inside, leaveNobody, newRoom, type Person } from "./support/person.ts";
import { isClear, picturesOf, seesClearly } from "./support/picture.ts";
import { startRig, type Rig } from "./support/rig.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterEach(({ task }) => leaveNobody(rig, task.result?.state === "fail"));
afterAll(() => rig?.stop());

async function two() {
  const room = newRoom();
  const staff = await come(rig, room, { page: "required", admission: { staff: true } });
  await inside(staff);
  const patient = await come(rig, room, { page: "required" });
  await inside(patient);
  return { staff, patient };
}

/** The symbols in the app's dialog. */
async function symbolsOf({ tab }: Person): Promise<string> {
  const dialog = tab.getByRole("dialog");
  await dialog.waitFor({ timeout: 60_000 });
  return dialog.innerText();
}
const press = ({ tab }: Person, name: RegExp) => tab.getByRole("dialog").getByRole("button", { name }).click();

describe("where comparing is required", () => {
  it("nobody sees anybody until both have said that the symbols are the same", async () => {
    const { staff, patient } = await two();
    const [hers, his] = [await symbolsOf(staff), await symbolsOf(patient)];
    process.stderr.write(`symbols: ${JSON.stringify(hers)}\n`);
    expect(his).toBe(hers);
    const clear = async (person: Person) => Object.values(await picturesOf(person)).some(isClear);
    expect([await staff.says(), await patient.says()]).toEqual(["held", "held"]);
    expect([await clear(staff), await clear(patient)]).toEqual([false, false]);
    await press(staff, /übereinstimmen|stimmen überein|They match/i);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect([await staff.says(), await patient.says()]).toEqual(["held", "held"]);
    expect([await clear(staff), await clear(patient)]).toEqual([false, false]);
    await press(patient, /übereinstimmen|stimmen überein|They match/i);
    await waitFor(async () => (await staff.says()) === "open" && (await patient.says()) === "open", {
      what: "the call",
    });
    await seesClearly(staff);
    await seesClearly(patient);
    for (const person of [staff, patient]) {
      for (const count of Object.values(await person.frames())) expect(count.plain).toBe(0);
    }
  });

  it("the call ends when one says that they differ, and nobody has seen anybody", async () => {
    const { staff, patient } = await two();
    await symbolsOf(staff);
    await press(staff, /nicht überein|do not match/i);
    await waitFor(async () => (await staff.says()) === "blocked-differ", { what: "the end" });
    // lib-jitsi-meet does not tell the other one why: for them, somebody has left.
    await waitFor(() => patient.inPage<boolean>(`APP.conference._room.getParticipantCount() === 1`), {
      what: "the patient to be alone",
    });
    expect(await picturesOf(patient)).toEqual({});
    for (const person of [staff, patient]) {
      for (const count of Object.values(await person.frames())) expect(count.plain).toBe(0);
    }
  });
});
