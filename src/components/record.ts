import type { IStatefulSet } from "kubernetes-models/apps/v1";
import { ANNOTATION } from "../api/group.ts";
import type { Manifest } from "../manifest.ts";
import { canonical } from "../practice/canonical.ts";
import type { Practice } from "../practice/practice.ts";

/**
 * A workload whose only pod ends before the next one starts, with its own pod template noted on it. From that note an
 * operator that has just started tells a change that would restart the pod from one that would not, and an edit by
 * others from either. The order in which a manifest names things is no change.
 */
export function recorded(practice: Practice, set: Manifest & IStatefulSet): Manifest & IStatefulSet {
  const annotations = {
    [ANNOTATION.template]: canonical(set.spec?.template),
    ...(practice.generation !== undefined && { [ANNOTATION.generation]: String(practice.generation) }),
  };
  return { ...set, metadata: { ...set.metadata, annotations } };
}
