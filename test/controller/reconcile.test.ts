import { describe, expect, it } from "vitest";
import type { Condition } from "../../src/api/status.ts";
import type { Context } from "../../src/controller/context.ts";
import { reconcile } from "../../src/controller/reconcile.ts";
import { createStatuses } from "../../src/controller/statuses.ts";
import { createLogger } from "../../src/telemetry/logger.ts";

const told: Condition = {
  type: "NetworkIsolated",
  status: "True",
  reason: "Verified",
  message: "The walls hold.",
  lastTransitionTime: "2026-11-27T00:00:00Z",
  observedGeneration: 1,
};

/** A practice of which not everything is known, and an API server of which `unread` may not be read. */
function unknown(cache: { synced: boolean; unread?: string }, isComplete: boolean) {
  const metadata = { namespace: "greenriver", name: "greenriver", uid: "1", resourceVersion: "1", generation: 1 };
  const practice = { metadata, spec: {}, status: { conditions: [told] } };
  const written: { conditions: Condition[] }[] = [];
  // Whatever else it would use is not there.
  const context = {
    cache: { get: () => practice, synced: cache.synced, unread: () => cache.unread },
    shard: { has: () => true, isComplete: () => isComplete },
    cluster: {
      apply: (_: unknown, { status }: { status: { conditions: Condition[] } }) => {
        written.push(status);
        return Promise.resolve({ metadata: { ...metadata, resourceVersion: "2" }, status });
      },
    },
    statuses: createStatuses(),
    events: { emit: () => undefined },
    logger: createLogger("silent"),
    version: "0",
    now: () => new Date("2026-11-27T01:00:00Z"),
  } as unknown as Context;
  return { look: () => reconcile(context, "greenriver/greenriver"), written };
}

describe("what came to this shard and is not known whole", () => {
  it.each([
    ["while the caches fill", { synced: false }, true],
    ["while what was passed over is listed", { synced: true }, false],
  ])("is left alone %s", async (_, cache, isComplete) => {
    const { look, written } = unknown(cache, isComplete);
    expect(await look()).toEqual({ requeueAfterSeconds: 1 });
    expect(written).toEqual([]);
  });

  it("is not said to hold when that may not be read; that is written once", async () => {
    const { look, written } = unknown({ synced: true, unread: "pods is forbidden" }, false);
    expect(await look()).toEqual({ requeueAfterSeconds: 1 });
    await look();
    expect(written).toHaveLength(1);
    const found = written[0]?.conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`);
    expect(found).toEqual(expect.arrayContaining(["NetworkIsolated Unknown Forbidden", "Ready False Forbidden"]));
  });
});
