import { describe, expect, it } from "vitest";
import type { LiveObject } from "../../src/manifest.ts";
import { waitFor } from "../bed/wait.ts";
import { auditEvents, kubectlApply, kubectlGet, newNamespace } from "../support/bed.ts";

describe("the cluster bed", () => {
  it("is a real API server: applying the same object again changes nothing", async () => {
    const namespace = await newNamespace();
    const settings = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings", namespace } };
    const version = async () =>
      (await kubectlGet<LiveObject>("configmap/settings", "-n", namespace)).metadata.resourceVersion;
    await kubectlApply({ ...settings, data: { language: "de" } });
    const first = await version();
    await kubectlApply({ ...settings, data: { language: "de" } });
    expect(await version()).toBe(first);
    await kubectlApply({ ...settings, data: { language: "en" } });
    expect(await version()).not.toBe(first);
  });

  it("keeps its simulated node alive", async () => {
    // A node that renews no lease is given up after 50 s.
    const lease = await waitFor(() =>
      kubectlGet<{ spec: { leaseDurationSeconds: number } }>("lease/simulated", "-n", "kube-node-lease"),
    );
    expect(lease.spec.leaseDurationSeconds).toBe(40);
  });

  it("records who wrote what", async () => {
    const namespace = await newNamespace();
    const written = await waitFor(async () => {
      const events = await auditEvents(({ verb, objectRef }) => verb === "create" && objectRef?.name === namespace);
      return events[0];
    });
    expect(written.user.username).toBe("admin");
  });
});
