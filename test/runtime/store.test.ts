import { describe, expect, it } from "vitest";
import type { LiveObject } from "../../src/manifest.ts";
import { createBreather } from "../../src/runtime/breather.ts";
import type { CacheEvent } from "../../src/runtime/cluster.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { createStore, keyOf } from "../../src/runtime/store.ts";
import { countTurns } from "../support/loop-turns.ts";

it("removes what a list does not contain, and lets others have their turn meanwhile", async () => {
  const events: CacheEvent[] = [];
  const store = createStore(
    { resource: RESOURCES.Pod },
    (event) => void (event.type === "deleted" && events.push(event)),
  );
  const pods = Array.from({ length: 100_000 }, (_, n) => pod(n));
  for (const one of pods) store.put(one);
  const listed = new Set(pods.slice(2).map(keyOf));
  const loop = countTurns();
  await store.retain(listed, undefined, undefined, createBreather(performance.now.bind(performance)));
  loop.stop();
  expect(loop.turns).toBeGreaterThan(1);
  expect(store.size).toBe(pods.length - 2);
  expect(events.map(({ object }) => object.metadata.name)).toEqual(["pod-0", "pod-1"]);
});

describe("a version that differs in nothing that is kept", () => {
  const events: string[] = [];
  const told = ({ type, object }: CacheEvent) => void events.push(`${type} ${object.metadata.resourceVersion}`);
  const version = (number: number, phase = "Running"): LiveObject => {
    const { metadata, ...object } = pod(1);
    return { ...object, metadata: { ...metadata, resourceVersion: String(number) }, status: { phase } };
  };

  it("is kept, and told to nobody", () => {
    const store = createStore({ resource: RESOURCES.Pod, project: (object) => object }, told);
    for (const object of [version(1), version(2), version(3, "Failed"), version(4, "Failed")]) store.put(object);
    expect(events.splice(0)).toEqual(["added 1", "modified 3"]);
    expect(store.list()).toEqual([version(4, "Failed")]);
  });

  it("is told of a kind that is kept whole, or by its metadata: what is not kept may have changed", () => {
    const store = createStore({ resource: RESOURCES.Secret }, told);
    store.put(version(1));
    store.put(version(2));
    expect(events.splice(0)).toEqual(["added 1", "modified 2"]);
  });
});

function pod(n: number): LiveObject {
  const metadata = { name: `pod-${n}`, namespace: `ns-${n % 500}`, uid: `${n}`, resourceVersion: `${n + 1}` };
  return { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, creationTimestamp: "" } };
}
