import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait.ts";
import { call, come, inside, leaveNobody, newRoom, type Person } from "./support/person.ts";
import { seesClearly } from "./support/picture.ts";
import { startRig, type Rig } from "./support/rig.ts";
import { refusedIn } from "./support/stanzas.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterEach(({ task }) => leaveNobody(rig, task.result?.state === "fail"));
afterAll(() => rig?.stop());

/** What Chromium itself looks for, whatever page it shows, and what our rules for names make of it. */
const OF_THE_BROWSER = [
  "accounts.google.com",
  "clients2.google.com",
  "content-autofill.googleapis.com",
  "optimizationguide-pa.googleapis.com",
  "update.googleapis.com",
  "127.0.0.1",
  "~notfound",
];

const lines = (text: string) => text.split("\n").filter(Boolean).length;

/** Asking for TURN servers. There are none, and the client goes on without. */
const TURN = /^iq get to \S+: <services xmlns="urn:xmpp:extdisco:[12]"\/> → /;

/** What the browser itself says it has sent. */
const sentVideoFrames = ({ inPage }: Person) =>
  inPage<number>(`APP.conference._room.jvbJingleSession.peerconnection.peerconnection.getStats().then((stats) =>
    [...stats.values()].filter(({ type, kind }) => type === "outbound-rtp" && kind === "video")
      .reduce((sum, { framesSent = 0 }) => sum + framesSent, 0))`);

