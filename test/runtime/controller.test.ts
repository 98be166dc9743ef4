import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { createController, type Reconcile } from "../../src/runtime/controller.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { type FakeClock, fakeClock } from "../support/fake-clock.ts";
import { countTurns } from "../support/loop-turns.ts";
import { recordSpans } from "../support/spans.ts";

function setup(reconcile: Reconcile, workers = 2) {
  const clock = fakeClock();
  const metrics = createMetrics();
  const lines: string[] = [];
  const logger = pino({ level: "debug" }, { write: (line: string) => void lines.push(line) });
  const controller = createController({ name: "test", reconcile, workers, metrics, logger, clock });
  const value = async (name: string, labels: Record<string, string>) => {
    const found = (await metrics.registry.getMetricsAsJSON()).find((metric) => metric.name === name);
    return found?.values.find((sample) => Object.entries(labels).every(([key, want]) => sample.labels[key] === want))
      ?.value;
  };
  return { clock, controller, lines, value };
}

describe("controller", () => {
  it("makes one span of each reconcile, by which it can be found in the log", async () => {
    const spans = recordSpans();
    const { controller, clock, lines } = setup((_, { logger }) => {
      logger.info("at work");
      return Promise.resolve();
    });
    controller.start();
    controller.enqueue("a");
    await clock.advance(0);
    const { reconcileId } = JSON.parse(lines[0] ?? "{}") as { reconcileId: string };
    const attributes = { controller: "test", object: "a", reconcileId };
    expect(spans).toEqual([{ name: "reconcile", attributes, ended: true }]);
  });

  it("counts a key that says what went wrong among those that fail, and brings it back when it asks to", async () => {
    let looks = 0;
    const { controller, clock, lines, value } = setup(async () => {
      looks += 1;
      return { error: new Error("a webhook hangs"), requeueAfterSeconds: 3 };
    });
    controller.start();
    controller.enqueue("a");
    // After one second, two, and then three instead of four.
    await clock.advance(6000);
    expect(looks).toBe(4);
    expect(await value("controller_runtime_reconcile_errors_total", { controller: "test" })).toBe(4);
    expect(lines.filter((line) => line.includes("a webhook hangs"))).toHaveLength(4);
  });

  it("reconciles one key at a time, and once more for changes in between", async () => {
    let running = 0;
    const calls: string[] = [];
    const gates: (() => void)[] = [];
    const { controller, clock } = setup(async (key) => {
      running += 1;
      expect(running).toBe(1);
      calls.push(key);
      await new Promise<void>((open) => gates.push(open));
      running -= 1;
    });
    controller.start();
    controller.enqueue("a");
    await clock.advance(0);
    controller.enqueue("a");
    controller.enqueue("a");
    await clock.advance(0);
    expect(calls).toEqual(["a"]);
    gates.shift()?.();
    await clock.advance(0);
    expect(calls).toEqual(["a", "a"]);
    gates.shift()?.();
    await clock.advance(0);
    expect(calls).toEqual(["a", "a"]);
  });

  it("holds the event loop for one key at most: answers and probes come in between", async () => {
    const loop = countTurns();
    const had = new Set<number>();
    const { controller } = setup(() => {
      had.add(loop.turns);
      return Promise.resolve();
    }, 10);
    for (let key = 0; key < 50; key += 1) controller.enqueue(`key-${key}`);
    controller.start();
    while (had.size < 50 && loop.turns < 1000) await new Promise((resolve) => setImmediate(resolve));
    loop.stop();
    expect(had.size).toBe(50);
  });

  it("does not let a failing key delay another, and tries it again later and later", async () => {
    const calls: string[] = [];
    const { controller, clock, lines, value } = setup((key) => {
      calls.push(key);
      return key === "bad" ? Promise.reject(new Error("no luck")) : Promise.resolve();
    }, 1);
    controller.start();
    controller.enqueue("bad");
    controller.enqueue("good");
    await clock.advance(0);
    expect(calls).toEqual(["bad", "good"]);
    await clock.advance(1000);
    await clock.advance(2000);
    expect(calls).toEqual(["bad", "good", "bad", "bad"]);
    expect(await value("controller_runtime_reconcile_errors_total", { controller: "test" })).toBe(3);
    expect(await value("controller_runtime_reconcile_total", { controller: "test", result: "success" })).toBe(1);
    expect(await value("workqueue_retries_total", { name: "test" })).toBe(3);
    const [line] = lines;
    expect(JSON.parse(line ?? "")).toMatchObject({ object: "bad", controller: "test", err: { message: "no luck" } });
  });

  describe("of which keys hang until their time is over", () => {
    const SICK = Array.from({ length: 8 }, (_, each) => `sick-${each}`);

    /** From when they all have begun, or as many as there are workers. */
    async function scene(workers: number) {
      const [begun, hanging]: [string[], Set<string>] = [[], new Set()];
      const made = setup((key, { signal }) => {
        begun.push(key);
        if (!key.startsWith("sick")) return Promise.resolve();
        hanging.add(key);
        return new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            hanging.delete(key);
            reject(signal.reason as Error);
          });
        });
      }, workers);
      for (const key of SICK) made.controller.enqueue(key);
      made.controller.start();
      while (hanging.size < workers) await made.clock.advance(0);
      return { ...made, begun, hanging };
    }

    /** Each reconcile begins in a turn of its own. */
    const turns = async (clock: FakeClock) => {
      for (const _ of SICK) await clock.advance(0);
    };

    it("reconciles a healthy one at once, from when they have failed", async () => {
      const { controller, clock, begun, hanging } = await scene(8);
      await clock.advance(61_000);
      await turns(clock);
      expect(hanging.size).toBe(4);
      controller.enqueue("well", "start");
      await turns(clock);
      expect(begun.at(-1)).toBe("well");
    });

    it("does so also when those that failed are edited", async () => {
      const { controller, clock, begun, hanging } = await scene(8);
      await clock.advance(60_000);
      expect(hanging.size).toBe(0);
      for (const key of SICK) controller.enqueueEdited(key, "changed");
      controller.enqueue("well", "start");
      await turns(clock);
      expect(hanging.size).toBe(4);
      expect(begun.at(-1)).toBe("well");
    });

    it.each([1, 8])("tries each of them again all the same, with %i workers", async (workers) => {
      const { clock, begun } = await scene(workers);
      await clock.advance(SICK.length * 60_000);
      begun.length = 0;
      for (let minute = 0; minute < 30; minute += 1) await clock.advance(60_000);
      expect(new Set(begun)).toEqual(new Set(SICK));
    });
  });

  it("forgets the back-off of a key that has recovered", async () => {
    const outcomes = [false, false, true, false, true];
    const at: number[] = [];
    const { controller, clock } = setup(() => {
      at.push(clock.now());
      return outcomes.shift() ? Promise.resolve() : Promise.reject(new Error("no luck"));
    });
    controller.start();
    controller.enqueue("a");
    await clock.advance(10_000);
    controller.enqueue("a");
    await clock.advance(10_000);
    expect(at.map((time) => time - (at[0] ?? 0))).toEqual([0, 1000, 3000, 10_000, 11_000]);
  });

  it("looks at an edited key at once and without its former failures, before all others", async () => {
    const calls: string[] = [];
    const { controller, clock } = setup((key) => {
      calls.push(key);
      return key === "bad" ? Promise.reject(new Error("no luck")) : Promise.resolve();
    }, 1);
    controller.enqueue("bad");
    controller.start();
    await clock.advance(40_000);
    const tries = calls.length;
    controller.enqueue("other", "start");
    controller.enqueue("another", "start");
    controller.enqueueEdited("bad", "changed");
    await clock.advance(0);
    // The worker was idle, so the first one is in work already.
    expect(calls.slice(tries)).toEqual(["other", "bad", "another"]);
    await clock.advance(1000);
    expect(calls.slice(tries)).toEqual(["other", "bad", "another", "bad"]);
  });

  it("begins a new key behind what was begun, and before what is only looked at again", async () => {
    const calls: string[] = [];
    const { controller, clock } = setup((key) => Promise.resolve(void calls.push(key)), 1);
    controller.enqueue("again", "start");
    controller.enqueueEdited("new", "new");
    controller.enqueue("begun");
    controller.start();
    await clock.advance(0);
    expect(calls).toEqual(["begun", "new", "again"]);
  });

  it("comes back when the reconcile asks for it", async () => {
    let calls = 0;
    const { controller, clock } = setup(() => {
      calls += 1;
      return Promise.resolve({ requeueAfterSeconds: 30 });
    });
    controller.start();
    controller.enqueue("a");
    await clock.advance(29_999);
    expect(calls).toBe(1);
    await clock.advance(1);
    expect(calls).toBe(2);
  });

  it("ends a reconcile after a minute, which may then still take its last steps", async () => {
    const reasons: unknown[] = [];
    const { controller, clock } = setup(
      (_, { signal, stopping }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            reasons.push(signal.reason, stopping.aborted);
            reject(signal.reason as Error);
          });
        }),
    );
    controller.start();
    controller.enqueue("a");
    await clock.advance(59_999);
    expect(reasons).toEqual([]);
    await clock.advance(1);
    expect(String(reasons[0])).toContain("longer than 60 s");
    expect(reasons[1]).toBe(false);
  });

  it("on stop finishes what runs, takes nothing new, and fires the signals after 1.5 s", async () => {
    const calls: string[] = [];
    let aborted = false;
    const { controller, clock } = setup((key, { signal }) => {
      calls.push(key);
      return new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          aborted = true;
          reject(signal.reason as Error);
        });
      });
    }, 1);
    controller.start();
    controller.enqueue("a");
    controller.enqueue("b");
    await clock.advance(0);
    let stopped = false;
    void controller.stop().then(() => (stopped = true));
    await clock.advance(1499);
    expect([aborted, stopped]).toEqual([false, false]);
    await clock.advance(1);
    expect([aborted, stopped]).toEqual([true, true]);
    expect(calls).toEqual(["a"]);
  });

  it("on stop begins no key that only waits for its turn", async () => {
    const calls: string[] = [];
    const { controller, clock } = setup((key) => Promise.resolve(void calls.push(key)));
    controller.start();
    controller.enqueue("a");
    await Promise.resolve();
    void controller.stop();
    await clock.advance(0);
    expect(calls).toEqual([]);
  });

  it("stops at once when nothing runs", async () => {
    const { controller, clock } = setup(() => Promise.resolve());
    controller.start();
    let stopped = false;
    void controller.stop().then(() => (stopped = true));
    await clock.advance(0);
    expect(stopped).toBe(true);
  });
});
