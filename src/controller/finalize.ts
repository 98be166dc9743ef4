import { FIELD_MANAGER, FINALIZER, LABEL } from "../api/group.ts";
import type { LiveObject } from "../manifest.ts";
import { BORN_SECRETS, namesOf } from "../practice/names.ts";
import { PHASES, type Phase, phaseOf } from "../render/order.ts";
import type { Ref } from "../runtime/cluster.ts";
import { ApiError, Waiting } from "../runtime/errors.ts";
import { apiVersionOf, type Resource, resourceOf, RESOURCES } from "../runtime/resources.ts";
import { knownBirth } from "./birth.ts";
import { outlivesPractice } from "./born-secrets.ts";
import type { Context, PracticeResource } from "./context.ts";
import { PRACTICES } from "./kinds.ts";
import { liveChildren } from "./live.ts";
import { assertSeen } from "./seen.ts";

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
  await assertSeen(context, resource.metadata.namespace);
  const children = liveChildren(context.cache, { namespace: resource.metadata.namespace, uid: resource.metadata.uid });
  const inPhase = (phase: Phase) => children.filter((child) => phaseOf(child) === phase);

  for (const phase of PHASES.toReversed()) {
    if (phase === "walls") await assertNoPodsLeft(context, resource);
    for (const child of inPhase(phase)) {
      if (child.kind === "PersistentVolumeClaim" || isIdentity(resource, child)) continue;
      // A workload goes after its pods, so that while one is left nothing can take the walls for granted.
      await remove(context, child, phase === "workloads" ? "Foreground" : "Background");
    }
    if (phase === "workloads") await endPods(context, resource);
  }
  await letGoOfWhatWasBorn(context, resource, children);
  await removeFinalizer(context, resource, finalizers);
  // A practice that is made anew under this name begins without our memory of this one.
  forgetObjects(context, resource.metadata);
}

/** Frees what is remembered of a practice's objects. It is kept by namespace: while another practice is in it, that one's too. */
export function forgetObjects(
  { applier, cache }: Pick<Context, "applier" | "cache">,
  { namespace, name }: Required<Ref>,
): void {
  const isAlone = cache.list(PRACTICES, namespace).every(({ metadata }) => metadata.name === name);
  if (isAlone) applier.forget(namespace);
}

/** Objects of the practice, as the server has them now: a cache may not have seen the last one yet. */
function liveNow(context: Context, { metadata }: PracticeResource, kind: Resource): Promise<LiveObject[]> {
  // Pods carry the name only: their template must not change with the practice's uid.
  const [label, value] = kind === RESOURCES.Pod ? [LABEL.practice, metadata.name] : [LABEL.practiceUid, metadata.uid];
  return context.cluster.list(kind, { namespace: metadata.namespace, labelSelector: `${label}=${value}` });
}

async function endPods(context: Context, resource: PracticeResource): Promise<void> {
  for (const pod of await liveNow(context, resource, RESOURCES.Pod)) {
    // Deleted again although it is ending: the pod's own grace period spans a whole session.
    await context.cluster.delete(RESOURCES.Pod, refOf(pod), {
      uid: pod.metadata.uid,
      gracePeriodSeconds: POD_GRACE_SECONDS,
    });
  }
}

/** None is left, and nothing that could make another one: what a deleted Deployment, CronJob or Job made still replaces pods. */
async function assertNoPodsLeft(context: Context, resource: PracticeResource): Promise<void> {
  for (const kind of [RESOURCES.StatefulSet, RESOURCES.Deployment, RESOURCES.CronJob, RESOURCES.Job, RESOURCES.Pod]) {
    if ((await liveNow(context, resource, kind)).length === 0) continue;
    throw new Waiting("Deleting", "Waiting for the last pods to end before the walls are taken down.", 2);
  }
}

