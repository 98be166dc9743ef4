import { expect, it } from "vitest";
import type { LiveObject } from "../../src/manifest.ts";
import { createBreather } from "../../src/runtime/breather.ts";
import type { CacheEvent } from "../../src/runtime/cluster.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { createStore, keyOf } from "../../src/runtime/store.ts";

it("removes what a list does not contain, and lets others have their turn meanwhile", async () => {
  const events: CacheEvent[] = [];
  const store = createStore(RESOURCES.Pod, (event) => void (event.type === "deleted" && events.push(event)));
  const pods = Array.from({ length: 100_000 }, (_, n) => pod(n));
  for (const one of pods) store.put(one);
  const listed = new Set(pods.slice(2).map(keyOf));
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await store.retain(listed, undefined, createBreather(performance.now.bind(performance)));
  isOver = true;
  expect(turns).toBeGreaterThan(1);
  expect(store.size).toBe(pods.length - 2);
  expect(events.map(({ object }) => object.metadata.name)).toEqual(["pod-0", "pod-1"]);
});

function pod(n: number): LiveObject {
  const metadata = { name: `pod-${n}`, namespace: `ns-${n % 500}`, uid: `${n}`, resourceVersion: `${n + 1}` };
  return { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, creationTimestamp: "" } };
}
