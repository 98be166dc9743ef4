import { FIELD_MANAGER, FINALIZER, LABEL } from "../api/group.ts";
import type { LiveObject } from "../manifest.ts";
import { BORN_SECRETS, namesOf } from "../practice/names.ts";
import { PHASES, type Phase, phaseOf } from "../render/order.ts";
import { ApiError, Waiting } from "../runtime/errors.ts";
import { resourceOf, RESOURCES } from "../runtime/resources.ts";
import type { Context, PracticeResource } from "./context.ts";
import { PRACTICES } from "./kinds.ts";
import { liveChildren } from "./live.ts";

/** How long a pod may take to end when its practice is deleted: calls end now, they are not waited for. */
const POD_GRACE_SECONDS = 30;

/**
 * Takes a practice down in the reverse order of its making: routes, workloads and their pods, everything else, and
 * the walls when no pod is left. What `deletionPolicy: Retain` keeps is released. Needs no third party to finish:
 * kinds that the cluster no longer serves are passed over.
 * @throws Waiting while pods are still ending.
 */
export async function finalize(context: Context, resource: PracticeResource): Promise<void> {
  const finalizers = resource.metadata.finalizers ?? [];
  if (!finalizers.includes(FINALIZER)) return;
  const children = liveChildren(context.cache, { namespace: resource.metadata.namespace, uid: resource.metadata.uid });
  const inPhase = (phase: Phase) => children.filter((child) => phaseOf(child) === phase);

  for (const phase of PHASES.toReversed()) {
    if (phase === "walls") await assertNoPodsLeft(context, resource);
    for (const child of inPhase(phase)) {
      if (child.kind === "PersistentVolumeClaim" || isIdentity(resource, child)) continue;
      await remove(context, child);
    }
    if (phase === "workloads") await endPods(context, resource);
  }
  await letGoOfWhatWasBorn(context, resource, children);
  await removeFinalizer(context, resource, finalizers);
}

/** Pods of the practice, as the server has them now: a cache may not have seen the last one yet. */
async function podsOf(context: Context, resource: PracticeResource): Promise<LiveObject[]> {
  return context.cluster.list(RESOURCES.Pod, {
    namespace: resource.metadata.namespace,
    labelSelector: `${LABEL.practice}=${resource.metadata.name}`,
  });
}

async function endPods(context: Context, resource: PracticeResource): Promise<void> {
  for (const pod of await podsOf(context, resource)) {
    // Deleted again although it is ending: the pod's own grace period spans a whole session.
    await context.cluster.delete(RESOURCES.Pod, refOf(pod), {
      uid: pod.metadata.uid,
      gracePeriodSeconds: POD_GRACE_SECONDS,
    });
  }
}

async function assertNoPodsLeft(context: Context, resource: PracticeResource): Promise<void> {
  const pods = await podsOf(context, resource);
  if (pods.length === 0) return;
  throw new Waiting("Deleting", `Waiting for ${pods.length} pods to end before the walls are taken down.`, 2);
}

/** Volumes, Secrets and the identity: kept and released, or deleted, as the practice says. */
async function letGoOfWhatWasBorn(context: Context, resource: PracticeResource, children: readonly LiveObject[]) {
  const retain = (resource.spec as { deletionPolicy?: string } | undefined)?.deletionPolicy !== "Delete";
  const { namespace, uid } = resource.metadata;
  const secrets = context.cache
    .list(RESOURCES.Secret, namespace)
    .filter((secret) => secret.metadata.labels?.[LABEL.practiceUid] === uid);
  const kept = [
    ...children.filter((child) => child.kind === "PersistentVolumeClaim" || isIdentity(resource, child)),
    ...secrets.filter((secret) => guardsData(resource, secret)),
  ];
  for (const object of kept) await (retain ? release(context, resource, object) : remove(context, object));
  for (const secret of secrets) if (!guardsData(resource, secret)) await remove(context, secret);
}

/** Secrets without which a kept volume cannot be read. */
function guardsData(resource: PracticeResource, secret: LiveObject): boolean {
  const names = namesOf(resource.metadata.name);
  return BORN_SECRETS.filter((born) => born === "database" || born === "synapse").some((born) =>
    secret.metadata.name.startsWith(names.bornSecret(born).replace(/\d+$/, "")),
  );
}

function isIdentity(resource: PracticeResource, object: LiveObject): boolean {
  return object.kind === "ConfigMap" && object.metadata.name === namesOf(resource.metadata.name).identity;
}

async function release(context: Context, resource: PracticeResource, object: LiveObject): Promise<void> {
  const labels = { [LABEL.practiceUid]: null, [LABEL.retainedFrom]: resource.metadata.uid };
  try {
    await context.cluster.mergePatch(resourceOf(object), refOf(object), { metadata: { labels } }, FIELD_MANAGER);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
}

async function remove(context: Context, object: LiveObject): Promise<void> {
  await context.cluster.delete(resourceOf(object), refOf(object), {
    uid: object.metadata.uid,
    propagation: "Background",
  });
}

async function removeFinalizer(context: Context, resource: PracticeResource, finalizers: readonly string[]) {
  const patch = {
    metadata: {
      resourceVersion: resource.metadata.resourceVersion,
      finalizers: finalizers.filter((finalizer) => finalizer !== FINALIZER),
    },
  };
  await context.cluster.mergePatch(PRACTICES, refOf(resource), patch, FIELD_MANAGER);
}

function refOf(object: LiveObject) {
  return { namespace: object.metadata.namespace ?? "", name: object.metadata.name };
}
