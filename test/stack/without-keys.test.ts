import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait.ts";
import { call, come, inside, leaveNobody } from "./support/person.ts";
import { isClear, picturesOf } from "./support/picture.ts";
import { startRig, type Rig } from "./support/rig.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterEach(({ task }) => leaveNobody(rig, task.result?.state === "fail"));
afterAll(() => rig?.stop());

const EVE = { holder: "eve-0123456789-abcdefghij" };

describe("somebody without keys, whose client lies to Prosody", () => {
  it("gets in, and sees and hears noise from the first frame", async () => {
    const { room, staff, patient } = await call(rig);
    const eve = await come(rig, room, {
      page: "bare",
      forged: true,
      admission: EVE,
      fragment: "&config.e2ee.disabled=true",
    });
    await inside(eve, "the liar to be in the room");
    await waitFor(async () => ((await eve.frames())["in video"]?.sealed ?? 0) > 50, {
      timeout: 60_000,
      what: "frames of the others",
    });
    const frames = await eve.frames();
    const pictures = Object.values(await picturesOf(eve));
    process.stderr.write(`without keys: ${JSON.stringify(frames)}, pictures ${JSON.stringify(pictures)}\n`);
    expect(frames["in video"]).toMatchObject({ plain: 0, firstSealed: 1 });
    expect(frames["in audio"]).toMatchObject({ plain: 0, firstSealed: 1 });
    expect(pictures.some(isClear)).toBe(false);
    for (const person of [staff, patient]) {
      expect((await person.frames())["out video"]).toMatchObject({ plain: 0 });
      expect((await person.frames())["out audio"]).toMatchObject({ plain: 0 });
    }
  });
});

describe("a client that", () => {
  it("has no guard and does not encrypt never gets in", async () => {
    const { room } = await call(rig);
    const stock = await come(rig, room, { page: "bare", admission: EVE });
    await waitFor(() => stock.wire.stanzas.some(({ sent, text }) => !sent && text.includes("not-acceptable")), {
      what: "the refusal",
    });
    expect(await stock.isIn()).toBe(false);
    expect((await stock.frames())["in video"]).toBeUndefined();
  });

  it("takes its claim back in a call is removed before anybody sees it", async () => {
    const { room, staff, patient } = await call(rig);
    const eve = await come(rig, room, {
      page: "bare",
      forged: true,
      admission: EVE,
      fragment: "&config.e2ee.disabled=true",
    });
    await inside(eve, "the liar to be in the room");
    const seen = [staff, patient].map(({ wire }) => wire.stanzas.length);
    const name = await eve.inPage<string>(`APP.conference._room.myUserId()`);
    await eve.inPage(
      `window.forge = window.forge.replace(">true<", "><"); APP.conference._room.setDisplayName("x"); 0`,
    );
    await waitFor(async () => !(await eve.isIn()), { what: "the liar to be removed" });
    for (const [at, { wire, says, frames }] of [staff, patient].entries()) {
      const presences = wire.stanzas.slice(seen[at]).filter(({ sent, text }) => !sent && text.includes(`/${name}`));
      const told = presences.filter(({ text }) => text.startsWith("<presence") && !/type=['"]unavailable/.test(text));
      for (const { text } of told) expect(text).toContain("<jitsi_participant_e2ee.enabled>true<");
      expect(await says()).toBe("open");
      expect((await frames())["out video"]).toMatchObject({ plain: 0 });
    }
  });
});
