import { describe, expect, it } from "vitest";
import type { LiveObject } from "../../src/manifest.ts";
import { readiness } from "../../src/runtime/readiness.ts";

function live(kind: string, status: object, more: { spec?: object; deletionTimestamp?: string } = {}): LiveObject {
  const { spec = {}, ...meta } = more;
  const metadata = {
    name: "x",
    namespace: "n",
    uid: "u",
    resourceVersion: "1",
    creationTimestamp: "",
    generation: 2,
    ...meta,
  };
  return { apiVersion: "v1", kind, metadata, spec, status };
}

const OBSERVED = { observedGeneration: 2, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 };
const condition = (type: string, status: string, more: object = {}) => ({ conditions: [{ type, status, ...more }] });

describe("readiness", () => {
  it.each<[string, LiveObject]>([
    ["Deployment", live("Deployment", OBSERVED)],
    ["Deployment without pods wanted", live("Deployment", { observedGeneration: 2 }, { spec: { replicas: 0 } })],
    ["StatefulSet", live("StatefulSet", { ...OBSERVED, currentRevision: "a", updateRevision: "a" })],
    ["claim that waits for its pod", live("PersistentVolumeClaim", { phase: "Pending" })],
    ["Certificate", live("Certificate", condition("Ready", "True"))],
    ["Gateway", live("Gateway", condition("Programmed", "True", { observedGeneration: 2 }))],
    ["Job", live("Job", condition("Complete", "True"))],
    ["kind without a judgement", live("ConfigMap", {})],
  ])("is given: %s", (_, object) => {
    expect(readiness(object)).toEqual({ ready: true, reason: "Ready", message: "" });
  });

  it.each<[string, LiveObject]>([
    ["NotObserved", live("Deployment", { ...OBSERVED, observedGeneration: 1 })],
    ["NotObserved", live("StatefulSet", {})],
    ["RollingOut", live("Deployment", { ...OBSERVED, updatedReplicas: 0 })],
    ["RollingOut", live("Deployment", { ...OBSERVED, replicas: 2 })],
    ["PodsNotReady", live("Deployment", { ...OBSERVED, availableReplicas: 0 })],
    [
      "ProgressDeadlineExceeded",
      live("Deployment", { ...OBSERVED, ...condition("Progressing", "False", { reason: "ProgressDeadlineExceeded" }) }),
    ],
    ["RollingOut", live("StatefulSet", { ...OBSERVED, updatedReplicas: 0, currentRevision: "a", updateRevision: "b" })],
    ["PodsNotReady", live("StatefulSet", { ...OBSERVED, readyReplicas: 0 })],
    ["VolumeLost", live("PersistentVolumeClaim", { phase: "Lost" })],
    ["Pending", live("Certificate", {})],
    ["DoesNotExist", live("Certificate", condition("Ready", "False", { reason: "DoesNotExist", message: "m" }))],
    ["Pending", live("Certificate", condition("Ready", "True", { observedGeneration: 1 }))],
    ["JobRunning", live("Job", {})],
    ["JobFailed", live("Job", condition("Failed", "True"))],
    ["Terminating", live("ConfigMap", {}, { deletionTimestamp: "2026-01-01T00:00:00Z" })],
  ])("is refused with %s and a sentence", (reason, object) => {
    const verdict = readiness(object);
    expect(verdict).toMatchObject({ ready: false, reason });
    expect(verdict.message).not.toBe("");
  });
});
