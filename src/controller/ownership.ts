import { API_VERSION, FIELD_MANAGER, KIND, LABEL } from "../api/group.ts";
import type { LiveObject, Manifest } from "../manifest.ts";
import { Stalled } from "../runtime/errors.ts";
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

/** The object from the cache, else from the server; adopted if a former practice left it. */
export async function findAndAdopt(context: Context, resource: PracticeResource, kind: Resource, name: string) {
  const live = await findOurs(context, resource, kind, name);
  return live && adopt(context, resource, kind, live);
}

/**
 * The object from the cache, else from the server.
 * @throws Stalled `NameTaken` when somebody else's stands in its name.
 */
export async function findOurs(context: Context, resource: PracticeResource, kind: Resource, name: string) {
  const ref = { namespace: resource.metadata.namespace, name };
  const live = context.cache.get(kind, ref) ?? (await context.cluster.get(kind, ref));
  if (live) assertOurs(context, resource, live);
  return live;
}

/** @throws Stalled `NameTaken` when it is somebody else's. */
export function assertOurs(context: Context, resource: PracticeResource, live: LiveObject): void {
  if (isOurs(context, resource, live)) return;
  throw new Stalled(
    "NameTaken",
    `${live.kind}/${live.metadata.name} exists and does not belong to this practice. Rename or remove it, or rename the practice.`,
  );
}

/** Metadata of what is born: `owned` goes with the practice, the rest outlives it. */
export function bornMetadata(resource: PracticeResource, name: string, owned: boolean): Manifest["metadata"] {
  const { uid, namespace } = resource.metadata;
  return {
    name,
    namespace,
    labels: {
      [LABEL.practice]: resource.metadata.name,
      [LABEL.practiceUid]: uid,
      [LABEL.managedBy]: "telehealth-operator",
      [LABEL.partOf]: resource.metadata.name,
    },
    ...(owned && {
      ownerReferences: [
        {
          apiVersion: API_VERSION,
          kind: KIND,
          name: resource.metadata.name,
          uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    }),
  };
}
