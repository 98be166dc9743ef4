import { join } from "node:path";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { GROUP, KIND, PLURAL } from "../../src/api/group.ts";
import type { PracticeStatus } from "../../src/api/status.ts";
import { configSchema } from "../../src/config.ts";
import type { LiveObject, Manifest } from "../../src/manifest.ts";
import { DEFAULT_IMAGES } from "../../src/versions.ts";
import { startControlPlane, type ControlPlane } from "../bed/control-plane.ts";
import { installCrds } from "../bed/crds.ts";
import { helm } from "../bed/helm.ts";
import { run } from "../bed/run.ts";
import { waitFor } from "../bed/wait.ts";
import { CHART, formerChart, kubeconfigWithToken, propertiesOfSpec, rendered } from "../support/chart.ts";
import { bed } from "../support/bed.ts";
import { startOperator } from "../support/operator.ts";

const definition = `${PLURAL}.${GROUP}`;
const of = (objects: readonly Manifest[], kind: string) => objects.filter((object) => object.kind === kind);
const operatorConfig = (objects: readonly Manifest[]) => {
  const [map] = of(objects, "ConfigMap").filter(({ metadata }) => metadata.name === "op-config") as (Manifest & {
    data: Record<string, string>;
  })[];
  return configSchema.parse(parse(map?.data["config.yaml"] ?? "missing"));
};

interface Workload {
  readonly spec: { readonly template: { readonly metadata: { readonly labels: object } } };
}

describe("the rendered chart", () => {
  it("gives the operator a configuration that it accepts, with its own image in it", async () => {
    expect(operatorConfig(await rendered()).images).toEqual({ operator: DEFAULT_IMAGES.operator });
    const digest = `sha256:${"ab".repeat(32)}`;
    const objects = await rendered({
      image: { repository: "mirror.example/op", digest },
      config: { logLevel: "warn", images: { jvb: "mirror.example/jvb:1" } },
    });
    const { images, logLevel, leaderElection } = operatorConfig(objects);
    expect({ images, logLevel }).toEqual({
      images: { operator: `mirror.example/op@${digest}`, jvb: "mirror.example/jvb:1" },
      logLevel: "warn",
    });
    expect(leaderElection.name).toBe("op");
    expect(JSON.stringify(of(objects, "Deployment"))).toContain(`"image":"mirror.example/op@${digest}"`);
  });

  it("brings alerts and a dashboard to whoever asks for them, word for word", async () => {
    const kinds = (objects: readonly Manifest[]) => objects.map(({ kind }) => kind);
    expect(kinds(await rendered())).not.toContain("PrometheusRule");
    const asked = { metrics: { alerts: { enabled: true, labels: { team: "ops" } }, dashboard: { enabled: true } } };
    const objects = await rendered(asked);
    const [rule] = of(objects, "PrometheusRule");
    const file = (name: string) => readFileSync(`${CHART}/files/${name}`, "utf8");
    expect(rule?.["spec"]).toEqual(parse(file("alerts.yaml")));
    expect(rule?.metadata.labels).toMatchObject({ team: "ops" });
    const board = of(objects, "ConfigMap").find(({ metadata }) => metadata.labels?.["grafana_dashboard"] === "1");
    const [content = ""] = Object.values((board?.["data"] ?? {}) as Record<string, string>);
    expect(JSON.parse(content)).toEqual(JSON.parse(file("dashboard.json")));
  });

  it("tells practices which pods are the operator's, by the labels that they have", async () => {
    const objects = await rendered();
    const [deployment] = of(objects, "Deployment") as (Manifest & Workload)[];
    const [peer] = operatorConfig(objects).operatorPeers;
    const { matchLabels } = (peer?.podSelector ?? {}) as { matchLabels: object };
    expect(deployment?.spec.template.metadata.labels).toMatchObject(matchLabels);
    expect(peer?.namespaceSelector).toEqual({
      matchLabels: { "kubernetes.io/metadata.name": deployment?.metadata.namespace },
    });
  });

  it.each([
    ["other pods for the operator's than its own", { config: { operatorPeers: [] } }],
    ["a value that does not exist", { networkIsolation: false }],
    ["an option that does not exist", { config: { endToEndEncryption: false } }],
    ["an option of the wrong type", { config: { workers: "many" } }],
    ["another image for the operator than its own", { config: { images: { operator: "other:1" } } }],
    ["a digest that is none", { image: { digest: "latest" } }],
  ])("refuses %s", async (_, values) => {
    await expect(rendered(values)).rejects.toThrow("values don't meet the specifications of the schema");
  });

  it("binds an operator for some namespaces in those only, and lets it see no node", async () => {
    const objects = await rendered({ config: { watchNamespaces: ["a", "b"] } });
    const practices = of(objects, "RoleBinding").filter(({ metadata }) => metadata.name === "op-practices");
    expect(practices.map(({ metadata }) => metadata.namespace)).toEqual(["a", "b"]);
    expect(of(objects, "ClusterRoleBinding").map(({ metadata }) => metadata.name)).toEqual(["op-cluster"]);
    const cluster = of(objects, "ClusterRole").find(({ metadata }) => metadata.name === "op-cluster");
    expect(JSON.stringify(cluster)).not.toContain("nodes");
  });

  it("is scraped only when asked for, and then by the named peers only", async () => {
    const quiet = await rendered();
    expect(of(quiet, "ServiceMonitor")).toEqual([]);
    expect(of(quiet, "NetworkPolicy")[0]?.["spec"]).toMatchObject({ ingress: [] });
    const from = [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }];
    const scraped = await rendered({ metrics: { from, serviceMonitor: { enabled: true } } });
    expect(of(scraped, "ServiceMonitor")).toHaveLength(1);
    expect(of(scraped, "NetworkPolicy")[0]?.["spec"]).toMatchObject({
      ingress: [{ from, ports: [{ port: "telemetry" }] }],
    });
  });
});

