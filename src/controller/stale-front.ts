import { LABEL } from "../api/group.ts";
import type { LiveObject } from "../manifest.ts";
import type { Practice } from "../practice/practice.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Context } from "./context.ts";

/**
 * nginx looks the Services behind it up when it starts and never again. A front pod that is older than one of them has
 * looked up an address that is gone: somebody deleted the Service, and it is back at another one. Such a pod is
 * deleted, and its Deployment makes one that looks anew; what it served was cut off already.
 */
export async function replaceStaleFront(context: Context, practice: Practice): Promise<void> {
  const { namespace, names } = practice;
  const behind = [names.signalling, names.synapse, names.entry].flatMap(
    (name) => context.cache.get(RESOURCES.Service, { namespace, name }) ?? [],
  );
  const newest =
    behind
      .map(({ metadata }) => metadata.creationTimestamp)
      .toSorted()
      .at(-1) ?? "";
  const isFront = ({ metadata: { labels = {}, deletionTimestamp } }: LiveObject) =>
    labels[LABEL.serves] === "front" && labels[LABEL.practice] === practice.name && deletionTimestamp === undefined;
  const pods = context.cache.list(RESOURCES.Pod, namespace).filter(isFront);
  for (const { metadata } of pods.filter((pod) => pod.metadata.creationTimestamp < newest)) {
    await context.cluster.delete(RESOURCES.Pod, { namespace, name: metadata.name }, { uid: metadata.uid });
    context.logger.info(
      { practice: `${namespace}/${practice.name}` },
      "Replaced a front pod that is older than a Service",
    );
  }
}
