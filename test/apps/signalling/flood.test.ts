import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { someParams } from "../../support/practice.ts";
import { type Calls, STAFF, startCalls } from "../support/calls.ts";

let calls: Calls;
beforeAll(async () => (calls = await startCalls(someParams())));
afterAll(() => calls?.stop());

const residentMiB = async () =>
  Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${calls.pid}/status`, "utf8"))?.[1]) / 1024;

describe("20 joins a second", () => {
  const someone: Readonly<Record<string, () => Promise<unknown>>> = {
    "with bad tokens": () => calls.withToken("x.y.z"),
    "with good tokens, into rooms where nobody is": () => calls.knock(calls.room()),
    "with one good token": () => calls.withToken(calls.token("f".repeat(32), { sub: "f".repeat(22) })),
  };
  for (const [how, join] of Object.entries(someone)) {
    it(`${how}: an honest pair still meets within 2 s, and memory is bounded`, async () => {
      const room = await calls.open(calls.room());
      const before = await residentMiB();
      const flood: Promise<unknown>[] = [];
      const crowd = async () => {
        for (let sent = 0; sent < 80; sent += 1) {
          flood.push(join().catch(() => undefined));
          await sleep(50);
        }
      };
      const running = crowd();
      await sleep(1_500);
      const start = performance.now();
      await calls.enter(room, STAFF);
      await calls.enter(room);
      expect(performance.now() - start).toBeLessThan(2_000);
      await running;
      await Promise.all(flood);
      expect((await residentMiB()) - before).toBeLessThan(24);
    });
  }
});
