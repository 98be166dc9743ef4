import { describe, expect, it } from "vitest";
import { inOrder, isOwned, phaseOf, PHASES } from "../../src/render/order.ts";
import { RENDERED } from "../support/rendered.ts";

describe("phases and owners", () => {
  it.each(RENDERED)("every object has a phase, walls first and routes last: %s", (_, { manifests }) => {
    const phases = manifests.map((object) => PHASES.indexOf(phaseOf(object)));
    expect(phases).toEqual(phases.toSorted((a, b) => a - b));
    expect(phaseOf(manifests[0] ?? { kind: "" })).toBe("walls");
    expect(inOrder(manifests.toReversed())).toEqual(manifests);
  });

  it.each(RENDERED)(
    "walls and volumes have no owner, everything else has the practice: %s",
    (_, { manifests, practice }) => {
      const unowned = new Set(["NetworkPolicy", "PersistentVolumeClaim"]);
      for (const object of manifests) {
        const owners = object.metadata.ownerReferences ?? [];
        const owned = practice.uid !== undefined && !unowned.has(object.kind);
        expect(isOwned(object)).toBe(!unowned.has(object.kind));
        expect(owners.map(({ uid }) => uid)).toEqual(owned ? [practice.uid] : []);
      }
    },
  );

  it("a kind without a phase is an error", () => {
    expect(() => phaseOf({ kind: "DaemonSet" })).toThrow("DaemonSet has no phase");
  });
});
