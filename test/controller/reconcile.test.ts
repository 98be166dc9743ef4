import { expect, it } from "vitest";
import type { Context } from "../../src/controller/context.ts";
import { reconcile } from "../../src/controller/reconcile.ts";

it("does nothing while what came to this shard is not known whole", async () => {
  // Whatever else it would use is not there.
  const practice = { metadata: { namespace: "greenriver", name: "greenriver" }, spec: {} };
  const context = { cache: { get: () => practice, synced: false }, shard: { has: () => true } } as unknown as Context;
  expect(await reconcile(context, "greenriver/greenriver")).toEqual({ requeueAfterSeconds: 1 });
});
