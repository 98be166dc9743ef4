import { describe, expect, it } from "vitest";
import { someParams } from "../../support/practice.ts";
import { type Edit, startSignalling } from "../support/signalling.ts";

const params = someParams();
const modules = Object.keys(params.assets.prosodyModules);

/** What readiness says when something was changed. */
async function readyWith(edit: Edit): Promise<number> {
  const prosody = await startSignalling(params, { edit });
  try {
    return (await fetch(`http://127.0.0.1:${prosody.ports.http}/ready`)).status;
  } finally {
    await prosody.stop();
  }
}

describe("readiness", () => {
  it("is there when everything is", async () => expect(await readyWith((_, text) => text)).toBe(200));

  for (const module of modules) {
    it(`is gone when ${module} is not there`, async () => {
      expect(await readyWith((file, text) => (file === module ? undefined : text))).not.toBe(200);
    });
  }

  it("is gone when a module of the right name does nothing", async () => {
    expect(await readyWith((file, text) => (file === "mod_practice_room.lua" ? "" : text))).toBe(503);
  });

  it("is gone when the rules of the rooms were taken out of the configuration", async () => {
    const without = (file: string, text: string) =>
      file === "prosody.cfg.lua" ? text.replaceAll(`"practice_room"; `, "") : text;
    expect(await readyWith(without)).toBe(503);
  });
});
