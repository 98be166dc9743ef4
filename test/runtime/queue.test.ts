import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createQueue } from "../../src/runtime/queue.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { fakeClock } from "../support/fake-clock.ts";

function setup(random?: () => number, mostFailing = 1) {
  const clock = fakeClock(random);
  return { clock, queue: createQueue({ name: "test", metrics: createMetrics(), mostFailing, clock }) };
}

describe("queue", () => {
  it("gives keys out in order, each once", async () => {
    const { queue } = setup();
    for (const key of ["a", "b", "a", "c", "b"]) queue.add(key);
    expect(queue.length).toBe(3);
    expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(["a", "b", "c"]);
  });

  it("gives out what somebody waits for first, however much there is from the start", async () => {
    const { queue } = setup();
    for (const key of ["a", "b", "c", "d"]) queue.add(key, "start");
    queue.add("n", "normal");
    queue.add("c", "user");
    queue.add("u", "user");
    queue.add("u", "start");
    const given = [];
    while (queue.length > 0) given.push(await queue.take());
    // The fourth is the one that has waited longest.
    expect(given).toEqual(["c", "u", "n", "a", "b", "d"]);
  });

  it("finishes what was begun before it begins what is new, and both before what is only looked at again", async () => {
    const { queue } = setup();
    queue.add("again", "start");
    queue.add("new", "new");
    queue.add("begun");
    expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(["begun", "new", "again"]);
  });

  it("starves nothing: every fourth key is the oldest", async () => {
    const { queue, clock } = setup();
    queue.add("patient", "start");
    const given: (string | undefined)[] = [];
    for (let round = 0; !given.includes("patient"); round += 1) {
      await clock.advance(1);
      queue.add(`edit ${round}`, "user");
      queue.add(`edit ${round} again`, "user");
      given.push(await queue.take());
    }
    expect(given).toHaveLength(4);
  });

  it("lets what comes back go behind what is news, as it did before", async () => {
    const { queue, clock } = setup();
    const takeAll = async () => {
      const given = [];
      while (queue.length > 0) given.push((await queue.take()) ?? "");
      return given;
    };
    queue.add("flood", "start");
    queue.add("edited", "user");
    for (const key of await takeAll()) {
      queue.addAfter(key, 10);
      queue.done(key);
    }
    await clock.advance(10);
    expect(await takeAll()).toEqual(["edited", "flood"]);
    queue.addAfter("edited", 300_000);
    queue.done("edited");
    await clock.advance(300_000);
    queue.add("news");
    expect(await takeAll()).toEqual(["news", "edited"]);
  });

  it("remembers nothing of a key that is done with", async () => {
    const { queue, clock } = setup();
    for (let key = 0; key < 100; key += 1) {
      queue.add(String(key), "start");
      queue.addRateLimited(String(key));
    }
    expect(queue.remembered).toBe(100);
    await clock.advance(1000);
    while (queue.length > 0) {
      const key = (await queue.take()) ?? "";
      queue.forget(key);
      queue.done(key);
    }
    expect(queue.remembered).toBe(0);
  });

  it("holds a key back while it is in work, and gives it again afterwards", async () => {
    const { queue } = setup();
    queue.add("a");
    await queue.take();
    queue.add("a");
    queue.add("a");
    expect(queue.length).toBe(0);
    queue.done("a");
    expect(queue.length).toBe(1);
    expect(await queue.take()).toBe("a");
    queue.done("a");
    expect(queue.length).toBe(0);
  });

  it("serves takers that wait", async () => {
    const { queue } = setup();
    const waiting = [queue.take(), queue.take()];
    queue.add("a");
    queue.add("b");
    expect(await Promise.all(waiting)).toEqual(["a", "b"]);
  });

  it("of several delays of a key keeps the earliest", async () => {
    const { queue, clock } = setup();
    queue.addAfter("a", 500);
    queue.addAfter("a", 100);
    queue.addAfter("a", 900);
    await clock.advance(99);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(queue.length).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it("backs off from 1 s to 5 min and starts afresh when told to", async () => {
    const { queue, clock } = setup();
    const waits: number[] = [];
    for (let round = 0; round < 11; round += 1) {
      if (round === 10) queue.startAfresh("a");
      const from = clock.now();
      queue.addRateLimited("a");
      while (queue.length === 0) await clock.advance(1000);
      waits.push((clock.now() - from) / 1000);
      queue.done((await queue.take()) ?? "");
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 1]);
  }, 20_000);

  it("brings a key that failed back sooner when it must not wait so long, and still counts the failure", async () => {
    const { queue, clock } = setup();
    for (const latest of [10_000, 700]) {
      queue.addRateLimited("a", latest);
      await clock.advance(latest === 700 ? 700 : 1000);
      expect(queue.length).toBe(1);
      queue.done((await queue.take()) ?? "");
    }
    queue.addRateLimited("a");
    await clock.advance(3999);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(queue.length).toBe(1);
  });

  it("spreads keys that failed together", async () => {
    const { queue, clock } = setup(() => 0.99);
    queue.addRateLimited("a");
    await clock.advance(902);
    expect(queue.length).toBe(1);
  });

  it("gives out so many at most of those that failed, the others when one is done", async () => {
    const { queue, clock } = setup();
    for (const key of ["a", "b"]) queue.addRateLimited(key);
    await clock.advance(1000);
    queue.add("well", "start");
    expect([await queue.take(), await queue.take()]).toEqual(["a", "well"]);
    const next = queue.take();
    queue.done("well");
    queue.add("well again");
    expect(await next).toBe("well again");
    const last = queue.take();
    queue.done("a");
    expect(await last).toBe("b");
  });

  it("counts an edited key among those that failed until it is well, and one that is well no more", async () => {
    const { queue, clock } = setup();
    for (const key of ["a", "b"]) queue.addRateLimited(key);
    queue.startAfresh("a");
    queue.startAfresh("b");
    await clock.advance(1000);
    expect(await queue.take()).toBe("a");
    const next = queue.take();
    queue.forget("a");
    queue.add("a");
    queue.done("a");
    expect(await next).toBe("a");
    expect(await queue.take()).toBe("b");
  });

  it("ends takers and timers when shut down, and takes nothing more", async () => {
    const { queue, clock } = setup();
    const waiting = queue.take();
    queue.addAfter("a", 10);
    queue.shutDown();
    queue.add("b");
    queue.addAfter("c", 10);
    expect(await waiting).toBeUndefined();
    expect(await queue.take()).toBeUndefined();
    expect(clock.pending).toBe(0);
    expect(queue.length).toBe(0);
  });

  /** Any interleaving: never twice in work, and every add is followed by a take that began after it. */
  it("never loses a key and never gives it to two workers", async () => {
    const step = fc.record({
      key: fc.constantFrom("a", "b", "c"),
      act: fc.constantFrom("add", "later", "take", "done"),
      priority: fc.constantFrom("user" as const, "normal" as const, "new" as const, "start" as const),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { queue, clock } = setup();
        const inWork = new Set<string>();
        const wanted = new Set<string>();
        const take = async () => {
          const key = (await queue.take()) ?? "";
          expect(inWork.has(key)).toBe(false);
          inWork.add(key);
          wanted.delete(key);
        };
        const done = (key: string) => {
          if (inWork.delete(key)) queue.done(key);
        };
        for (const { key, act, priority } of steps) {
          if (act === "add") queue.add(key, priority);
          if (act === "later") queue.addAfter(key, 0);
          if (act === "add" || act === "later") wanted.add(key);
          if (act === "take" && queue.length > 0) await take();
          if (act === "done") done(key);
        }
        for (const key of inWork) done(key);
        while (queue.length > 0) {
          await take();
          for (const key of inWork) done(key);
        }
        expect([...wanted]).toEqual([]);
        expect(clock.pending).toBe(0);
      }),
    );
  });
});
