import { describe, expect, it } from "vitest";
import { createStatuses } from "../../src/controller/statuses.ts";
import type { PracticeResource } from "../../src/controller/context.ts";

function practice(resourceVersion: string, nextStep: string, uid = "1"): PracticeResource {
  return {
    apiVersion: "telehealth-operator.io/v1alpha1",
    kind: "TelehealthPractice",
    metadata: { name: "a", namespace: "a", uid, resourceVersion, creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: {},
    status: { observedGeneration: 1, conditions: [], nextStep },
  };
}

describe("the newest status that is known", () => {
  it("is our own write until the cache has caught up with it", () => {
    const statuses = createStatuses();
    expect(statuses.latest(practice("9", "cached"))?.nextStep).toBe("cached");
    statuses.wrote(practice("10", "written"));
    expect(statuses.latest(practice("9", "cached"))?.nextStep).toBe("written");
    expect(statuses.latest(practice("10", "cached"))?.nextStep).toBe("cached");
  });

  it("is never that of a former practice of the same name", () => {
    const statuses = createStatuses();
    statuses.wrote(practice("10", "former", "0"));
    expect(statuses.latest(practice("9", "cached"))?.nextStep).toBe("cached");
  });
});
