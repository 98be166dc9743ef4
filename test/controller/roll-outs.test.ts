import { expect, it } from "vitest";
import type { Context } from "../../src/controller/context.ts";
import type { ApplyPlan } from "../../src/controller/gate.ts";
import { resumeRollOuts } from "../../src/controller/roll-outs.ts";
import type { Ref } from "../../src/runtime/cluster.ts";

/** What is asked of the API server where `paused` Deployments are live, and these are applied now. */
async function asked(paused: readonly string[], now: readonly string[]) {
  const patches: string[] = [];
  const context = {
    cache: { get: (_: unknown, { name }: Ref) => ({ spec: { paused: paused.includes(name) } }) },
    cluster: {
      mergePatch: (_: unknown, { name }: Ref, patch: object) => {
        patches.push(`${name} ${JSON.stringify(patch)}`);
        return Promise.resolve();
      },
    },
    logger: { info: () => undefined },
  } as unknown as Context;
  const objects = now.map((name) => ({ kind: "Deployment", metadata: { namespace: "greenriver", name } }));
  await resumeRollOuts(context, { now: objects } as unknown as ApplyPlan);
  return patches;
}

it("resumes what somebody paused", async () => {
  expect(await asked(["front"], ["front", "entry"])).toEqual(['front {"spec":{"paused":null}}']);
});

it("leaves paused what was not applied: it may hold what somebody else made of it", async () => {
  expect(await asked(["front"], ["entry"])).toEqual([]);
});
