import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { call, leaveNobody } from "./support/person.ts";
import { startRig, type Rig } from "./support/rig.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterEach(({ task }) => leaveNobody(rig, task.result?.state === "fail"));
afterAll(() => rig?.stop());

describe("recording", () => {
  it("has no button for anybody", async () => {
    const { staff, patient } = await call(rig);
    for (const person of [staff, patient]) {
      await person.tab.mouse.move(500, 300);
      await person.tab.locator(".toolbox-button, [class*=toolbox]").first().waitFor();
      const labels = await person.inPage<string[]>(
        `[...document.querySelectorAll("button, [role=button], [role=menuitem]")].map((element) =>
          (element.getAttribute("aria-label") || "") + " " + element.innerText)`,
      );
      process.stderr.write(`buttons: ${JSON.stringify(labels.map((label) => label.trim()))}\n`);
      expect(
        labels.filter((label) => /aufzeichn|aufnahm|record|stream|transkri|untertitel|captions/i.test(label)),
      ).toEqual([]);
    }
  });

  it("does not begin by any way that the app has inside", async () => {
    const { staff } = await call(rig);
    const at = staff.wire.stanzas.length;
    const ways = {
      file: `APP.conference._room.startRecording({ mode: "file" })`,
      stream: `APP.conference._room.startRecording({ mode: "stream", streamId: "x" })`,
      transcription: `APP.store.dispatch({ type: "SET_REQUESTING_SUBTITLES", enabled: true }), APP.conference._room.setLocalParticipantProperty("requestingTranscription", true)`,
      dial: `APP.conference._room.dial("+4912345")`,
    };
    const said: Record<string, string> = {};
    for (const [name, way] of Object.entries(ways)) {
      said[name] = await staff.inPage<string>(`Promise.race([
        (async () => "done: " + JSON.stringify(await (${way})))().catch((error) => "failed: " + (error?.message ?? error)),
        new Promise((resolve) => setTimeout(resolve, 5000, "nothing happened")),
      ])`);
    }
    process.stderr.write(`ways to record: ${JSON.stringify(said)}\n`);
    const asked = staff.wire.stanzas.slice(at).filter(({ sent, text }) => sent && /jibri|rayo|dial/.test(text));
    process.stderr.write(`asked: ${JSON.stringify(asked.map(({ text }) => text.slice(0, 200)))}\n`);
    expect(said["file"]).toMatch(/^(failed|nothing)/);
    expect(said["stream"]).toMatch(/^(failed|nothing)/);
    expect(said["dial"]).toMatch(/^(failed|nothing)/);
    const recorders = `[APP.store.getState()["features/recording"]?.sessionDatas, APP.store.getState()["features/transcribing"]?.isTranscribing]`;
    expect(await staff.inPage(recorders)).toEqual([[], expect.toSatisfy((value) => !value)]);
  });
});
