import { describe, expect, it } from "vitest";
import { containersOf, podTemplates } from "../../src/policy/pods.ts";
import { ofKind } from "../../src/policy/selectors.ts";
import { RENDERED } from "../support/rendered.ts";

interface Spec {
  readonly selector: Readonly<Record<string, string>>;
  readonly ports: readonly { readonly targetPort?: string | number; readonly port: number }[];
}

describe("a Service leads to the pods of one workload, at a port that they have", () => {
  it.each(RENDERED)("%s", (_, { manifests, observed }) => {
    const pods = podTemplates(manifests);
    for (const service of ofKind(manifests, "Service")) {
      const { selector, ports } = service["spec"] as Spec;
      const found = pods.filter(({ labels }) =>
        Object.entries(selector).every(([key, value]) => labels[key] === value),
      );
      // The Services of calls are there before their pods, which wait for an address or for certificates.
      const waits = !observed.apis.certManager || observed.mediaAddresses.length === 0;
      if (waits && found.length === 0) continue;
      expect(found, service.metadata.name).toHaveLength(1);
      const open = found.flatMap(({ spec }) => containersOf(spec).flatMap((container) => container.ports ?? []));
      for (const { targetPort, port } of ports) {
        expect(open.some(({ name, containerPort }) => [name, containerPort].includes(targetPort ?? port))).toBe(true);
      }
    }
  });
});
