import { expect, it } from "vitest";
import { createAdaptiveLimiter, createLimiter } from "../../src/runtime/limiter.ts";
import { fakeClock } from "../support/fake-clock.ts";

it("runs at most so many, in order, and goes on after a failure", async () => {
  const limiter = createLimiter(2);
  const [begun, ends]: [number[], (() => void)[]] = [[], []];
  const tasks = [0, 1, 2, 3].map((task) =>
    limiter.run(async () => {
      begun.push(task);
      await new Promise<void>((end) => ends.push(end));
      if (task === 0) throw new Error("failed");
    }),
  );
  const settled = Promise.allSettled(tasks);
  await new Promise(setImmediate);
  expect(begun).toEqual([0, 1]);
  ends.shift()?.();
  await new Promise(setImmediate);
  expect(begun).toEqual([0, 1, 2]);
  while (begun.length < 4 || ends.length > 0) {
    ends.shift()?.();
    await new Promise(setImmediate);
  }
  expect((await settled).map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled", "fulfilled"]);
});

it("does not begin what was called off while it waited", async () => {
  const limiter = createLimiter(1);
  const first = Promise.withResolvers<void>();
  const running = limiter.run(() => first.promise);
  const off = new AbortController();
  const waiting = limiter.run(() => Promise.reject(new Error("began")), off.signal);
  off.abort(new Error("called off"));
  first.resolve();
  await running;
  await expect(waiting).rejects.toThrow("called off");
});

it("admits more for each full round that the server takes, and half when it refuses", async () => {
  const clock = fakeClock();
  const limiter = createAdaptiveLimiter({ first: 16, least: 2, most: 20, now: clock.now });
  for (let answer = 0; answer < 17; answer += 1) limiter.taken();
  expect(limiter.limit).toBe(17);
  for (let answer = 0; answer < 500; answer += 1) limiter.taken();
  expect(limiter.limit).toBe(20);
  for (let answer = 0; answer < 10; answer += 1) limiter.refused();
  expect(limiter.limit).toBe(10);
  for (let second = 0; second < 10; second += 1) {
    await clock.advance(1000);
    limiter.refused();
  }
  expect(limiter.limit).toBe(2);
});
