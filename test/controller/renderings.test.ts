import { expect, it } from "vitest";
import { createRenderings } from "../../src/controller/renderings.ts";
import { render } from "../../src/render/render.ts";
import { countTurns } from "../support/loop-turns.ts";
import { params } from "../support/practices.ts";

it("is what render makes, made once for the same inputs and anew for others", async () => {
  const rendered = createRenderings();
  const first = await rendered(params());
  expect(first).toEqual(render(params()));
  expect(await rendered(params())).toBe(first);
  const { port } = params().practice.video.media;
  const another = await rendered(params({}, { mediaAddresses: [{ ip: "203.0.113.8", port }] }));
  expect(another).not.toEqual(first);
  expect(await rendered(params({ spec: { size: "group" } }))).not.toEqual(first);
});

it("takes a turn of the event loop for each", async () => {
  const rendered = createRenderings();
  const loop = countTurns();
  const ended: number[] = [];
  const one = async (size: "solo" | "group") => {
    await rendered(params({ spec: { size } }));
    ended.push(loop.turns);
  };
  await Promise.all([one("solo"), one("group")]);
  loop.stop();
  expect(ended[1]).toBeGreaterThan(ended[0] ?? Infinity);
});
