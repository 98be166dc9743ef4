import type { LiveObject } from "../manifest.ts";
import { namesOf } from "../practice/names.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Context, PracticeResource } from "./context.ts";
import { adopt, isOurs } from "./ownership.ts";

/** Live volumes by name. */
export type Volumes = ReadonlyMap<string, LiveObject>;

/**
 * What has the names of volumes, whoever made it. All volumes are watched; only while that watch may lag behind, those that the
 * practice needs are asked for.
 */
export async function volumesOf(
  { cache, cluster }: Context,
  { metadata: { namespace, name } }: PracticeResource,
  isExternal: boolean,
): Promise<Volumes> {
  const { databaseVolume, messagesVolume } = namesOf(name);
  const kind = RESOURCES.PersistentVolumeClaim;
  const found = new Map<string, LiveObject>();
  for (const ref of [databaseVolume, messagesVolume].map((volume) => ({ namespace, name: volume }))) {
    const isKnown = cache.isCurrent(kind, namespace) || (isExternal && ref.name === databaseVolume);
    const live = cache.get(kind, ref) ?? (isKnown ? undefined : await cluster.get(kind, ref));
    if (live) found.set(ref.name, live);
  }
  return found;
}

/** Volumes are applied like other objects, but only here a former practice's mark is taken from them. */
export async function adoptVolumes(context: Context, resource: PracticeResource, volumes: Volumes): Promise<void> {
  for (const live of volumes.values()) {
    if (isOurs(context, resource, live)) await adopt(context, resource, RESOURCES.PersistentVolumeClaim, live);
  }
}
