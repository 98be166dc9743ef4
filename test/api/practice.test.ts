import { describe, expect, it } from "vitest";
import { parseSpec } from "../../src/api/practice.ts";

const practice = (spec: object) => ({
  apiVersion: "telehealth-operator.io/v1alpha1",
  kind: "TelehealthPractice",
  metadata: { name: "greenriver", namespace: "greenriver", uid: "1", labels: { a: "b" } },
  spec: { domain: "greenriver.example", ...spec },
});

describe("parseSpec", () => {
  it("fills in the API's own defaults, and none that an operator's option also has", () => {
    const parsed = parseSpec(practice({}));
    expect(parsed).toMatchObject({ ok: true, spec: { size: "solo", messaging: { database: { managed: {} } } } });
    expect(Object.keys(parsed.ok ? parsed.spec : {})).not.toEqual(
      expect.arrayContaining(["certificates", "exposure", "storageClassName"]),
    );
  });

  it("names every problem at once, each with its path", () => {
    const parsed = parseSpec(practice({ size: 3, video: { maxParticipants: 21, colour: "red" } }));
    expect(parsed.ok ? [] : parsed.issues.map(({ path }) => path)).toEqual([
      "spec.size",
      "spec.video.maxParticipants",
      "spec.video.colour",
    ]);
  });

  it("tells what a newer API may know from what is wrong", () => {
    const parsed = parseSpec(practice({ locale: "fr", suspend: 1, later: true }));
    expect(parsed.ok ? [] : parsed.issues.map(({ path, reason }) => [path, reason])).toEqual([
      ["spec.locale", "UnknownValue"],
      ["spec.suspend", "InvalidSpec"],
      ["spec.later", "UnknownValue"],
    ]);
  });

  it("takes a practice with the status that the operator wrote", () => {
    expect(parseSpec({ ...practice({}), status: { observedGeneration: 1 } }).ok).toBe(true);
  });

  it.each([null, "text", [], {}, { ...practice({}), kind: "Practice" }, practice({ domain: null })])(
    "does not throw for %j",
    (value) => {
      expect(parseSpec(value).ok).toBe(false);
    },
  );
});
