import { join } from "node:path";
import { LABEL } from "../../src/api/group.ts";
import { PRACTICE_KIND } from "../../src/install/admission/practices.ts";
import type { Manifest } from "../../src/manifest.ts";
import { DEFAULT_IMAGES } from "../../src/versions.ts";
import { type ApiClient, apiClient } from "../bed/api.ts";
import type { ControlPlane } from "../bed/control-plane.ts";
import { run } from "../bed/run.ts";
import { waitFor } from "../bed/wait.ts";
import { rendered } from "./chart.ts";

/** The operator that the chart, rendered as release `op` in `operators`, is for. */
export const OPERATOR = "system:serviceaccount:operators:op";
export const CERT_MANAGER = "system:serviceaccount:cert-manager:cert-manager";

/** A namespace as the examples make it. */
export const GUARDED = {
  "pod-security.kubernetes.io/enforce": "restricted",
  [LABEL.practiceNamespace]: "true",
};

/** What the API server says while it has not read what a policy is asked about, for a moment after an install. */
const NOT_YET = "not yet synced to use for admission";

type Answer = Awaited<ReturnType<ApiClient["request"]>>;

/** Whether these are the words of one of our policies that refuses. */
export function isRefusal(said: string): boolean {
  return said.includes("ValidatingAdmissionPolicy 'op-") && !said.includes(NOT_YET);
}

/** Whether the API server did it, or one of our policies refused it. @throws Error for any other answer. */
export function verdictOf({ status, body }: Answer): "done" | "refused" {
  if (status < 300) return "done";
  const { message = "" } = body as { message?: string };
  if (isRefusal(message)) return "refused";
  throw new Error(`The API server answered ${status}: ${message}`);
}

/** What the chart renders but its Deployment and options, without the policies named in `without`. */
async function policiesOf(values: object = {}, without: readonly string[] = []): Promise<Manifest[]> {
  const objects = (await rendered(values)).filter((object) => object?.kind !== undefined);
  const taken = without.map((name) => `op-${name}`);
  for (const name of taken) {
    if (!objects.some(({ metadata }) => metadata.name === name)) throw new Error(`There is no policy ${name}.`);
  }
  return objects.filter(
    ({ kind, metadata }) =>
      kind !== "Deployment" && !(kind.startsWith("ValidatingAdmission") && taken.includes(metadata.name)),
  );
}

type Plane = Pick<ControlPlane, "binaries" | "kubeconfig" | "adminConnection">;

/** Applies what the chart renders and returns when the API server goes by it. */
export async function installPolicies(
  plane: Plane,
  values: object = {},
  without: readonly string[] = [],
): Promise<void> {
  const operators = { apiVersion: "v1", kind: "Namespace", metadata: { name: "operators" } };
  await applyAll(plane, [operators, ...(await policiesOf(values, without))]);
  await inForce(plane);
}

export async function applyAll(plane: Plane, items: readonly object[]): Promise<void> {
  await run(join(plane.binaries, "kubectl"), ["apply", "--server-side", "--force-conflicts", "-f", "-"], {
    env: { KUBECONFIG: plane.kubeconfig },
    input: JSON.stringify({ apiVersion: "v1", kind: "List", items }),
  });
}

let sentinels = 0;
const IN_FORCE = "It is in force.";

/**
 * Resolves when the API server goes by every change of its policies so far, and of what they are asked about: practices,
 * whose definition may be new, and lists. It learns of each kind in order and apart from the others, so for each there
 * is a policy, and for lists a list, that is made last.
 */
export async function inForce(plane: Plane): Promise<void> {
  const name = `sentinel-${process.pid}-${(sentinels += 1)}`;
  const path = "/api/v1/namespaces/default/configmaps";
  const list = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: `${name}-list`, namespace: "default" } };
  const asked = { parameterNotFoundAction: "Deny" };
  const practices = sentinel(`${name}-practices`, PRACTICE_KIND, { ...asked, selector: {} });
  const lists = sentinel(
    `${name}-lists`,
    { apiVersion: "v1", kind: "ConfigMap" },
    { ...asked, name: list.metadata.name },
  );
  await applyAll(plane, [list]);
  await applyAll(plane, [...practices, ...lists]);
  const client = apiClient(plane.adminConnection);
  const says = (which: string, what: string) => async () => {
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: `${name}-${which}` } };
    const { status, body } = await client.request("POST", `${path}?dryRun=All`, object);
    const { message = "" } = body as { message?: string };
    if (status >= 300 && message.includes(what)) return true;
    throw new Error(message);
  };
  try {
    // There is no practice in that namespace.
    await waitFor(says("practices", "no params found"), { what: "the policies about practices to be in force" });
    await waitFor(says("lists", IN_FORCE), { what: "the policies about lists to be in force" });
  } finally {
    await client.close();
  }
}

/** A policy that refuses one ConfigMap of its name, whatever it is asked about. */
function sentinel(name: string, paramKind: object, paramRef: object): object[] {
  const alone = { apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"], resourceNames: [name] };
  const matchConstraints = { resourceRules: [{ ...alone, operations: ["CREATE"] }] };
  const validations = [{ expression: "false", message: IN_FORCE }];
  const of = (kind: string, spec: object) => {
    return { apiVersion: "admissionregistration.k8s.io/v1", kind, metadata: { name }, spec };
  };
  return [
    of("ValidatingAdmissionPolicy", { paramKind, matchConstraints, validations }),
    of("ValidatingAdmissionPolicyBinding", { policyName: name, paramRef, validationActions: ["Deny"] }),
  ];
}

/** Gives a user a role in a namespace, and waits until it holds. */
export async function bindRole(
  connection: ControlPlane["adminConnection"],
  namespace: string,
  user: string,
  role: string,
) {
  const [admin, client] = [apiClient(connection), apiClient(connection, user)];
  const rbac = "rbac.authorization.k8s.io";
  await admin.request("POST", `/apis/${rbac}/v1/namespaces/${namespace}/rolebindings`, {
    apiVersion: `${rbac}/v1`,
    kind: "RoleBinding",
    metadata: { name: user.replaceAll(":", "-"), namespace },
    roleRef: { apiGroup: rbac, kind: "ClusterRole", name: role },
    subjects: [{ apiGroup: rbac, kind: "User", name: user }],
  });
  await waitFor(async () => (await client.request("GET", `/api/v1/namespaces/${namespace}/pods`)).status === 200, {
    what: `${user} to have the role ${role}`,
  });
  await admin.close();
  return client;
}

/** A pod as a practice has it. */
export function aPod(name: string, spec: object = {}, labels: object = {}, container: object = {}): Manifest {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels } as Manifest["metadata"],
    spec: {
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
      containers: [aContainer(container)],
      ...spec,
    },
  };
}

export function aContainer(changes: object = {}): object {
  return {
    name: "main",
    image: DEFAULT_IMAGES.operator,
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    ...changes,
  };
}
