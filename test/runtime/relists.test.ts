import { expect, it } from "vitest";
import { createRelists } from "../../src/runtime/relists.ts";

const settled = async (promise: Promise<void>) => {
  let is = false;
  void promise.then(() => (is = true));
  await new Promise(setImmediate);
  return is;
};

it("lists once more for all who asked while a list went on, and begins none again", async () => {
  let begun = 0;
  const relists = createRelists(() => (begun += 1));
  const first = relists.ask();
  const [second, third] = [relists.ask(), relists.ask()];
  expect(begun).toBe(1);
  relists.done();
  expect([begun, await settled(first), await settled(second)]).toEqual([2, true, false]);
  relists.done();
  expect([begun, await settled(second), await settled(third)]).toEqual([2, true, true]);
  relists.done();
  expect(begun).toBe(2);
});
