import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { systemClock } from "../../src/runtime/clock.ts";

it.each([2 ** 31, 1e10, Infinity])("does not take a wait of %d ms, which no timer can hold, for none", async (ms) => {
  let ended = false;
  const cancel = systemClock.after(ms, () => (ended = true));
  await sleep(50);
  cancel();
  expect(ended).toBe(false);
});