describe("the chart in a cluster", () => {
  let own: ControlPlane;
  let former = "";
  beforeAll(async () => {
    own = await startControlPlane({ binaries: bed.binaries });
    former = await formerChart("suspend");
    await kubectl("create", "namespace", "operators");
    await kubectl("label", "namespace", "operators", "pod-security.kubernetes.io/enforce=restricted");
    await kubectl("create", "namespace", "greenriver");
  });
  afterAll(async () => {
    await own.stop();
    await rm(former, { recursive: true });
  });

  const kubectl = (...args: string[]) =>
    run(join(own.binaries, "kubectl"), args, { env: { KUBECONFIG: own.kubeconfig } });
  const chart = (...args: string[]) =>
    helm([...args, "--namespace", "operators"], { env: { KUBECONFIG: own.kubeconfig } });
  const get = async <T>(...args: string[]) => JSON.parse(await kubectl("get", ...args, "-o", "json")) as T;
  const practice = () => get<LiveObject>(PLURAL, "greenriver", "-n", "greenriver");
  const knownFields = async () => Object.keys(propertiesOfSpec(await get("crd", definition)));
  const may = (who: string, verb: string, what: string, ...where: string[]) =>
    kubectl("auth", "can-i", verb, what, "--as", who, ...where).then(
      () => true,
      () => false,
    );
  const operator = "system:serviceaccount:operators:op";

  it("installs; the operator's pod passes Pod Security restricted", async () => {
    await chart("install", "op", former);
    const pods = () => get<{ items: LiveObject[] }>("pods", "-n", "operators");
    await waitFor(async () => (await pods()).items.length === 1, { what: "the operator's pod" });
    expect(await knownFields()).not.toContain("suspend");
  });

  it("lets the operator do its work and no more, and users what they may in their namespace", async () => {
    expect(await may(operator, "patch", "networkpolicies", "-n", "greenriver")).toBe(true);
    expect(await may(operator, "patch", "leases", "-n", "operators")).toBe(true);
    expect(await may(operator, "patch", "leases", "-n", "greenriver")).toBe(false);
    expect(await may(operator, "create", "pods", "--subresource=exec", "-n", "greenriver")).toBe(false);
    expect(await may(operator, "create", "rolebindings", "-n", "greenriver")).toBe(false);
    await kubectl("create", "rolebinding", "jane", "--clusterrole=edit", "--user=jane", "-n", "greenriver");
    await kubectl("create", "rolebinding", "vera", "--clusterrole=view", "--user=vera", "-n", "greenriver");
    await waitFor(() => may("jane", "create", PLURAL, "-n", "greenriver"), { what: "the edit role to be aggregated" });
    expect(await may("vera", "list", PLURAL, "-n", "greenriver")).toBe(true);
    expect(await may("vera", "patch", PLURAL, "-n", "greenriver")).toBe(false);
    expect(await may("jane", "patch", PLURAL, "--subresource=status", "-n", "greenriver")).toBe(false);
  });

  it("upgrades the definition, and keeps a live practice as it is", async () => {
    await kubectl("apply", "-f", "examples/solo.yaml");
    const before = await practice();
    await chart("upgrade", "op", CHART);
    expect(await knownFields()).toContain("suspend");
    const after = await practice();
    expect(after.metadata.uid).toBe(before.metadata.uid);
    expect(after["spec"]).toMatchObject(before["spec"] as object);
    await kubectl("patch", PLURAL, "greenriver", "-n", "greenriver", "--type=merge", "-p", '{"spec":{"suspend":true}}');
    expect((await practice())["spec"]).toMatchObject({ suspend: true });
  });

  it("keeps definition and practices when it is uninstalled, and can be installed again", async () => {
    const before = await practice();
    await chart("uninstall", "op");
    expect(
      await kubectl("get", "deployments,clusterroles", "-A", "-l", "app.kubernetes.io/instance=op", "-o", "name"),
    ).toBe("");
    expect((await practice()).metadata).toMatchObject({ uid: before.metadata.uid });
    expect((await practice()).metadata.deletionTimestamp).toBeUndefined();
    await chart("install", "op", CHART);
    expect((await practice()).kind).toBe(KIND);
  });

  it("gives the operator all that it needs to make a practice, in its configuration and in its rights", async () => {
    const apis = ["cert-manager", "gateway-api"] as const;
    await Promise.all(apis.map((api) => installCrds(own.adminConnection, api)));
    const token = (await kubectl("create", "token", "op", "-n", "operators")).trim();
    const { data } = await get<{ data: Record<string, string> }>("configmap", "op-config", "-n", "operators");
    const config = parse(data["config.yaml"] ?? "") as Record<string, unknown>;
    const running = await startOperator(await kubeconfigWithToken(own, "operators", token), config);
    await kubectl("apply", "-f", "examples/gateway.yaml");
    const reason = async () => {
      const { status } = await get<{ status?: PracticeStatus }>(PLURAL, "hillside", "-n", "hillside");
      return status?.conditions?.find(({ type }) => type === "ComponentsReady")?.reason;
    };
    // No pod runs here, so this is as far as it gets; without a right the reason would be Forbidden.
    await waitFor(async () => (await reason()) === "ComponentsStarting", { what: "the practice to be applied" });
    const made = await kubectl("get", "statefulsets,issuers", "-n", "hillside", "-o", "name");
    expect(made).toContain("statefulset.apps/hillside-bridge");
    expect(made).toContain("issuer.cert-manager.io/hillside-internal");
    expect(await running.log()).not.toContain("forbidden");
    expect(await running.stop()).toBe(0);
  });

  it("as one plain file is accepted as it stands", async () => {
    const text = await run(process.execPath, ["tools/manifest.ts"]);
    const options = { env: { KUBECONFIG: own.kubeconfig }, input: text };
    const applied = await run(
      join(own.binaries, "kubectl"),
      ["apply", "--server-side", "--force-conflicts", "-f", "-"],
      options,
    );
    expect(applied).toContain("deployment.apps/telehealth-operator serverside-applied");
    expect(applied.trim().split("\n")).toHaveLength(14 + 1 + 2 * 10);
  });
});

describe("the chart", () => {
  it("refuses to look after practices in the operator's own namespace, and says the way", async () => {
    const refused = rendered({ config: { watchNamespaces: ["a", "operators"] } });
    await expect(refused).rejects.toThrow("Install it in a namespace of its own");
  });
});

describe("the chart's own words", () => {
  it("fit the release", () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    expect(parse(readFileSync(`${CHART}/Chart.yaml`, "utf8"))).toMatchObject({ version, appVersion: version });
    expect(DEFAULT_IMAGES.operator).toMatch(new RegExp(`:${version}$`));
  });
});
