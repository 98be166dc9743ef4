import { randomBytes } from "node:crypto";
import { LABEL } from "../../src/api/group.ts";
import type { Manifest } from "../../src/manifest.ts";
import type { ApiClient } from "../bed/api.ts";
import { waitFor } from "../bed/wait.ts";
import { aContainer, aPod, applyAll, bindRole, GUARDED, OPERATOR, verdictOf } from "../support/admission.ts";
import { type Attack, type AttackGroup, group, type Outcome, type Stoppable } from "./attack.ts";
import { sharedApiServer, takeBinding } from "./api-server.ts";
import type { Kubelet } from "./kubelet.ts";

const PARTS = ["kube-apiserver"];
const UID = "6f0c9a1e-4a55-4e2f-9c7b-6d1f0e2a3b4c";
const OURS = { [LABEL.practice]: "greenriver", [LABEL.practiceUid]: UID };
const FRONT = { [LABEL.practice]: "greenriver", [LABEL.role]: "front", [LABEL.serves]: "front" };

/** An API server with a practice in it, and somebody with the role `admin` in its namespace. */
interface Stage extends Stoppable {
  readonly attacker: ApiClient;
  readonly admin: ApiClient;
  readonly kubelet: Kubelet;
  readonly kubeconfig: string;
  readonly binaries: string;
  readonly namespace: string;
}

/** A path in the stage's own namespace. */
const at = ({ namespace }: Pick<Stage, "namespace">, path: string) =>
  path.replace(/^(\/apis\/[^/]+\/[^/]+|\/api\/v1)\//, `$1/namespaces/${namespace}/`);

const WALL: Manifest = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "greenriver-default-deny", labels: OURS },
  spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
};
const SETTINGS: Manifest = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "greenriver-front-0a1b2c3d", labels: OURS },
  data: { "nginx.conf": "whole" },
};
const FRONT_DEPLOYMENT: Manifest = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "greenriver-front", labels: OURS },
  spec: {
    selector: { matchLabels: FRONT },
    template: { metadata: { labels: FRONT }, spec: aPod("")["spec"] },
  },
};

const PARTS_OF_A_PRACTICE = [
  ["/apis/networking.k8s.io/v1/networkpolicies", WALL],
  ["/api/v1/configmaps", SETTINGS],
  ["/apis/apps/v1/deployments", FRONT_DEPLOYMENT],
] as const;

/** The role `admin` has no right to ephemeral containers; many clusters give it to whoever debugs. */
function debugging(namespace: string): object[] {
  const metadata = { name: "debugging", namespace };
  const [apiGroup, apiVersion] = ["rbac.authorization.k8s.io", "rbac.authorization.k8s.io/v1"];
  const rules = [{ apiGroups: [""], resources: ["pods/ephemeralcontainers"], verbs: ["patch", "update"] }];
  const roleRef = { apiGroup, kind: "Role", name: "debugging" };
  const subjects = [{ apiGroup, kind: "User", name: "mallory" }];
  return [
    { apiVersion, kind: "Role", metadata, rules },
    { apiVersion, kind: "RoleBinding", metadata, roleRef, subjects },
  ];
}

