import { describe, expect, it } from "vitest";
import { ANNOTATION, LABEL } from "../../src/api/group.ts";
import { appliedDigest } from "../../src/controller/spare.ts";
import { trialOf } from "../../src/controller/trial.ts";
import type { LiveObject, Manifest } from "../../src/manifest.ts";

const NOW = new Date("2026-11-26T12:00:00Z");
const labels = { [LABEL.component]: "synapse" };
const template = (image: string) => ({ spec: { containers: [{ name: "synapse", image }] } });
const server = { uid: "1", resourceVersion: "1", creationTimestamp: "" };

function workload(image: string): Manifest {
  const annotations = { [ANNOTATION.template]: JSON.stringify(template(image)) };
  return { apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: "synapse", labels, annotations } };
}

function running(image: string, readyReplicas = 1): LiveObject {
  const { metadata, ...rest } = workload(image);
  return {
    ...rest,
    metadata: { ...metadata, ...server },
    spec: { template: template(image) },
    status: { readyReplicas },
  };
}

const job: Manifest = { apiVersion: "batch/v1", kind: "Job", metadata: { name: "trial", labels } };

function ended(type?: string, reason?: string, minutesAgo = 0): LiveObject {
  const lastTransitionTime = new Date(NOW.getTime() - minutesAgo * 60_000).toISOString();
  const conditions = type ? [{ type, status: "True", reason, lastTransitionTime }] : [];
  return { ...job, metadata: { ...job.metadata, ...server }, status: { conditions } };
}

/** The outcome for a homeserver that runs "a" and is to run "b". */
function outcome(tried?: LiveObject, live: LiveObject | undefined = running("a"), wanted = "b") {
  const applied = appliedDigest(workload("a"));
  const of = (object: Manifest) => (object.kind === "Job" ? tried : live);
  return trialOf(workload(wanted), [job], { live: of, applied, now: NOW })?.outcome;
}

describe("a changed configuration", () => {
  it("is tried while what runs serves", () => {
    expect(outcome()).toBe("running");
    expect(outcome(ended())).toBe("running");
  });

  it("is not, where there is nothing to protect: at the first start, without a change, without a ready pod", () => {
    const applied = appliedDigest(workload("a"));
    expect(trialOf(workload("b"), [job], { live: () => undefined, applied, now: NOW })).toBeUndefined();
    expect(outcome(undefined, running("a"), "a")).toBeUndefined();
    expect(outcome(undefined, running("a", 0))).toBeUndefined();
  });

  it("is not, where somebody else has changed what runs: that is put right at once", () => {
    const live = { ...running("a"), spec: { template: template("evil") } };
    expect(outcome(undefined, live)).toBeUndefined();
    expect(outcome(ended("Failed", "PodFailurePolicy"), live)).toBeUndefined();
  });

  it("passes with its Job, and is refused only by a check's own answer", () => {
    expect(outcome(ended("Complete"))).toBe("passed");
    expect(outcome(ended("Failed", "PodFailurePolicy"))).toBe("refused");
    expect(outcome(ended("Failed", "BackoffLimitExceeded"))).toBe("unanswered");
  });

  it("stays refused when the pod restarts: that is no moment to slip in", () => {
    expect(outcome(ended("Failed", "PodFailurePolicy"), running("a", 0))).toBe("refused");
    expect(outcome(ended(), running("a", 0))).toBe("running");
  });

  it("is tried again ten minutes after a trial without an answer, and never after a refusal", () => {
    expect(outcome(ended("Failed", "BackoffLimitExceeded", 9))).toBe("unanswered");
    expect(outcome(ended("Failed", "BackoffLimitExceeded", 11))).toBe("again");
    expect(outcome(ended("Failed", "PodFailurePolicy", 1000))).toBe("refused");
  });
});
