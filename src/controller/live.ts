import { describe, type LiveObject } from "../manifest.ts";
import { LIVE_CHAIN } from "../policy/index.ts";
import { configurationNamedByContent } from "../policy/hardening.ts";
import { evaluate, type Finding, type PolicyInput } from "../policy/policy.ts";
import type { Practice } from "../practice/practice.ts";
import { LABEL } from "../api/group.ts";
import type { Rendering } from "../render/render.ts";
import type { Cache } from "../runtime/cluster.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Context } from "./context.ts";
import { asNoted } from "./spare.ts";

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
  RESOURCES.Job,
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

/**
 * Runs the policy chain on everything in the practice's namespace: ours, and what others put there.
 *
 * A spared workload is live as an earlier reconcile applied it, because what replaces it has to wait. It had to pass the
 * same checks then; that it is not what this release or this manifest would make of it is no broken promise. So what
 * these checks find about it as it was applied is left out, and what somebody added since is not. That holds only while
 * its files are what their names say: else nobody knows what it was applied with.
 */
export function judge(
  context: Context,
  practice: Practice,
  rendering: Rendering,
  isSpared: (object: LiveObject) => boolean,
): readonly Finding[] {
  const objects = liveObjects(context.cache, practice.namespace);
  const input = { objects, practice, assets: context.assets };
  return judgeObjects(input, isSpared, foundAmong(input, rendering));
}

/**
 * What is judged of a practice is the same as long as its rendering and the version of each live object are: the look that our own
 * last writes bring about, and most of the regular ones, find nothing else.
 */
function foundAmong(input: LiveInput, rendering: Rendering): readonly Finding[] {
  const versions = input.objects.map(({ metadata }) => `${metadata.uid}@${metadata.resourceVersion}`).join();
  const last = lastFound.get(rendering);
  if (last?.versions === versions) return last.found;
  const found = evaluate(LIVE_CHAIN, input);
  lastFound.set(rendering, { versions, found });
  return found;
}

type LiveInput = Omit<PolicyInput, "objects"> & { readonly objects: readonly LiveObject[] };

/** By rendering, of which only some are remembered. */
const lastFound = new WeakMap<Rendering, { readonly versions: string; readonly found: readonly Finding[] }>();

/** What is judged of a namespace. Of a trial that is its pods: its Job may already be superfluous, and says nothing else. */
export function liveObjects(cache: Cache, namespace: string): LiveObject[] {
  const kinds = [...CHILD_RESOURCES, RESOURCES.Pod].filter((resource) => resource !== RESOURCES.Job);
  return kinds.flatMap((resource) => cache.list(resource, namespace));
}

/** The same on what was read by other means. */
export function judgeObjects(
  input: LiveInput,
  isSpared: (object: LiveObject) => boolean,
  found: readonly Finding[] = evaluate(LIVE_CHAIN, input),
): readonly Finding[] {
  const { objects } = input;
  const spared = new Set(objects.filter(isSpared));
  if (spared.size === 0 || found.some(({ check }) => check === configurationNamedByContent.name)) return found;
  const names = new Set([...spared].map(describe));
  const applied = objects.map((object) => (spared.has(object) ? asNoted(object) : object));
  const expected = evaluate(LIVE_CHAIN, { ...input, objects: applied })
    .filter(({ object }) => names.has(object))
    .map(keyOf);
  return found.filter((finding) => !expected.includes(keyOf(finding)));
}

function keyOf({ check, object, message }: Finding): string {
  return `${check} ${object} ${message}`;
}
