import { expect, it } from "vitest";
import { ownTurn } from "../../src/runtime/turns.ts";
import { countTurns } from "../support/loop-turns.ts";

it("gives each of many callers a turn of the event loop of its own, in order", async () => {
  const loop = countTurns();
  const had: number[] = [];
  const caller = async () => {
    for (let piece = 0; piece < 3; piece += 1) {
      await ownTurn();
      had.push(loop.turns);
    }
  };
  await Promise.all(Array.from({ length: 10 }, caller));
  loop.stop();
  expect(new Set(had).size).toBe(30);
  expect(had).toEqual(had.toSorted((a, b) => a - b));
});
