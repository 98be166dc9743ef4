import { LABEL } from "../api/group.ts";
import type { Change } from "../runtime/changes.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Context, PracticeResource } from "./context.ts";
import { keyOf } from "./kinds.ts";
import { mountedBy, type PodVolumes } from "./mounts.ts";

/** How long a kubelet may take from a pod's creation until it reads the files. */
const MOUNTED_WITHIN_MS = 60_000;

/**
 * A pod reads a sealed file once, when it starts. One that may have started while somebody else's stood in its place goes on
 * with that, so it is deleted, also if that ends a call: nobody knows what it was told. Its workload makes another one.
 * What fails is owed to the next reconcile.
 * @param done what this reconcile has put right.
 */
export async function replaceMisled(context: Context, resource: PracticeResource, done: readonly Change[]) {
  const { namespace, name } = resource.metadata;
  const key = keyOf(resource);
  const owed = [...(context.misled.get(key) ?? []), ...done.filter(({ inPlaceOf }) => inPlaceOf !== undefined)];
  if (owed.length === 0) return;
  context.misled.set(key, owed);
  for (const { object, inPlaceOf } of owed) {
    if (inPlaceOf === undefined) continue;
    const since = Date.parse(inPlaceOf.metadata.creationTimestamp) - MOUNTED_WITHIN_MS;
    const pods = context.cache.list(RESOURCES.Pod, namespace).filter((pod) => {
      const { labels = {}, creationTimestamp, deletionTimestamp } = pod.metadata;
      const isOurs = labels[LABEL.practice] === name && deletionTimestamp === undefined;
      return (
        isOurs && Date.parse(creationTimestamp) >= since && mountedBy(pod["spec"] as PodVolumes).includes(object.name)
      );
    });
    for (const { metadata } of pods) {
      await context.cluster.delete(RESOURCES.Pod, { namespace, name: metadata.name }, { uid: metadata.uid });
      context.logger.info(
        { practice: `${namespace}/${name}` },
        "Replaced a pod that started with somebody else's files",
      );
    }
  }
  context.misled.delete(key);
}
