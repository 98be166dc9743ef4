import type { IStatefulSet } from "kubernetes-models/apps/v1";
import { describe, expect, it } from "vitest";
import { ANNOTATION, LABEL } from "../../src/api/group.ts";
import { RENDERED } from "../support/rendered.ts";

const CARRY_CALLS = ["signalling", "bridge"];

describe("what carries calls ends with them", () => {
  it.each(RENDERED)("%s", (_, { manifests }) => {
    // One of a kind: a budget would block every drain of a node, also when nobody is in a call.
    expect(manifests.map(({ kind }) => kind)).not.toContain("PodDisruptionBudget");
    for (const manifest of manifests) {
      const { spec } = (manifest as unknown as IStatefulSet).spec?.template ?? {};
      if (!spec) continue;
      const carries = CARRY_CALLS.includes(manifest.metadata.labels?.[LABEL.component] ?? "");
      // Noted on everything of which one pod ends before the next one starts.
      const noted = ANNOTATION.template in (manifest.metadata.annotations ?? {});
      expect(noted, manifest.metadata.name).toBe(manifest.kind === "StatefulSet");
      if (!carries) continue;
      // Never two at once, not even for a moment: the UDP Service would send a running call to the new one.
      expect(manifest.kind).toBe("StatefulSet");
      expect(spec.terminationGracePeriodSeconds).toBe(5400);
      const hooks = spec.containers
        .filter(({ name }) => name !== "stun") // carries nothing, and stays by itself for as long as the bridge
        .map(({ lifecycle }) => lifecycle?.preStop?.exec?.command?.join(" "));
      for (const hook of hooks) expect(hook).toMatch(/^sh \/etc\/\S+\/drain\.sh$/);
    }
  });
});
