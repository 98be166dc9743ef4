import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { arrive, inside, link } from "./support/person.ts";
import { seesClearly } from "./support/picture.ts";
import { startRig, type Rig } from "./support/rig.ts";

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig?.stop());

const newRoom = () => randomBytes(16).toString("hex");

describe("two people", () => {
  it("are encrypted from the first frame and see each other", async () => {
    const room = newRoom();
    const staff = await arrive(rig, room, { token: await link(rig, room, { staff: true }) });
    const patient = await arrive(rig, room, { token: await link(rig, room) });
    try {
      await staff.enter();
      await inside(staff);
      await patient.enter();
      await inside(patient);
      console.log(await seesClearly(staff), await seesClearly(patient));
      console.log(await staff.frames(), await patient.frames());
    } catch (error) {
      await staff.tab.screenshot({ path: "/tmp/stack-staff.png" });
      await patient.tab.screenshot({ path: "/tmp/stack-patient.png" });
      console.log(await rig.logs());
      throw error;
    } finally {
      console.log(await staff.says(), await patient.says());
      console.log(staff.wire.problems, patient.wire.problems, await staff.violations());
      console.log(staff.wire.stanzas.filter(({ text }) => text.includes("not-allowed")));
    }
    expect(1).toBe(1);
  });
});
