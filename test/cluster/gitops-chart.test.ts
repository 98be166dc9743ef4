import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../src/manifest.ts";
import { startControlPlane, type ControlPlane } from "../bed/control-plane.ts";
import { installCrds } from "../bed/crds.ts";
import { argoApplies, argoCompares } from "../bed/gitops.ts";
import { startKwok } from "../bed/kwok.ts";
import { run } from "../bed/run.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { comparedAtRest, shown } from "../support/gitops.ts";
import { rendered } from "../support/chart.ts";

/** Everything that the chart can bring. */
const ALL = {
  metrics: {
    from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }],
    serviceMonitor: { enabled: true },
    alerts: { enabled: true },
    dashboard: { enabled: true },
  },
  imagePullSecrets: [{ name: "mirror" }],
  nodeSelector: { "kubernetes.io/hostname": "simulated" },
  tolerations: [{ key: "quiet", operator: "Exists" }],
};
/** Both modes: the operator sees every namespace, or some. */
const RELEASES = { everywhere: ALL, somewhere: { ...ALL, config: { watchNamespaces: ["greenriver"] } } };

describe("the chart by Argo CD's own engine", { timeout: 300_000 }, () => {
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = await startControlPlane({ binaries: bed.binaries, scheduler: true });
    await Promise.all([startKwok(plane), installCrds(plane.adminConnection, "prometheus-operator")]);
  }, 300_000);
  afterAll(() => plane.stop());

  const kubectl = (...args: string[]) =>
    run(join(plane.binaries, "kubectl"), [`--kubeconfig=${plane.kubeconfig}`, ...args]);

  async function objectsOf(values: object): Promise<Manifest[]> {
    const namespaces = ["operators", "greenriver"].map((name) => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name },
    }));
    const objects = (await rendered(values)).filter((object) => object !== null);
    return [...namespaces, ...objects].map(tracked);
  }

  async function noDiff(objects: readonly Manifest[]): Promise<void> {
    const found = await comparedAtRest(plane, objects);
    expect(found).toHaveLength(objects.length * 4);
    expect(shown(found)).toEqual([]);
    expect(found.filter(({ modified }) => modified)).toEqual([]);
  }

  describe.each(["client", "server"] as const)("applied on the %s's side", (side) => {
    it.each(Object.entries(RELEASES))("has no diff where the operator sees namespaces %s", async (_, values) => {
      const objects = await objectsOf(values);
      expect(objects.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["PrometheusRule", "ServiceMonitor"]));
      await argoApplies(plane.kubeconfig, side, objects);
      await noDiff(objects);
      const available = () =>
        kubectl("wait", "deployment/op", "-n", "operators", "--for=condition=Available", "--timeout=1s");
      await waitFor(available, { timeout: 60_000, what: "the operator's (simulated) pod" });
      await noDiff(objects);
    });
  });

  it("is judged by a comparison that sees a difference, in each of the four ways", async () => {
    const objects = await objectsOf(ALL);
    await argoApplies(plane.kubeconfig, "server", objects);
    const deployment = objects.find(({ kind }) => kind === "Deployment") as Manifest & { spec: object };
    const changed = { ...deployment, spec: { ...deployment.spec, replicas: 2 } };
    const found = await argoCompares(plane.kubeconfig, [changed]);
    expect(found.map(({ modified }) => modified)).toEqual([true, true, true, true]);
  });
});

/** As Argo CD marks what it applies. */
function tracked(object: Manifest): Manifest {
  const group = object.apiVersion.includes("/") ? object.apiVersion.split("/")[0] : "";
  const id = `operator:${group}/${object.kind}:operators/${object.metadata.name}`;
  const annotations = { ...object.metadata.annotations, "argocd.argoproj.io/tracking-id": id };
  return { ...object, metadata: { ...object.metadata, annotations } };
}
