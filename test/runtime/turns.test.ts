import { expect, it } from "vitest";
import { ownTurn } from "../../src/runtime/turns.ts";

it("gives each of many callers a turn of the event loop of its own, in order", async () => {
  let turn = 0;
  let isOver = false;
  const next = () => {
    turn += 1;
    if (!isOver) setImmediate(next);
  };
  setImmediate(next);
  const had: number[] = [];
  const caller = async () => {
    for (let piece = 0; piece < 3; piece += 1) {
      await ownTurn();
      had.push(turn);
    }
  };
  await Promise.all(Array.from({ length: 10 }, caller));
  isOver = true;
  expect(new Set(had).size).toBe(30);
  expect(had).toEqual(had.toSorted((a, b) => a - b));
});
