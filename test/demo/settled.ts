import { REASONS, type ReasonName } from "../../src/api/reasons.ts";
import type { PracticeStatus } from "../../src/api/status.ts";
import type { LiveObject } from "../../src/manifest.ts";

/** Kinds that a complete practice has, and how many of each at least. */
const COMPLETE: Readonly<Record<string, number>> = {
  NetworkPolicy: 8,
  Service: 6,
  StatefulSet: 4,
  Deployment: 2,
  PersistentVolumeClaim: 2,
  ServiceAccount: 6,
  ConfigMap: 7,
  Certificate: 3,
  Ingress: 4,
};

/** Whether every object is there and each condition that is not True says a documented reason to wait. */
export function settled(practice: LiveObject, objects: readonly LiveObject[]): boolean {
  const count = (kind: string) => objects.filter((object) => object.kind === kind).length;
  if (Object.entries(COMPLETE).some(([kind, least]) => count(kind) < least)) return false;
  const { conditions = [] } = (practice["status"] ?? {}) as Partial<PracticeStatus>;
  const positive = conditions.filter(({ type }) => !ABNORMAL.has(type));
  return positive.length > 0 && positive.every(({ status, reason }) => status === "True" || isWait(reason));
}

/** Conditions whose good state is False. */
const ABNORMAL = new Set(["Reconciling", "Stalled", "UpdatePending", "Suspended"]);

function isWait(reason: string): boolean {
  const known = REASONS[reason as ReasonName] as { waiting?: true } | undefined;
  return known?.waiting === true;
}
