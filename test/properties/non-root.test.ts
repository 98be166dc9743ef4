import { describe, expect, it } from "vitest";
import { containersOf, podTemplates } from "../../src/policy/pods.ts";
import { RENDERED } from "../support/rendered.ts";

describe("no program of a practice runs as root", () => {
  it.each(RENDERED)("%s", (_, { manifests, trials }) => {
    const pods = podTemplates([...manifests, ...trials]);
    expect(pods.length).toBeGreaterThan(0);
    for (const { spec } of pods) {
      expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
      expect(spec.securityContext?.runAsUser).toBeGreaterThan(0);
      for (const { securityContext } of containersOf(spec)) {
        expect(securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          capabilities: { drop: ["ALL"] },
          privileged: false,
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
        });
        expect(securityContext).not.toHaveProperty("runAsUser");
      }
    }
  });
});
