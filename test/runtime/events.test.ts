import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { LiveObject } from "../../src/manifest.ts";
import { createEvents, type EventInput } from "../../src/runtime/events.ts";
import { fakeClock } from "../support/fake-clock.ts";
import { memoryCluster } from "../support/memory-cluster.ts";

const REGARDING = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "a", namespace: "green", uid: "u", resourceVersion: "1", creationTimestamp: "" },
} satisfies LiveObject;
const EVENT: EventInput = {
  regarding: REGARDING,
  type: "Warning",
  reason: "Drift",
  action: "Apply",
  note: "Repaired.",
};

/** The same event about another object. */
function about(name: string): EventInput {
  return { ...EVENT, regarding: { ...REGARDING, metadata: { ...REGARDING.metadata, name, uid: name } } };
}

function setup() {
  const [clock, cluster] = [fakeClock(), memoryCluster()];
  const logger = pino({ level: "silent" });
  const events = createEvents({ cluster, controller: "example.org/op", instance: "pod-1", logger, clock });
  return { clock, cluster, events };
}

describe("events", () => {
  it("are written about the object, in its namespace", async () => {
    const { cluster, events } = setup();
    events.emit(EVENT);
    await events.flush();
    const [written] = cluster.objects.values();
    expect(written).toMatchObject({
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { namespace: "green" },
      reportingController: "example.org/op",
      reportingInstance: "pod-1",
      regarding: { kind: "ConfigMap", name: "a", uid: "u" },
      reason: "Drift",
      note: "Repaired.",
    });
    expect(written?.["eventTime"]).toMatch(/\.\d{6}Z$/);
  });

  it("become a series when they repeat, and begin anew after six quiet minutes", async () => {
    const { clock, cluster, events } = setup();
    for (let round = 0; round < 3; round += 1) events.emit(EVENT);
    await events.flush();
    expect(cluster.objects.size).toBe(1);
    expect([...cluster.objects.values()][0]?.["series"]).toMatchObject({ count: 3 });
    await clock.advance(360_000);
    events.emit(EVENT);
    await events.flush();
    expect(cluster.objects.size).toBe(2);
  });

  it("of one object are dropped beyond 25, then one in five minutes passes", async () => {
    const { clock, cluster, events } = setup();
    const emit = (count: number) => {
      for (let round = 0; round < count; round += 1) events.emit({ ...EVENT, note: `n${String(round)}` });
      return events.flush();
    };
    await emit(40);
    expect(cluster.objects.size).toBe(25);
    await clock.advance(300_000);
    events.emit({ ...EVENT, note: "later" });
    events.emit({ ...EVENT, note: "too many" });
    events.emit({
      ...EVENT,
      note: "another object",
      regarding: { ...REGARDING, metadata: { ...REGARDING.metadata, uid: "v" } },
    });
    await events.flush();
    expect([...cluster.objects.values()].slice(25).map((event) => event["note"])).toEqual(["later", "another object"]);
  });

  it("never disturb the caller, and go on after a failure", async () => {
    const { cluster, events } = setup();
    cluster.before = () => Promise.reject(new Error("forbidden"));
    events.emit(EVENT);
    await events.flush();
    cluster.before = () => Promise.resolve();
    events.emit(EVENT);
    await events.flush();
    expect(cluster.objects.size).toBe(1);
  });

  it("of one object wait for no others that hang, and of many not for long", async () => {
    const { clock, cluster, events } = setup();
    cluster.before = (call) => (call.includes("sick") ? new Promise(() => {}) : Promise.resolve());
    events.emit(about("sick"));
    events.emit(about("well"));
    await clock.advance(0);
    expect(cluster.objects.size).toBe(1);
    for (let object = 0; object < 10; object += 1) events.emit(about(`sick-${object}`));
    events.emit(about("also-well"));
    await clock.advance(30_000);
    expect(cluster.objects.size).toBe(2);
  });

  it("are dropped while too many wait", async () => {
    const { cluster, events } = setup();
    const answer = Promise.withResolvers<void>();
    cluster.before = () => answer.promise;
    for (let object = 0; object < 1500; object += 1) events.emit(about(`object-${object}`));
    answer.resolve();
    await events.flush();
    expect(cluster.objects.size).toBe(1000);
    events.emit(about("late"));
    await events.flush();
    expect(cluster.objects.size).toBe(1001);
  });

  it("are cut to what the API server takes, on a character's boundary", async () => {
    const { cluster, events } = setup();
    events.emit({ ...EVENT, note: "ü".repeat(600) });
    await events.flush();
    const note = String([...cluster.objects.values()][0]?.["note"]);
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
    expect(note).toMatch(/^ü+…$/);
  });
});
