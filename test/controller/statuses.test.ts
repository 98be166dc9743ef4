import { describe, expect, it } from "vitest";
import type { PracticeResource } from "../../src/controller/context.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { createStatuses } from "../../src/controller/statuses.ts";
import type { LiveObject } from "../../src/manifest.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";

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

  it("is held once when the cache has caught up", () => {
    const statuses = createStatuses();
    const seen = practice("10", "written");
    statuses.wrote(structuredClone(seen));
    statuses.isLast({ resource: PRACTICES, object: seen });
    expect(statuses.latest(practice("9", "cached"))).toBe(seen.status);
  });

  it("is never that of a former practice of the same name", () => {
    const statuses = createStatuses();
    statuses.wrote(practice("10", "former", "0"));
    expect(statuses.latest(practice("9", "cached"))?.nextStep).toBe("cached");
  });
});

describe("our own word", () => {
  const withGeneration = (version: string, generation: number) => {
    const { metadata, ...rest } = practice(version, "");
    return { ...rest, metadata: { ...metadata, generation } };
  };

  it("is told from news: another version, or an edit that came with it", () => {
    const statuses = createStatuses();
    const event = (object: LiveObject) => ({ resource: PRACTICES, object });
    expect(statuses.isLast(event(withGeneration("10", 1)))).toBe(false);
    statuses.wrote(withGeneration("10", 1));
    expect(statuses.isLast(event(withGeneration("10", 1)))).toBe(true);
    expect(statuses.isLast({ ...event(withGeneration("10", 1)), resource: RESOURCES.Service })).toBe(false);
    expect(statuses.isLast(event(withGeneration("11", 1)))).toBe(false);
    // The status judged generation 1; the version that holds it is of generation 2.
    statuses.wrote(withGeneration("12", 2));
    expect(statuses.isLast(event(withGeneration("12", 2)))).toBe(false);
  });
});
