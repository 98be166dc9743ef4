import { ANNOTATION } from "../api/group.ts";
import type { LiveObject, Manifest } from "../manifest.ts";
import { differences } from "../runtime/differences.ts";

/**
 * Whether applying this ends calls: it changes the pod template of a workload that carries them and has a ready pod.
 * A workload that somebody else has changed is not spared: its pods restart already, and repair must not wait.
 */
export function endsCalls(desired: Manifest, live: LiveObject | undefined): boolean {
  const wanted = templateOf(desired);
  if (wanted === undefined || !live || readyPods(live) === 0) return false;
  return templateOf(live) !== wanted && isAsApplied(live);
}

/** Whether the manifest was edited since the live workload was applied; else the change is the operator's own. */
export function isEdited(desired: Manifest, live: LiveObject | undefined): boolean {
  const of = (object?: Manifest) => object?.metadata.annotations?.[ANNOTATION.generation];
  return of(desired) !== of(live);
}

/** Whether a workload that carries calls is being replaced while its former pod still serves: that waits for its calls. */
export function isDraining(live: LiveObject): boolean {
  const { currentRevision, updateRevision } = statusOf(live);
  return templateOf(live) !== undefined && currentRevision !== updateRevision && readyPods(live) > 0;
}

function isAsApplied(live: LiveObject): boolean {
  const { template } = live["spec"] as { readonly template?: unknown };
  return differences(JSON.parse(templateOf(live) ?? "null"), template).length === 0;
}

/** The pod template as it was rendered, as JSON; only what carries calls has it noted. */
function templateOf(object: Manifest): string | undefined {
  return object.metadata.annotations?.[ANNOTATION.template];
}

function readyPods(live: LiveObject): number {
  return statusOf(live).readyReplicas ?? 0;
}

interface StatefulSetStatus {
  readonly readyReplicas?: number;
  readonly currentRevision?: string;
  readonly updateRevision?: string;
}

function statusOf(live: LiveObject): StatefulSetStatus {
  return live["status"] ?? {};
}