describe("staff and a patient", () => {
  it("are encrypted from the first frame, and see each other", async () => {
    const { staff, patient } = await call(rig);
    for (const person of [staff, patient]) {
      const presence = person.wire.stanzas.find(({ sent, text }) => sent && /^<presence [^>]*to=/.test(text));
      expect(presence?.text).toContain("<jitsi_participant_e2ee.enabled>true</jitsi_participant_e2ee.enabled>");
      const sent = await sentVideoFrames(person);
      await new Promise((resolve) => setTimeout(resolve, 500)); // until the tap has told of all of them
      const frames = await person.frames();
      process.stderr.write(`frames: ${JSON.stringify(frames)}, sent by the browser: ${sent}\n`);
      for (const kind of ["out audio", "out video", "in audio", "in video"] as const) {
        expect(frames[kind]).toMatchObject({ plain: 0, firstSealed: 1 });
      }
      expect(frames["out video"]?.sealed).toBeGreaterThanOrEqual(sent);
      expect(await person.says()).toBe("open");
    }
  });

  it("can do what a call needs, and nothing of it is refused", async () => {
    const { staff, patient } = await call(rig);
    await staff.inPage(`APP.conference.muteAudio(true); APP.conference.muteVideo(true)`);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await staff.inPage(`APP.conference.muteAudio(false); APP.conference.muteVideo(false)`);
    await seesClearly(patient);
    await patient.tab.keyboard.press("d"); // the browser lets a page ask for the screen after a key or a click only
    await waitFor(
      async () =>
        (await staff.inPage<number>(`APP.store.getState()["features/base/tracks"].filter(({ local, videoType }) =>
        !local && videoType === "desktop").length`)) === 1,
      { what: "the patient's screen" },
    );
    await patient.tab.keyboard.press("d");
    await patient.inPage(`APP.conference._room.setLocalParticipantProperty("raisedHand", Date.now())`);
    await patient.inPage(`APP.conference._room.setDisplayName("A name")`);
    const id = await patient.inPage<string>(`APP.conference._room.myUserId()`);
    await staff.inPage(`APP.conference._room.muteParticipant("${id}", "audio")`);
    await waitFor(() => patient.inPage<boolean>(`APP.conference.isLocalAudioMuted()`), { what: "staff's mute" });
    await staff.inPage(`APP.conference._room.enableAVModeration("audio")`);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await staff.inPage(`APP.conference._room.disableAVModeration("audio")`);
    await staff.inPage(`APP.conference._room.kickParticipant("${id}", "")`);
    await waitFor(async () => !(await patient.isIn()), { what: "the patient to be removed" });
    await staff.inPage(`APP.conference.hangup(false)`);
    await waitFor(async () => (await staff.says()) === "ended", { what: "the end" });
    const refused = [...refusedIn(staff.wire.stanzas), ...refusedIn(patient.wire.stanzas)];
    process.stderr.write(`refused: ${JSON.stringify([...new Set(refused)])}\n`);
    expect(refused.filter((what) => !TURN.test(what))).toEqual([]);
    for (const person of [staff, patient]) {
      for (const count of Object.values(await person.frames())) expect(count.plain).toBe(0);
    }
  });

  it("are together again seconds after the patient's page was loaded anew", async () => {
    const { staff, patient } = await call(rig);
    const before = performance.now();
    await patient.tab.reload({ waitUntil: "commit" });
    await patient.enter();
    await inside(patient);
    process.stderr.write(`in again after ${Math.round(performance.now() - before)} ms\n`);
    await seesClearly(patient);
    await seesClearly(staff);
    expect(await staff.says()).toBe("open");
  });

  it("stay together when the network was lost for a moment", async () => {
    const { staff, patient } = await call(rig);
    const at = patient.wire.stanzas.length;
    rig.cut();
    const resumed = () =>
      patient.wire.stanzas.slice(at).filter(({ sent, text }) => !sent && text.startsWith("<resumed"));
    await waitFor(() => resumed().length > 0, { what: "the patient's session to be resumed" });
    const { "in video": before } = await staff.frames();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const { "in video": after } = await staff.frames();
    expect(after?.sealed).toBeGreaterThan(before?.sealed ?? 0);
    expect(await patient.says()).toBe("open");
    const joins = patient.wire.stanzas.slice(at).filter(({ sent, text }) => sent && text.includes("protocol/muc"));
    expect(joins).toEqual([]);
    await seesClearly(staff);
  });

  it("make the browser ask nobody but the practice", async () => {
    const { staff, patient } = await call(rig);
    for (const person of [staff, patient]) {
      expect(await person.violations()).toEqual([]);
      const hosts = person.wire.requests.filter((url) => /^(https?|wss?):/.test(url)).map((url) => new URL(url).host);
      expect([...new Set(hosts)]).toEqual([rig.params.practice.hosts.meet]);
    }
  });

  it("leave nothing about the call in any log", async () => {
    const { room, staff, patient } = await call(rig);
    const ids = await Promise.all(
      [staff, patient].map(({ inPage }) => inPage<string>(`APP.conference._room.myUserId()`)),
    );
    const logs = await rig.logs();
    process.stderr.write(
      `lines in logs: ${JSON.stringify(Object.entries(logs).map(([name, text]) => [name, lines(text)]))}\n`,
    );
    const told = [room, ...ids, "staff-", "patient-", "eyJ", "203.0.113.7", "10.98.0.10", "127.0.0.1"];
    for (const [name, log] of Object.entries(logs)) {
      for (const secret of told) expect(log, `${name} names ${secret}`).not.toContain(secret);
    }
  });
});

describe("a patient", () => {
  it("waits until staff is there", async () => {
    const room = newRoom();
    const patient = await come(rig, room);
    await waitFor(async () => (await patient.reads()).includes("die Praxis lässt Sie gleich ein"), {
      what: "the word that the patient waits",
    });
    expect(await patient.isIn()).toBe(false);
    expect(await patient.frames()).toEqual({});
    const staff = await come(rig, room, { admission: { staff: true } });
    await inside(staff);
    await inside(patient);
    await seesClearly(patient);
  });
});

// The last test: it ends the browser.
describe("the browser", () => {
  it("looks for no other host, in whatever part of it", async () => {
    await call(rig);
    await leaveNobody(rig, false);
    await rig.browser.close();
    const hosts: Readonly<Record<string, string>> = { ...rig.params.practice.hosts };
    const found = await rig.hostsLookedFor();
    process.stderr.write(`hosts: ${JSON.stringify(found)}\n`);
    expect(found).toContain(hosts["meet"]);
    expect(found.filter((host) => ![...Object.values(hosts), ...OF_THE_BROWSER].includes(host))).toEqual([]);
  });
});
