import { describe, expect, it } from "vitest";
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
  await expect(waiting).rejects.toThrow("called off");
  first.resolve();
  await running;
  await expect(limiter.run(() => Promise.resolve("next"))).resolves.toBe("next");
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

describe("groups", () => {
  /** What began, in order, of tasks that never end unless told to. */
  function scene(first: number) {
    const limiter = createAdaptiveLimiter({ first, least: 2, most: 48, now: () => 0 });
    const [begun, ends]: [string[], (() => void)[]] = [[], []];
    const start = async (group: string, count: number) => {
      const task = async () => {
        begun.push(group);
        await new Promise<void>((end) => ends.push(end));
      };
      for (let each = 0; each < count; each += 1) void limiter.run(group, task);
      await new Promise(setImmediate);
    };
    const count = (group: string) => begun.filter((one) => one === group).length;
    return { limiter, begun, ends, start, count };
  }

  it("leave as many places free as they have, so that the next one finds some", async () => {
    const { start, count } = scene(16);
    for (const group of ["a", "b", "c", "d"]) await start(group, 20);
    expect(["a", "b", "c", "d"].map(count)).toEqual([8, 4, 2, 1]);
    await start("late", 20);
    expect(count("late")).toBe(1);
  });

  it("take turns", async () => {
    const { begun, ends, start } = scene(2);
    await start("a", 1);
    await start("b", 3);
    await start("c", 2);
    await start("d", 1);
    while (ends.length > 0) {
      ends.shift()?.();
      await new Promise(setImmediate);
    }
    expect(begun).toEqual(["a", "b", "c", "b", "d", "c", "b"]);
  });

  it("have nothing left of them when they are done", async () => {
    const { ends, start, count } = scene(16);
    await start("a", 8);
    for (const end of ends) end();
    await start("b", 20);
    expect(count("b")).toBe(8);
  });

  it("do not keep the place in line of what was called off", async () => {
    const { limiter, ends, start, begun } = scene(2);
    await start("a", 1);
    await start("b", 1);
    const off = new AbortController();
    const waiting = limiter.run("c", () => Promise.reject(new Error("began")), off.signal);
    await start("c", 1);
    await start("d", 1);
    off.abort(new Error("called off"));
    await expect(waiting).rejects.toThrow("called off");
    ends.shift()?.();
    await new Promise(setImmediate);
    expect(begun).toEqual(["a", "b", "c"]);
  });
});
