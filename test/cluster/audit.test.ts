import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ANNOTATION, LABEL } from "../../src/api/group.ts";
import type { Report } from "../../src/audit/report.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { apiClient } from "../bed/api.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { kubeconfigWithToken } from "../support/chart.ts";
import { telehealth } from "../support/cli.ts";
import { type RunningOperator, startOperator } from "../support/operator.ts";
import { handOn } from "../support/own-cluster.ts";
import { quiet, writesOf } from "../support/practice-bed.ts";

const hand = handOn(bed.adminConnection);
const name = "greenriver";

const audit = (namespace: string, more: readonly string[] = [], kubeconfig = bed.kubeconfig) =>
  telehealth(kubeconfig, ["audit", name, "-n", namespace, ...more]);

async function reportOf(namespace: string): Promise<Report> {
  const { stdout, stderr } = await audit(namespace, ["--json"]);
  expect(stderr).toBe("");
  return JSON.parse(stdout) as Report;
}

const statesOf = ({ promises }: Report) => promises.map(({ title, state }) => `${title.split(".")[0]} ${state}`);

/** Everything secret in a namespace, as stored and as meant. */
async function secretsOf(namespace: string): Promise<string[]> {
  const secrets = await hand.list(RESOURCES.Secret, namespace);
  const values = secrets.flatMap((secret) => Object.values((secret["data"] ?? {}) as Record<string, string>));
  return values.flatMap((value) => [value, Buffer.from(value, "base64").toString().trim()]);
}

