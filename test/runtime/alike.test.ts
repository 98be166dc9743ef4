import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import type { LiveObject } from "../../src/manifest.ts";
import { createAlike } from "../../src/runtime/alike.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function heapMiB(): number {
  collect();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

/** As it comes from the wire: each object with texts of its own. */
function parsed(name: string, text: string): LiveObject {
  return JSON.parse(JSON.stringify({ kind: "ConfigMap", metadata: { name }, data: { text, name } })) as LiveObject;
}

it("keeps one copy of what 200 objects have alike, and what each has alone", () => {
  const text = "x".repeat(200_000);
  const sizes = [(object: LiveObject) => object, createAlike()].map((keep) => {
    const before = heapMiB();
    const kept = Array.from({ length: 200 }, (_, n) => keep(parsed(String(n), text)));
    const grown = heapMiB() - before;
    for (const [n, object] of kept.entries()) expect(object["data"]).toEqual({ text, name: String(n) });
    return grown;
  });
  expect(sizes[0]).toBeGreaterThan(35);
  expect(sizes[1]).toBeLessThan(5);
});
