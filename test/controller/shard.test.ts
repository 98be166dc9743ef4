import { describe, expect, it } from "vitest";
import { createShard } from "../../src/controller/shard.ts";
import { configSchema } from "../../src/config.ts";
import type { LiveObject } from "../../src/manifest.ts";

const SHARD = "telehealth-operator.io/shard";
const east = { name: "east", practices: { matchLabels: { [SHARD]: "east" } } };

describe("a shard", () => {
  it("has every practice when there is none", () => {
    const shard = createShard(undefined, () => [practice({ [SHARD]: "west" })]);
    expect(shard.has(practice({}))).toBe(true);
    expect(shard.keeps(practice({}))).toBe(true);
  });

  it.each([
    [{ matchLabels: { a: "1" } }, { a: "1" }, true],
    [{ matchLabels: { a: "1" } }, { a: "2" }, false],
    [{ matchLabels: { a: "1", b: "1" } }, { a: "1" }, false],
    [{ matchExpressions: [{ key: "a", operator: "In", values: ["1", "2"] }] }, { a: "2" }, true],
    [{ matchExpressions: [{ key: "a", operator: "In", values: ["1", "2"] }] }, {}, false],
    [{ matchExpressions: [{ key: "a", operator: "NotIn", values: ["1"] }] }, { a: "1" }, false],
    [{ matchExpressions: [{ key: "a", operator: "NotIn", values: ["1"] }] }, {}, true],
    [{ matchExpressions: [{ key: "a", operator: "Exists" }] }, { a: "" }, true],
    [{ matchExpressions: [{ key: "a", operator: "Exists" }] }, {}, false],
    [{ matchExpressions: [{ key: "a", operator: "DoesNotExist" }] }, { b: "1" }, true],
    [{ matchExpressions: [{ key: "a", operator: "DoesNotExist" }] }, { a: "1" }, false],
  ])("reads %j as Kubernetes does: %j", (practices, labels, expected) => {
    const option = configSchema.parse({ shard: { name: "s", practices } }).shard;
    expect(createShard(option, () => []).has(practice(labels))).toBe(expected);
  });

  it.each([
    {},
    { matchLabels: {} },
    { matchExpressions: [{ key: "a", operator: "In" }] },
    { matchExpressions: [{ key: "a", operator: "Exists", values: ["1"] }] },
  ])("is refused when it selects nothing or says it wrongly: %j", (practices) => {
    expect(configSchema.safeParse({ shard: { name: "s", practices } }).success).toBe(false);
  });

  const inside: Record<string, LiveObject[]> = {
    own: [practice({ [SHARD]: "east" })],
    other: [practice({ [SHARD]: "west" })],
    both: [practice({ [SHARD]: "west" }), practice({ [SHARD]: "east" })],
  };
  const practicesIn = (namespace: string) => inside[namespace] ?? [];

  it("keeps what is in namespaces of its own practices and of nobody", () => {
    const shard = createShard(east, practicesIn);
    const kept = ["own", "other", "both", "nobody"].filter((namespace) => shard.keeps(practice({}, namespace)));
    expect(kept).toEqual(["own", "both", "nobody"]);
  });

  it("does not know a namespace until what it passed over there has been listed, and all others meanwhile", async () => {
    const shard = createShard(east, practicesIn);
    const lists: (() => void)[] = [];
    const relist = () => new Promise<void>((resolve) => lists.push(resolve));
    const known = () => ["own", "other"].filter(shard.isComplete);
    shard.keeps(practice({}, "other"));
    for (const namespace of ["own", "other", "other"]) shard.takeIn(namespace, relist);
    expect([lists.length, known()]).toEqual([1, ["own"]]);
    // It went away again, and came back before the first list was through.
    shard.keeps(practice({}, "other"));
    shard.takeIn("other", relist);
    lists[0]?.();
    await Promise.resolve();
    expect(known()).toEqual(["own"]);
    lists[1]?.();
    await new Promise(setImmediate);
    expect(known()).toEqual(["own", "other"]);
  });

  it("forgets what it passed over in a namespace that is gone", () => {
    const shard = createShard(east, practicesIn);
    shard.keeps(practice({}, "other"));
    shard.forget("other");
    shard.takeIn("other", () => expect.fail("nothing is left to list"));
    expect(shard.isComplete("other")).toBe(true);
  });
});

function practice(labels: Record<string, string>, namespace = "a"): LiveObject {
  const metadata = { name: "a", namespace, labels, uid: "1", resourceVersion: "1", creationTimestamp: "" };
  return { apiVersion: "v1", kind: "TelehealthPractice", metadata };
}
