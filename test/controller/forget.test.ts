import { describe, expect, it } from "vitest";
import { API_VERSION, FINALIZER, KIND } from "../../src/api/group.ts";
import type { Context, PracticeResource } from "../../src/controller/context.ts";
import { createDoors } from "../../src/controller/door.ts";
import { finalize } from "../../src/controller/finalize.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { createProbes } from "../../src/controller/probes.ts";
import { reconcile } from "../../src/controller/reconcile.ts";
import { createStatuses } from "../../src/controller/statuses.ts";
import { createApplier } from "../../src/runtime/apply.ts";
import type { Cache } from "../../src/runtime/cluster.ts";
import { type Resource, RESOURCES } from "../../src/runtime/resources.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { memoryCluster } from "../support/memory-cluster.ts";

const NAMESPACE = "greenriver";

function practice(name: string): PracticeResource {
  const metadata = { namespace: NAMESPACE, name, uid: name, resourceVersion: "1", finalizers: [FINALIZER] };
  return { apiVersion: API_VERSION, kind: KIND, metadata: { ...metadata, creationTimestamp: "" }, spec: {} };
}

/** An operator whose cache knows these practices, and nothing of what is written. */
function operatorWith(practices: readonly PracticeResource[]) {
  const cache = {
    get: () => undefined,
    list: (resource: Resource) => (resource === PRACTICES ? practices : []),
    serves: () => true,
    onEvent: () => undefined,
  } as unknown as Cache;
  const memory = memoryCluster();
  const logger = createLogger("silent");
  const applier = createApplier({ cluster: memory, cache, manager: "tests", metrics: createMetrics(), logger });
  const write = async () => {
    const metadata = { namespace: NAMESPACE, name: "written" };
    await applier.expecting(memory).create(RESOURCES.Service, { apiVersion: "v1", kind: "Service", metadata }, "tests");
  };
  const context = {
    applier,
    cache,
    // Nothing is left of the practice that goes; in the meantime the other one is looked at.
    cluster: { list: async () => [], get: async () => undefined, mergePatch: write },
    doors: createDoors(),
    misled: new Map(),
    probes: createProbes(),
    statuses: createStatuses(),
  } as unknown as Context;
  return { context, write, remembers: () => !applier.settled(NAMESPACE) };
}

type Operator = ReturnType<typeof operatorWith>;

async function isGone({ context, write }: Operator): Promise<void> {
  await write();
  await reconcile(context, `${NAMESPACE}/second`);
}

async function isTakenDown({ context }: Operator): Promise<void> {
  await finalize(context, practice("second"));
}

describe.each([
  ["is gone", isGone],
  ["is taken down", isTakenDown],
])("when a practice %s, what is remembered of its namespace", (_, end) => {
  it.each([
    ["goes with the last practice", [], false],
    ["stays for another practice", [practice("first")], true],
  ])("%s", async (_, others, expected) => {
    const operator = operatorWith(others);
    await end(operator);
    expect(operator.remembers()).toBe(expected);
  });
});
