import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bed, kubectl, kubectlApply, kubectlGet, newNamespace } from "../support/bed.ts";
import { telehealth } from "../support/cli.ts";

/**
 * What a real API server says to `telehealth user` before any pod is reached: the bed has no kubelet. What comes after that
 * is in `test/apps/messaging/users.test.ts`, on a real Synapse.
 */

const POD = "greenriver-synapse-0";
const ROLE = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "people" };

let namespace: string;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "user-"));
  namespace = await newNamespace();
  const metadata = { namespace, name: "greenriver" };
  const edge = { certificates: { external: {} }, exposure: { service: {} } };
  await kubectlApply({
    apiVersion: "telehealth-operator.io/v1alpha1",
    kind: "TelehealthPractice",
    metadata,
    spec: { domain: "greenriver.example", ...edge },
  });
});
afterAll(() => rm(folder, { recursive: true }));

/** A kubeconfig of somebody who has just these rights in the namespace. */
async function somebodyWho(...rules: readonly { resources: string[]; verbs: string[]; apiGroups?: string[] }[]) {
  const metadata = { namespace, name: "people" };
  const practices = { apiGroups: ["telehealth-operator.io"], resources: ["telehealthpractices"], verbs: ["get"] };
  await kubectlApply(
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata,
      rules: [practices, ...rules.map((rule) => ({ apiGroups: [""], ...rule }))],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata,
      roleRef: ROLE,
      subjects: [{ kind: "ServiceAccount", namespace, name: "people" }],
    },
  );
  const token = (await kubectl(["-n", namespace, "create", "token", "people"])).trim();
  const { clusters } = await kubectlConfig();
  const file = join(folder, "kubeconfig");
  const context = { cluster: clusters[0]?.name, user: "people", namespace };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters,
    users: [{ name: "people", user: { token } }],
    contexts: [{ name: "people", context }],
    "current-context": "people",
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

async function kubectlConfig() {
  const raw = await kubectl(["config", "view", "--raw", "-o", "json"]);
  return JSON.parse(raw) as { clusters: { name: string }[] };
}

const list = (kubeconfig = bed.kubeconfig) => {
  return telehealth(kubeconfig, ["user", "list", "--practice", "greenriver", "-n", namespace]);
};

describe("telehealth user on a real API server", () => {
  it("says what to do when there is no such practice, or messaging is not running", async () => {
    const other = ["user", "list", "--practice", "blueriver", "-n", namespace];
    expect(await telehealth(bed.kubeconfig, other)).toMatchObject({
      code: 2,
      stderr: `There is no practice ${namespace}/blueriver. Name its namespace with -n.\n`,
    });
    const { code, stderr } = await list();
    expect(code).toBe(1);
    expect(stderr).toContain(`\`telehealth status greenriver -n ${namespace}\` says why.`);
  });

  it("passes on why no port is forwarded, and writes nothing on the pod", async () => {
    await kubectlApply({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { namespace, name: POD },
      spec: { automountServiceAccountToken: false, containers: [{ name: "synapse", image: "synapse" }] },
    });
    const ready = { status: { conditions: [{ type: "Ready", status: "True" }] } };
    await kubectl(["-n", namespace, "patch", "pod", POD, "--subresource=status", "-p", JSON.stringify(ready)]);
    const { code, stdout, stderr } = await list();
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    // The pod has no node yet, or a simulated one.
    expect(stderr).toMatch(/does not have a host assigned|no preferred addresses found/);

    const pods = { resources: ["pods"], verbs: ["get", "patch"] };
    const refused = await list(await somebodyWho(pods));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/cannot (get|create) resource "pods\/portforward"/);
    const { metadata } = await kubectlGet<{ metadata: { annotations?: object } }>("-n", namespace, "pod", POD);
    expect(Object.keys(metadata.annotations ?? {})).toEqual([]);
  });
});