/** The chart's policies on a real API server, whole or without one of them. */
const policed =
  (taken: string) =>
  async (defended: boolean): Promise<Stage> => {
    const { plane, admin, kubelet, release } = await sharedApiServer();
    const binding = defended ? undefined : await takeBinding(plane, `op-${taken}`);
    const namespace = `practice-${randomBytes(4).toString("hex")}`;
    const metadata = { name: namespace, labels: GUARDED };
    verdictOf(await admin.request("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata }));
    const account = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
    await waitFor(async () => (await admin.request("GET", account)).status === 200, { what: "the first account" });
    const operator = await bindRole(plane.adminConnection, namespace, OPERATOR, "cluster-admin");
    for (const [path, object] of PARTS_OF_A_PRACTICE) {
      verdictOf(await operator.request("POST", at({ namespace }, path), object));
    }
    verdictOf(
      await operator.request("POST", at({ namespace }, "/api/v1/pods"), aPod("running", { nodeName: kubelet.node })),
    );
    await operator.close();
    const attacker = await bindRole(plane.adminConnection, namespace, "mallory", "admin");
    await applyAll(plane, debugging(namespace));
    const { kubeconfig, binaries } = plane;
    const stop = async () => {
      await binding?.giveBack();
      await attacker.close();
      release();
    };
    return { attacker, admin, kubelet, kubeconfig, binaries, namespace, stop };
  };

type Asked = Promise<{ status: number; body: unknown }>;
const outcome = async (asked: Asked): Promise<Outcome> => (verdictOf(await asked) === "done" ? "succeeded" : "failed");

/** An attack that is one request of the namespace's admin. */
function asks(id: string, promise: 2 | 3 | 7, does: string, ask: (stage: Stage) => Asked): Attack<Stage> {
  return { id, promise, does, run: (stage) => outcome(ask(stage)) };
}

const makePod = (pod: Manifest) => (stage: Stage) => stage.attacker.request("POST", at(stage, "/api/v1/pods"), pod);
const recorder = { image: "registry.example/innocent:1" };
const patch = (path: string, change: object) => (stage: Stage) =>
  stage.attacker.request("PATCH", at(stage, path), change, "application/merge-patch+json");

const imageAttacks = group<Stage>({
  defence: "the admission policy `images`",
  parts: PARTS,
  start: policed("images"),
  attacks: [
    asks(
      "admission-recorder-pod",
      2,
      "Starts a recorder under an innocent name in the practice's namespace.",
      makePod(aPod("innocent", {}, {}, recorder)),
    ),
    asks(
      "admission-recorder-prepares",
      2,
      "Hides it as a container that runs before others.",
      makePod(aPod("prepared", { initContainers: [aContainer({ ...recorder, name: "before" })] })),
    ),
    asks("admission-recorder-in-a-template", 2, "Lets a CronJob start it at night.", (stage) =>
      stage.attacker.request("POST", at(stage, "/apis/batch/v1/cronjobs"), {
        apiVersion: "batch/v1",
        kind: "CronJob",
        metadata: { name: "innocent" },
        spec: {
          schedule: "0 3 * * *",
          jobTemplate: {
            spec: { template: { spec: { ...(aPod("", {}, {}, recorder)["spec"] as object), restartPolicy: "Never" } } },
          },
        },
      }),
    ),
    asks(
      "admission-recorder-swapped-in",
      2,
      "Changes the image of a pod that runs already.",
      patch("/api/v1/pods/running", { spec: { containers: [{ ...aContainer(), ...recorder }] } }),
    ),
    asks(
      "admission-false-solver",
      2,
      "Calls a recorder cert-manager's solver, label and all.",
      makePod(
        aPod(
          "cm-acme-http-solver-x",
          {},
          { "acme.cert-manager.io/http01-solver": "true" },
          { image: "registry.example/cert-manager-acmesolver:1" },
        ),
      ),
    ),
  ],
});

const podAttacks = group<Stage>({
  defence: "the admission policy `pods`",
  parts: PARTS,
  start: policed("pods"),
  attacks: [
    asks(
      "admission-token-for-the-api",
      3,
      "Gives a pod in the practice's namespace a token for the API server.",
      makePod(aPod("token", { automountServiceAccountToken: true })),
    ),
    asks(
      "admission-false-front",
      3,
      "Starts a pod with the front's labels, to receive what patients send.",
      makePod(aPod("front", {}, FRONT)),
    ),
    asks(
      "admission-relabelled-pod",
      3,
      "Gives a running pod another role's labels, and with them its ways through the walls.",
      patch("/api/v1/pods/running", { metadata: { labels: FRONT } }),
    ),
  ],
});

const enteringAttacks = group<Stage>({
  defence: "the admission policy `entering`",
  parts: PARTS,
  start: policed("entering"),
  attacks: [
    {
      id: "admission-exec",
      promise: 3,
      does: "Opens a shell in a pod of the practice.",
      run: (stage) => stage.kubelet.asked(stage, "exec", ["running", "--", "sh"]),
    },
    {
      id: "admission-attach",
      promise: 3,
      does: "Attaches to the main program of a pod.",
      run: (stage) => stage.kubelet.asked(stage, "attach", ["running"]),
    },
    asks(
      "admission-ephemeral-container",
      2,
      "Attaches a container with an image of the practice itself, to listen from inside a pod.",
      patch("/api/v1/pods/running/ephemeralcontainers", {
        spec: { ephemeralContainers: [aContainer({ name: "debug" })] },
      }),
    ),
  ],
});

const wallAttacks = group<Stage>({
  defence: "the admission policy `walls`",
  parts: PARTS,
  start: policed("walls"),
  attacks: [
    asks("admission-foreign-opening", 3, "Adds a network policy that opens every pod to everybody.", (stage) =>
      stage.attacker.request("POST", at(stage, "/apis/networking.k8s.io/v1/networkpolicies"), {
        ...WALL,
        metadata: { name: "open" },
        spec: { podSelector: {}, ingress: [{}], egress: [{}] },
      }),
    ),
    asks(
      "admission-changed-wall",
      3,
      "Changes the wall that denies everything.",
      patch("/apis/networking.k8s.io/v1/networkpolicies/greenriver-default-deny", { spec: { ingress: [{}] } }),
    ),
    asks("admission-removed-wall", 3, "Deletes it.", (stage) =>
      stage.attacker.request("DELETE", at(stage, "/apis/networking.k8s.io/v1/networkpolicies/greenriver-default-deny")),
    ),
  ],
});

const configurationAttacks = group<Stage>({
  defence: "the admission policy `configuration`",
  parts: PARTS,
  start: policed("configuration"),
  attacks: [
    asks(
      "admission-changed-configuration",
      3,
      "Changes the front's configuration in place.",
      patch("/api/v1/configmaps/greenriver-front-0a1b2c3d", { data: { "nginx.conf": "location / {}" } }),
    ),
    asks(
      "admission-changed-workload",
      3,
      "Gives the front another command.",
      patch("/apis/apps/v1/deployments/greenriver-front", {
        spec: { template: { metadata: { annotations: { again: "1" } } } },
      }),
    ),
    asks(
      "admission-scaled-workload",
      3,
      "Scales the front to nothing.",
      patch("/apis/apps/v1/deployments/greenriver-front/scale", { spec: { replicas: 0 } }),
    ),
    asks(
      "admission-false-part",
      3,
      "Adds a Service that calls itself a part of the practice, so that no check takes it for foreign.",
      (stage) =>
        stage.attacker.request("POST", at(stage, "/api/v1/services"), {
          apiVersion: "v1",
          kind: "Service",
          metadata: { name: "side-door", labels: OURS },
          spec: { type: "NodePort", selector: FRONT, ports: [{ port: 8080 }] },
        }),
    ),
  ],
});

const keepAttacks = group<Stage>({
  defence: "the admission policy `keep`",
  parts: PARTS,
  start: policed("keep"),
  attacks: [
    {
      id: "admission-namespace-deleted",
      promise: 7,
      does: "Deletes, as administrator of the cluster and by mistake, a namespace that is to be kept.",
      run: async ({ admin, namespace }) => {
        const path = `/api/v1/namespaces/${namespace}`;
        const labels = { metadata: { labels: { [LABEL.keep]: "true" } } };
        verdictOf(await admin.request("PATCH", path, labels, "application/merge-patch+json"));
        return outcome(admin.request("DELETE", path));
      },
    },
  ],
});

export const ADMISSION_ATTACKS: readonly AttackGroup[] = [
  imageAttacks,
  podAttacks,
  enteringAttacks,
  wallAttacks,
  configurationAttacks,
  keepAttacks,
];