describe("telehealth audit on a real API server", () => {
  let namespace: string;
  let operator: RunningOperator;
  beforeAll(async () => {
    namespace = await hand.namespace();
    operator = await startOperator(bed.kubeconfig, { watchNamespaces: [namespace] });
    await hand.practice(namespace);
    await hand.mediaAddress(namespace);
    await hand.converged(namespace);
    await quiet(namespace);
  });
  afterAll(async () => {
    await operator.stop();
    await hand.close();
  });

  it("finds all that was judged met, what was not tried unknown, and lists what differs", async () => {
    const report = await reportOf(namespace);
    expect(statesOf(report)).toEqual(["1 met", "2 met", "3 unknown", "4 met", "5 met", "6 met", "7 met", "8 met"]);
    expect(report.promises.every(({ evidence, notCovered }) => evidence.length > 0 && notCovered.length > 0)).toBe(
      true,
    );
    expect(report.exceptions.filter((sentence) => sentence.includes("is not pinned by digest")).length).toBe(8);
    expect(Object.keys(report.objects)).toEqual(expect.arrayContaining(["NetworkPolicy", "Pod", "StatefulSet"]));
    expect(report.duties.length).toBeGreaterThan(5);
    expect(report.unread).toEqual([]);
  });

  it("is for people too, says what it is not, writes nothing, and ends with 1 while a promise is not met", async () => {
    const since = new Date();
    const { code, stdout } = await audit(namespace);
    expect(code).toBe(1);
    expect(stdout).toContain("It certifies nothing");
    expect(stdout).toMatch(/^✓ met +1\. End-to-end encryption$/m);
    expect(stdout).toMatch(/^\? unknown +3\. Isolation$/m);
    expect(stdout).toMatch(/^ {4}Not covered: .*safety symbols/m);
    expect(stdout).not.toMatch(/certified|compliant\b/i);
    expect(await writesOf(namespace, since)).toEqual([]);
  });

  it("never shows a secret, nor asks for one", async () => {
    const secrets = (await secretsOf(namespace)).filter((value) => value.length > 8);
    expect(secrets.length).toBeGreaterThan(15);
    const text = (await audit(namespace)).stdout + (await audit(namespace, ["--json"])).stdout;
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
  });

  it("names what somebody put beside it, by the operator's own checks", async () => {
    const policy = {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "open", namespace },
      spec: { podSelector: {}, ingress: [{}] },
    };
    await hand.create(RESOURCES.NetworkPolicy, policy);
    const report = await reportOf(namespace);
    expect(report.promises[2]).toMatchObject({ state: "notMet" });
    expect(report.promises[2]?.evidence[0]).toMatch(/^NetworkPolicy\/open: .*\(foreign-policy\)$/);
    expect(statesOf(report).filter((state) => state.endsWith("notMet"))).toEqual(["3 notMet"]);
    await hand.remove(RESOURCES.NetworkPolicy, { namespace, name: "open" });
  });

  it("judges with the rights of whoever asks, and takes nothing for empty that they may not read", async () => {
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "auditor", namespace } };
    await hand.create(RESOURCES.ServiceAccount, account);
    const client = apiClient(bed.adminConnection);
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
    const read = ["get", "list"];
    const rules = [
      { apiGroups: ["telehealth-operator.io"], resources: ["telehealthpractices"], verbs: read },
      { apiGroups: [""], resources: ["configmaps", "serviceaccounts", "services", "pods"], verbs: read },
      { apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: read },
    ];
    const kind = { apiVersion: "rbac.authorization.k8s.io/v1", metadata: { name: "auditor", namespace } };
    await client.request("POST", `${rbac}/roles`, { ...kind, kind: "Role", rules });
    await client.request("POST", `${rbac}/rolebindings`, {
      ...kind,
      kind: "RoleBinding",
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "auditor" },
      subjects: [{ kind: "ServiceAccount", name: "auditor", namespace }],
    });
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/auditor/token`;
    const { body } = await client.request("POST", path, { spec: { expirationSeconds: 3600 } });
    await client.close();
    const { token } = (body as { status: { token: string } }).status;
    const kubeconfig = await kubeconfigWithToken(
      { ...bed, server: bed.adminConnection.server, directory: dirname(bed.kubeconfig) },
      namespace,
      token,
    );
    const { code, stdout } = await audit(namespace, ["--json"], kubeconfig);
    expect(code).toBe(1);
    const report = JSON.parse(stdout) as Report;
    expect(report.unread.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["NetworkPolicy", "StatefulSet"]));
    // What cannot be read is missing for the checks as well; that is no break.
    expect(statesOf(report).filter((state) => /^[1-7] /.test(state) && !state.endsWith("unknown"))).toEqual([]);
  });

  it("lists the images that options override, and is told these options by --config", async () => {
    const images = { synapse: "registry.example/mirror/synapse:v1.163.2" };
    const config = join(await mkdtemp(join(tmpdir(), "telehealth-audit-")), "config.json");
    await writeFile(config, JSON.stringify({ images }));
    const { stdout } = await audit(namespace, ["--json", "--config", config]);
    const report = JSON.parse(stdout) as Report;
    expect(report.exceptions.some((sentence) => sentence.startsWith("Image synapse is overridden"))).toBe(true);
    // What is live has the release's own, so with these options it is another one.
    expect(report.promises[1]).toMatchObject({ state: "notMet" });
  });

  it("asks the operator to try the walls, waits for it, and leaves no note", async () => {
    const { code, stdout, stderr } = await audit(namespace, ["--probe", "--json"]);
    expect(code, stderr).toBe(1);
    expect(stderr).toContain("six small pods");
    const report = JSON.parse(stdout) as Report;
    // Simulated pods say nothing.
    expect(report.promises[2]).toMatchObject({ state: "unknown" });
    expect(report.promises[2]?.evidence[0]).toContain("came to no end");
    const live = await hand.get(PRACTICES, { namespace, name });
    expect(live?.metadata.annotations ?? {}).not.toHaveProperty([ANNOTATION.probe]);
    const left = async () =>
      (await hand.list(RESOURCES.Job, namespace)).filter((job) => job.metadata.labels?.[LABEL.component] === "probe");
    await waitFor(async () => (await left()).length === 0, { timeout: 60_000, what: "the run to be cleared away" });
  });

  it("ends with 2 for a practice that is not there, and for none at all", async () => {
    expect((await telehealth(bed.kubeconfig, ["audit", "nobody", "-n", namespace])).code).toBe(2);
    expect((await telehealth(bed.kubeconfig, ["audit"])).code).toBe(2);
  });
});
