import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { relocated } from "../apps/support/relocate.ts";
import { processGroup } from "../bed/processes.ts";
import { waitFor } from "../bed/wait.ts";
import { call, leaveNobody } from "./support/person.ts";
import { seesClearly } from "./support/picture.ts";
import { startRig, type Rig } from "./support/rig.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterEach(({ task }) => leaveNobody(rig, task.result?.state === "fail"));
afterAll(() => rig?.stop());

const ASSETS = join(import.meta.dirname, "..", "..", "src", "components", "jitsi", "assets");

/** The scripts that run in the containers before they are stopped. */
async function startDrains() {
  const folder = await mkdtemp(join(tmpdir(), "drain-"));
  const group = processGroup(folder);
  const start = async (name: string, places: Readonly<Record<string, string>>) => {
    const text = await readFile(join(ASSETS, `${name}.sh`), "utf8");
    await writeFile(join(folder, `${name}.sh`), relocated(text, places));
    return group.start(name, "sh", [join(folder, `${name}.sh`)]);
  };
  const scripts = {
    bridge: await start("drain-bridge", {}),
    signalling: await start("drain-signalling", { "127.0.0.1:5281": `127.0.0.1:${rig.prosody.ports.internal}` }),
  };
  return { scripts, stop: () => group.stop() };
}

describe("a call that is going on when its pods are to be stopped", () => {
  it("goes on, and the pods wait for its end", async () => {
    const { staff, patient } = await call(rig);
    const { scripts, stop } = await startDrains();
    try {
      const draining = async () => (await rig.daemons.ask("jvb", "/colibri/drain")).text();
      await waitFor(async () => (await draining()).includes("true"), { what: "the bridge to drain" });
      const before = (await patient.frames())["in video"]?.sealed ?? 0;
      await new Promise((resolve) => setTimeout(resolve, 15_000));
      expect((await patient.frames())["in video"]?.sealed).toBeGreaterThan(before + 20);
      await seesClearly(staff);
      await seesClearly(patient);
      expect([scripts.bridge.ended(), scripts.signalling.ended()]).toEqual([undefined, undefined]);

      const over = performance.now();
      await leaveNobody(rig, false);
      for (const [name, script] of Object.entries(scripts)) {
        await waitFor(() => script.ended() !== undefined, { timeout: 120_000, what: `the wait of ${name} to end` });
        process.stderr.write(`${name} may stop ${Math.round((performance.now() - over) / 1000)} s after the call\n`);
        expect(script.exitCode()).toBe(0);
      }
    } finally {
      await stop();
    }
  });
});
