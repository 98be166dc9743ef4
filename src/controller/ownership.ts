import { FIELD_MANAGER, LABEL } from "../api/group.ts";
import type { LiveObject } from "../manifest.ts";
import type { Resource } from "../runtime/resources.ts";
import { PRACTICES } from "./kinds.ts";
import type { Context, PracticeResource } from "./context.ts";

/**
 * The one rule of ownership. Ours is what carries this practice's uid, and what a practice of the same name left
 * behind when no practice with its uid exists any more (deleted with `Retain`, or restored from a backup under a
 * new uid). Whether the kept data may be used is decided by its server name (`birth`). Everything else is foreign.
 */
export function isOurs(context: Context, resource: PracticeResource, live: LiveObject): boolean {
  const labels = live.metadata.labels ?? {};
  if (labels[LABEL.practiceUid] === resource.metadata.uid) return true;
  if (labels[LABEL.practice] !== resource.metadata.name) return false;
  const formerUid = labels[LABEL.retainedFrom] ?? labels[LABEL.practiceUid];
  if (!formerUid) return false;
  const practices = context.cache.list(PRACTICES, resource.metadata.namespace);
  return !practices.some((practice) => practice.metadata.uid === formerUid);
}

/** Puts our uid on what a former practice left; returns the object as it now is. */
export async function adopt(
  context: Context,
  resource: PracticeResource,
  kind: Resource,
  live: LiveObject,
): Promise<LiveObject> {
  if (live.metadata.labels?.[LABEL.practiceUid] === resource.metadata.uid) return live;
  const labels = { [LABEL.practiceUid]: resource.metadata.uid, [LABEL.retainedFrom]: null };
  const ref = { namespace: resource.metadata.namespace, name: live.metadata.name };
  return context.cluster.mergePatch(kind, ref, { metadata: { labels } }, FIELD_MANAGER);
}
