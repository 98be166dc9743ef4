import { createHash } from "node:crypto";
import { ANNOTATION } from "../api/group.ts";
import type { LiveObject, Manifest } from "../manifest.ts";
import { differences } from "../runtime/differences.ts";

/**
 * Whether applying this ends calls: it changes the pod template of a workload that carries them and has a ready pod.
 * A workload that somebody else has changed is not spared: its pods restart already, and repair must not wait.
 * @param applied what `appliedDigest` said when we last applied it.
 */
export function endsCalls(desired: Manifest, live: LiveObject | undefined, applied: string | undefined): boolean {
  const [wanted, noted] = [templateOf(desired), live && templateOf(live)];
  if (wanted === undefined || !live || noted === undefined || noted === wanted || readyPods(live) === 0) return false;
  // Whoever may edit a workload may edit the note on it, but not the practice's status.
  return digestOf(noted) === applied && isAsNoted(live, noted);
}

/** Digest of the pod template noted on what carries calls; it is kept in the practice's status. */
export function appliedDigest(object: Manifest): string | undefined {
  const noted = templateOf(object);
  return noted === undefined ? undefined : digestOf(noted);
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

function isAsNoted(live: LiveObject, noted: string): boolean {
  const { template } = live["spec"] as { readonly template?: unknown };
  return differences(JSON.parse(noted), template).length === 0;
}

function digestOf(noted: string): string {
  return createHash("sha256").update(noted).digest("base64url");
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