/** Volumes, Secrets and the identity: kept and released, or deleted, as the practice says. */
async function letGoOfWhatWasBorn(context: Context, resource: PracticeResource, children: readonly LiveObject[]) {
  const retain = (resource.spec as { deletionPolicy?: string } | undefined)?.deletionPolicy !== "Delete";
  const secrets = await secretsOf(context, resource);
  const kept = [
    ...children.filter((child) => child.kind === "PersistentVolumeClaim"),
    ...(await identityOf(context, resource)),
    ...secrets.filter((secret) => guardsData(resource, secret)),
  ];
  for (const object of kept) await (retain ? release(context, resource, object) : remove(context, object));
  for (const secret of secrets) if (!guardsData(resource, secret)) await remove(context, secret);
  await removeAccountKey(context, resource);
}

/** What carries the practice's uid, and what was born so lately that the cache does not show it yet. */
async function secretsOf(context: Context, resource: PracticeResource): Promise<LiveObject[]> {
  const { namespace, name, uid } = resource.metadata;
  const born = Object.values(knownBirth(context.cache, namespace, name).secrets);
  const labelled = context.cache
    .list(RESOURCES.Secret, namespace)
    .filter((secret) => secret.metadata.labels?.[LABEL.practiceUid] === uid);
  const unseen = born.filter((secret) => !labelled.some(({ metadata }) => metadata.name === secret));
  const found = await Promise.all(unseen.map((secret) => ownObject(context, resource, RESOURCES.Secret, secret)));
  return [...labelled, ...found.flat()];
}

function identityOf(context: Context, resource: PracticeResource): Promise<LiveObject[]> {
  return ownObject(context, resource, RESOURCES.ConfigMap, namesOf(resource.metadata.name).identity);
}

/** The object of this name, as the server has it, if it is this practice's. */
async function ownObject(
  context: Context,
  { metadata: { namespace, uid } }: PracticeResource,
  kind: Resource,
  name: string,
): Promise<LiveObject[]> {
  const live = await context.cluster.get(kind, { namespace, name });
  return live?.metadata.labels?.[LABEL.practiceUid] === uid
    ? [{ ...live, apiVersion: apiVersionOf(kind), kind: kind.kind }]
    : [];
}

/**
 * cert-manager keeps the ACME account's key under the issuer's name, without any label of ours: a Secret with
 * `tls.key` and nothing else. Another one of that name is somebody else's.
 */
async function removeAccountKey(context: Context, resource: PracticeResource): Promise<void> {
  const ref = { namespace: resource.metadata.namespace, name: namesOf(resource.metadata.name).issuer };
  const key = await context.cluster.get(RESOURCES.Secret, ref);
  const fields = Object.keys(key?.["data"] ?? {});
  if (key && fields.length === 1 && fields[0] === "tls.key") await remove(context, key);
}

/** Secrets without which kept data, or a part of it, cannot be read. */
function guardsData(resource: PracticeResource, secret: LiveObject): boolean {
  const names = namesOf(resource.metadata.name);
  return BORN_SECRETS.filter(outlivesPractice).some((born) =>
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

async function remove(
  context: Context,
  object: LiveObject,
  propagation: "Background" | "Foreground" = "Background",
): Promise<void> {
  await context.cluster.delete(resourceOf(object), refOf(object), { uid: object.metadata.uid, propagation });
}

/** @throws Waiting when the practice is another version by now, such as after our own word in its status. */
async function removeFinalizer(context: Context, resource: PracticeResource, finalizers: readonly string[]) {
  const patch = {
    metadata: {
      resourceVersion: resource.metadata.resourceVersion,
      finalizers: finalizers.filter((finalizer) => finalizer !== FINALIZER),
    },
  };
  try {
    await context.cluster.mergePatch(PRACTICES, refOf(resource), patch, FIELD_MANAGER);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 409)
      throw new Waiting("Deleting", "The practice has just changed; it is looked at again.", 0.2);
    if (error.status !== 404) throw error;
  }
}

function refOf(object: LiveObject) {
  return { namespace: object.metadata.namespace ?? "", name: object.metadata.name };
}
