import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait.ts";
import type { Edit } from "../apps/support/signalling.ts";
import { come, inside, leaveNobody, newRoom, type Person } from "./support/person.ts";
import { isClear, picturesOf, seesClearly } from "./support/picture.ts";
import { startRig, type Rig } from "./support/rig.ts";

/** Rooms without our rules: whoever has a token gets in, whatever is said about encryption. */
const noRules: Edit = (file, text) =>
  file === "prosody.cfg.lua" ? text.replace(/"practice_room"; "practice_lobby"; "practice_deadline"; /, "") : text;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ edit: noRules });
});
afterEach(({ task }) => leaveNobody(rig, task.result?.state === "fail"));
afterAll(() => rig?.stop());

const STAFF = { admission: { staff: true } };
/** Settings of the app that make it not encrypt, in the spellings that it reads. */
const OVERRIDES = [
  "&config.e2ee.disabled=true",
  "&config.e2ee=%7B%22disabled%22%3Atrue%7D",
  "&config=%7B%22e2ee%22%3A%7B%22disabled%22%3Atrue%7D%7D",
  "&%63onfig.e2ee.disabled=true",
  "&config.e2ee.externallyManagedKey=true",
  "&config.testing.disableE2EE=true",
  "&config.__proto__.e2ee.disabled=true",
  "&config.p2p.enabled=true",
] as const;

const outOf = async ({ frames }: Person) => {
  const { "out audio": audio, "out video": video } = await frames();
  return { audio, video };
};

describe("without the guard, and without the rules in Prosody,", () => {
  it("a call works as upstream makes it, and everything is readable on the way", async () => {
    const room = newRoom();
    const staff = await come(rig, room, { page: "bare", ...STAFF });
    await inside(staff);
    const patient = await come(rig, room, { page: "bare" });
    await inside(patient);
    await seesClearly(staff);
    await seesClearly(patient);
    // Without its own worker nothing decrypts here: what was seen came as it was sent.
    expect(await staff.inPage(`APP.conference._room.isE2EEEnabled()`)).toBe(false);
    const onlooker = await come(rig, room, {
      page: "bare",
      forged: true,
      admission: { holder: "eve-0123456789-abcdefghij" },
      fragment: "&config.e2ee.disabled=true",
    });
    await inside(onlooker);
    await waitFor(async () => ((await onlooker.frames())["in video"]?.plain ?? 0) > 20, {
      timeout: 60_000,
      what: "readable frames",
    });
    const pictures = Object.values(await picturesOf(onlooker));
    process.stderr.write(`defence off: ${JSON.stringify(await onlooker.frames())} ${JSON.stringify(pictures)}\n`);
    expect((await onlooker.frames())["in video"]).toMatchObject({ sealed: 0 });
    expect(pictures.some(isClear)).toBe(true);
  });

  it("the address switches encryption off for good", async () => {
    const room = newRoom();
    const staff = await come(rig, room, { page: "bare", fragment: OVERRIDES[0], ...STAFF });
    await inside(staff);
    expect(await staff.inPage(`APP.conference._room.isE2EESupported()`)).toBe(false);
  });
});

describe("with the guard alone", () => {
  it("no spelling of a setting in the address has an effect", async () => {
    const room = newRoom();
    const staff = await come(rig, room, { fragment: OVERRIDES.join(""), ...STAFF });
    await inside(staff);
    const patient = await come(rig, room, { fragment: OVERRIDES.toReversed().join("") });
    await inside(patient);
    await seesClearly(staff);
    await seesClearly(patient);
    for (const person of [staff, patient]) {
      const config = await person.inPage<object>(
        `(({ e2ee, p2p, testing }) => ({ e2ee, p2p: p2p.enabled, testing }))(config)`,
      );
      expect(config).toMatchObject({ e2ee: { disabled: false, externallyManagedKey: false }, p2p: false });
      expect(await person.says()).toBe("open");
      expect(await outOf(person)).toMatchObject({ audio: { plain: 0 }, video: { plain: 0 } });
    }
  });

  it("another one's off changes nothing: media stays encrypted, and the app says so", async () => {
    const room = newRoom();
    const staff = await come(rig, room, STAFF);
    await inside(staff);
    const patient = await come(rig, room);
    await inside(patient);
    await seesClearly(staff);
    const liar = await come(rig, room, {
      page: "bare",
      forged: true,
      admission: { holder: "eve-0123456789-abcdefghij" },
      fragment: "&config.e2ee.disabled=true",
    });
    await inside(liar, "the liar to be in the room");
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await liar.inPage(
      `window.forge = window.forge.replace(">true<", "><"); APP.conference._room.setDisplayName("x"); 0`,
    );
    await waitFor(
      () => staff.wire.stanzas.some(({ sent, text }) => !sent && /e2ee\.enabled\/>|e2ee\.enabled><\//.test(text)),
      {
        what: "the word off to arrive",
      },
    );
    const shown = `(({ e2ee, participants }) => [e2ee.enabled, participants.local.e2eeEnabled])(
      { e2ee: APP.store.getState()["features/e2ee"], participants: APP.store.getState()["features/base/participants"] })`;
    for (const person of [staff, patient]) {
      expect(await person.inPage(`APP.conference._room.isE2EEEnabled()`)).toBe(true);
      expect(await person.inPage(shown)).toEqual([true, true]);
    }
    // One who does not claim encryption for ten seconds ends the call for those who do.
    await waitFor(async () => (await staff.says()) === "blocked-off", { what: "the end of the call" });
    await waitFor(async () => (await patient.says()) === "blocked-off", { what: "the end of the call" });
    const seen = await liar.frames();
    process.stderr.write(`after the off: ${JSON.stringify(seen)}\n`);
    expect(seen["in video"]).toMatchObject({ plain: 0 });
    expect(seen["in audio"]).toMatchObject({ plain: 0 });
  });
});
