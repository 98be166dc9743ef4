import type { LiveObject } from "../manifest.ts";

export interface Verdict {
  readonly ready: boolean;
  /** A constant in CamelCase. */
  readonly reason: string;
  readonly message: string;
}

interface LiveCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly observedGeneration?: number;
}

interface WorkloadStatus {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly updatedReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly currentRevision?: string;
  readonly updateRevision?: string;
  readonly conditions?: readonly LiveCondition[];
  readonly succeeded?: number;
  readonly phase?: string;
}

const READY: Verdict = { ready: true, reason: "Ready", message: "" };

/**
 * Whether an object has become what its spec asks for, as kstatus judges it. Kinds without a judgement are ready
 * as soon as they exist. Never waits for a claim to be bound: with WaitForFirstConsumer that needs the pod.
 */
export function readiness(object: LiveObject): Verdict {
  if (object.metadata.deletionTimestamp) return notReady("Terminating", `${nameOf(object)} is being deleted.`);
  const judge = JUDGES[object.kind];
  if (!judge) return READY;
  const status = (object["status"] ?? {}) as WorkloadStatus;
  const { generation = 0 } = object.metadata;
  const seen = status.observedGeneration;
  if (object.kind in HAS_OBSERVED_GENERATION && (seen ?? 0) < generation) {
    return notReady("NotObserved", `${nameOf(object)} is new; its controller has not looked at it yet.`);
  }
  return judge(object, status);
}

const HAS_OBSERVED_GENERATION = { Deployment: true, StatefulSet: true };

const JUDGES: Readonly<Record<string, (object: LiveObject, status: WorkloadStatus) => Verdict>> = {
  Deployment: judgeDeployment,
  StatefulSet: judgeStatefulSet,
  PersistentVolumeClaim: judgeClaim,
  Certificate: (object, status) => judgeCondition(object, status, "Ready"),
  Issuer: (object, status) => judgeCondition(object, status, "Ready"),
  Gateway: (object, status) => judgeCondition(object, status, "Programmed"),
  Job: judgeJob,
};

function judgeDeployment(object: LiveObject, status: WorkloadStatus): Verdict {
  const wanted = replicas(object);
  const { updatedReplicas = 0, replicas: all = 0, availableReplicas = 0 } = status;
  const late = status.conditions?.find(
    ({ type, reason }) => type === "Progressing" && reason === "ProgressDeadlineExceeded",
  );
  if (late) return notReady("ProgressDeadlineExceeded", late.message ?? `${nameOf(object)} makes no progress.`);
  if (updatedReplicas < wanted || all > updatedReplicas) return rolling(object, updatedReplicas, wanted);
  if (availableReplicas < wanted) return unavailable(object, availableReplicas, wanted);
  return READY;
}

function judgeStatefulSet(object: LiveObject, status: WorkloadStatus): Verdict {
  const wanted = replicas(object);
  const { updatedReplicas = 0, readyReplicas = 0, currentRevision, updateRevision } = status;
  if (currentRevision !== updateRevision && updatedReplicas < wanted) return rolling(object, updatedReplicas, wanted);
  if (readyReplicas < wanted) return unavailable(object, readyReplicas, wanted);
  return READY;
}

function judgeClaim(object: LiveObject, { phase }: WorkloadStatus): Verdict {
  if (phase === "Lost") return notReady("VolumeLost", `${nameOf(object)} has lost its volume.`);
  return READY;
}

function judgeJob(object: LiveObject, { conditions = [] }: WorkloadStatus): Verdict {
  const failed = conditions.find(({ type, status }) => type === "Failed" && status === "True");
  if (failed) return notReady("JobFailed", failed.message ?? `${nameOf(object)} failed.`);
  if (conditions.some(({ type, status }) => type === "Complete" && status === "True")) return READY;
  return notReady("JobRunning", `${nameOf(object)} has not finished yet.`);
}

function judgeCondition(object: LiveObject, { conditions = [] }: WorkloadStatus, type: string): Verdict {
  const found = conditions.find((condition) => condition.type === type);
  const { generation = 0 } = object.metadata;
  const stale = found?.observedGeneration !== undefined && found.observedGeneration < generation;
  if (found?.status === "True" && !stale) return READY;
  const message = stale ? undefined : found?.message;
  return notReady(
    (stale ? undefined : found?.reason) ?? "Pending",
    message ?? `${nameOf(object)} is not ${type.toLowerCase()} yet.`,
  );
}

function replicas(object: LiveObject): number {
  return (object["spec"] as { readonly replicas?: number } | undefined)?.replicas ?? 1;
}

function rolling(object: LiveObject, updated: number, wanted: number): Verdict {
  return notReady(
    "RollingOut",
    `${nameOf(object)} is being updated: ${String(updated)} of ${String(wanted)} pods are new.`,
  );
}

function unavailable(object: LiveObject, ready: number, wanted: number): Verdict {
  return notReady("PodsNotReady", `${nameOf(object)} has ${String(ready)} of ${String(wanted)} pods ready.`);
}

function notReady(reason: string, message: string): Verdict {
  return { ready: false, reason, message };
}

function nameOf(object: LiveObject): string {
  return `${object.kind} ${object.metadata.name}`;
}
