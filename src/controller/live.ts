import type { LiveObject } from "../manifest.ts";
import { LIVE_CHAIN } from "../policy/index.ts";
import { evaluate, type Finding } from "../policy/policy.ts";
import type { Practice } from "../practice/practice.ts";
import { LABEL } from "../api/group.ts";
import type { Cache } from "../runtime/cluster.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Context } from "./context.ts";

/** Kinds that a practice consists of, as far as the cluster serves them. */
export const CHILD_RESOURCES = [
  RESOURCES.NetworkPolicy,
  RESOURCES.ServiceAccount,
  RESOURCES.ConfigMap,
  RESOURCES.PersistentVolumeClaim,
  RESOURCES.Gateway,
  RESOURCES.ListenerSet,
  RESOURCES.Issuer,
  RESOURCES.Certificate,
  RESOURCES.Service,
  RESOURCES.StatefulSet,
  RESOURCES.Deployment,
  RESOURCES.CronJob,
  RESOURCES.Ingress,
  RESOURCES.HTTPRoute,
] as const;

/** All live children of a practice, Secrets aside. */
export function liveChildren(cache: Cache, practice: { namespace: string; uid: string }): LiveObject[] {
  return CHILD_RESOURCES.flatMap((resource) =>
    cache
      .list(resource, practice.namespace)
      .filter((object) => object.metadata.labels?.[LABEL.practiceUid] === practice.uid),
  );
}

/** Runs the policy chain on everything in the practice's namespace: ours, and what others put there. */
export function judge(context: Context, practice: Practice): Finding[] {
  const objects = [...CHILD_RESOURCES, RESOURCES.Pod].flatMap((resource) =>
    context.cache.list(resource, practice.namespace),
  );
  return evaluate(LIVE_CHAIN, { objects, practice, assets: context.assets });
}
