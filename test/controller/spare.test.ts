import { describe, expect, it } from "vitest";
import { ANNOTATION, LABEL } from "../../src/api/group.ts";
import { appliedDigest, endsCalls as endsCallsOf, isDraining, isEdited } from "../../src/controller/spare.ts";
import type { LiveObject, Manifest } from "../../src/manifest.ts";

const template = (image: string) => ({ spec: { containers: [{ name: "jvb", image }] } });

const BRIDGE = { [LABEL.component]: "bridge" };

function rendered(image: string, generation = 1): Manifest {
  const annotations = {
    [ANNOTATION.template]: JSON.stringify(template(image)),
    [ANNOTATION.generation]: `${generation}`,
  };
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "bridge", labels: BRIDGE, annotations },
    spec: {},
  };
}

/** As the server has it: with defaults, and a status. */
function live(
  image: string,
  changes: { now?: string; readyReplicas?: number; updateRevision?: string } = {},
): LiveObject {
  const { now = image, readyReplicas = 1, updateRevision = "a" } = changes;
  const { metadata, ...rest } = rendered(image);
  const { spec } = template(now);
  return {
    ...rest,
    metadata: { ...metadata, uid: "1", resourceVersion: "1", creationTimestamp: "" },
    spec: { template: { spec: { ...spec, restartPolicy: "Always" } } },
    status: { readyReplicas, currentRevision: "a", updateRevision },
  };
}

/** With the status that a practice has when "a" was the last that we applied. */
const endsCalls = (desired: Manifest, live: LiveObject | undefined) =>
  endsCallsOf(desired, live, appliedDigest(rendered("a")));

describe("what ends calls", () => {
  it("is another pod template", () => {
    expect(endsCalls(rendered("b"), live("a"))).toBe(true);
  });

  it("is not the first one, the same one, or one of a workload that carries none", () => {
    expect(endsCalls(rendered("a"), undefined)).toBe(false);
    expect(endsCalls(rendered("a", 2), live("a"))).toBe(false);
    const { metadata } = rendered("b");
    const synapse = { ...metadata, labels: { [LABEL.component]: "synapse" } };
    expect(endsCalls({ ...rendered("b"), metadata: synapse }, live("a"))).toBe(false);
  });

  it("is nothing where no pod is ready: nobody is in a call there", () => {
    expect(endsCalls(rendered("b"), live("a", { readyReplicas: 0 }))).toBe(false);
  });

  it("is not a repair of what somebody else changed, with or without a change of ours", () => {
    expect(endsCalls(rendered("a"), live("a", { now: "evil" }))).toBe(false);
    expect(endsCalls(rendered("b"), live("a", { now: "evil" }))).toBe(false);
  });

  it("is not a repair either when whoever changed it changed the note as well", () => {
    expect(endsCalls(rendered("b"), live("evil"))).toBe(false);
    expect(endsCallsOf(rendered("b"), live("a"), undefined)).toBe(false);
    const broken = live("a");
    const metadata = { ...broken.metadata, annotations: { [ANNOTATION.template]: "{" } };
    expect(endsCalls(rendered("b"), { ...broken, metadata })).toBe(false);
  });
});

describe("a change that waits", () => {
  it("is an edit when the manifest is another than what the live one was rendered from", () => {
    expect(isEdited(rendered("b", 2), live("a"))).toBe(true);
    expect(isEdited(rendered("b", 1), live("a"))).toBe(false);
  });
});

describe("a workload drains", () => {
  it("while its former pod serves after the change", () => {
    expect(isDraining(live("a", { updateRevision: "b" }))).toBe(true);
    expect(isDraining(live("a", { updateRevision: "b", readyReplicas: 0 }))).toBe(false);
    expect(isDraining(live("a"))).toBe(false);
  });
});
