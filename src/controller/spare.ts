import { createHash } from "node:crypto";
import { ANNOTATION, LABEL } from "../api/group.ts";
import type { LiveObject, Manifest } from "../manifest.ts";
import { differences } from "../runtime/differences.ts";

/** Roles whose restart ends calls. */
const CARRY_CALLS: ReadonlySet<string | undefined> = new Set(["signalling", "bridge"]);

/** Whether applying this ends calls: it restarts a workload that carries them and has a ready pod. */
export function endsCalls(desired: Manifest, live: LiveObject | undefined, applied: string | undefined): boolean {
  return carriesCalls(desired) && isServing(live) && restarts(desired, live, applied);
}

/**
 * Whether applying this ends a pod that runs as we made it, for one with another template.
 * A workload that somebody else has changed is not spared: its pods restart already, and repair must not wait.
 * @param applied what `appliedDigest` said when we last applied it.
 */
export function restarts(desired: Manifest, live: LiveObject | undefined, applied: string | undefined): boolean {
  const [wanted, noted] = [templateOf(desired), live && templateOf(live)];
  if (wanted === undefined || !live || noted === undefined || noted === wanted) return false;
  // Whoever may edit a workload may edit the note on it, but not the practice's status.
  return digestOf(noted) === applied && isAsNoted(live, noted);
}

/** Whether a workload has a pod that serves. */
export function isServing(live: LiveObject | undefined): boolean {
  return live !== undefined && (statusOf(live).readyReplicas ?? 0) > 0;
}

function carriesCalls({ metadata }: Manifest): boolean {
  return CARRY_CALLS.has(metadata.labels?.[LABEL.component]);
}

/** Digest of the pod template noted on a StatefulSet; it is kept in the practice's status. */
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
  return carriesCalls(live) && currentRevision !== updateRevision && isServing(live);
}

/** A StatefulSet with the pod template as it was applied and nothing that others have added to it. */
export function asNoted(live: LiveObject): LiveObject {
  const noted = templateOf(live);
  return noted === undefined ? live : { ...live, spec: { ...(live["spec"] as object), template: JSON.parse(noted) } };
}

function isAsNoted(live: LiveObject, noted: string): boolean {
  const { template } = live["spec"] as { readonly template?: unknown };
  return differences(JSON.parse(noted), template).length === 0;
}

function digestOf(noted: string): string {
  return createHash("sha256").update(noted).digest("base64url");
}

/** The pod template as it was rendered, as JSON; only a StatefulSet has it noted. */
function templateOf(object: Manifest): string | undefined {
  return object.metadata.annotations?.[ANNOTATION.template];
}

interface StatefulSetStatus {
  readonly readyReplicas?: number;
  readonly currentRevision?: string;
  readonly updateRevision?: string;
}

function statusOf(live: LiveObject): StatefulSetStatus {
  return live["status"] ?? {};
}
