import type { Practice } from "../practice/practice.ts";
import { FIELD_MANAGER } from "../api/group.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Context } from "./context.ts";
import { liveChildren } from "./live.ts";

/**
 * A Deployment that somebody paused keeps serving from pods that should have been replaced. That is no field of ours,
 * because its absence cannot be applied, so it is taken away by itself.
 */
export async function resumeRollOuts(context: Context, { namespace, name, uid }: Practice): Promise<void> {
  if (uid === undefined) return;
  const paused = liveChildren(context.cache, { namespace, uid }).filter(
    (object) => object.kind === RESOURCES.Deployment.kind && (object["spec"] as { paused?: boolean }).paused === true,
  );
  for (const { metadata } of paused) {
    const ref = { namespace, name: metadata.name };
    await context.cluster.mergePatch(RESOURCES.Deployment, ref, { spec: { paused: null } }, FIELD_MANAGER);
    context.logger.info({ practice: `${namespace}/${name}` }, "Resumed a roll-out that somebody had paused");
  }
}
