import { FIELD_MANAGER } from "../api/group.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Context } from "./context.ts";
import type { ApplyPlan } from "./gate.ts";

/**
 * A Deployment that somebody paused keeps serving from pods that should have been replaced. That is no field of ours,
 * because its absence cannot be applied, so it is taken away by itself: from what was just applied, never from what waits.
 */
export async function resumeRollOuts({ cache, cluster, logger }: Context, { now }: ApplyPlan): Promise<void> {
  for (const { kind, metadata } of now) {
    if (kind !== RESOURCES.Deployment.kind) continue;
    const { namespace = "", name } = metadata;
    const live = cache.get(RESOURCES.Deployment, { namespace, name });
    if ((live?.["spec"] as { paused?: boolean } | undefined)?.paused !== true) continue;
    await cluster.mergePatch(RESOURCES.Deployment, { namespace, name }, { spec: { paused: null } }, FIELD_MANAGER);
    logger.info({ object: `Deployment/${name}` }, "Resumed a roll-out that somebody had paused");
  }
}
