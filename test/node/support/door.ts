import type { Manifest } from "../../../src/manifest.ts";
import { INGRESS_CLASS } from "../../bed/ingress.ts";
import { DOOR_ADDRESS } from "../../bed/node/addresses.ts";
import { INGRESS_IMAGE } from "../../bed/node/images.ts";
import { kubectl, kubectlApply } from "../../support/bed.ts";
import { EDGE } from "./operator.ts";
import { PLAIN } from "./pods.ts";

const name = "haproxy-ingress";
const labels = { app: name };
const CONTROLLER = "haproxy-ingress.github.io/controller";
const namespaced = { name, namespace: EDGE };

/** As docs/walls.md says: with its own HSTS it would replace ours by a shorter one. Unprivileged, so not on 80 and 443. */
const settings = { hsts: "false", "http-port": "8080", "https-port": "8443" };

const rules = [
  { apiGroups: [""], resources: ["configmaps", "endpoints", "namespaces", "nodes", "pods", "secrets", "services"] },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"] },
  { apiGroups: ["networking.k8s.io"], resources: ["ingresses", "ingressclasses"] },
  { apiGroups: ["gateway.networking.k8s.io"], resources: ["gatewayclasses", "gateways", "httproutes"] },
].map((rule) => ({ ...rule, verbs: ["get", "list", "watch"] }));

const election = [
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get", "create", "update"] },
  { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
];

const rbac = "rbac.authorization.k8s.io";
const role = (kind: "Role" | "ClusterRole", metadata: object, rules: readonly object[]) => [
  { apiVersion: `${rbac}/v1`, kind, metadata, rules },
  {
    apiVersion: `${rbac}/v1`,
    kind: `${kind}Binding`,
    metadata,
    roleRef: { apiGroup: rbac, kind, name },
    subjects: [{ kind: "ServiceAccount", ...namespaced }],
  },
];

/** Folders that both containers write to, HAProxy's own configuration among them. */
const FOLDERS = { configuration: "/etc/haproxy", sockets: "/var/run/haproxy", state: "/var/lib/haproxy", tmp: "/tmp" };
const SOCKET = "/var/run/haproxy/master.sock";

function container(name: string, more: object): object {
  return {
    name,
    image: INGRESS_IMAGE,
    env: [{ name: "POD_NAMESPACE", value: EDGE }],
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: true,
    },
    volumeMounts: Object.entries(FOLDERS).map(([name, mountPath]) => ({ name, mountPath })),
    ...more,
  };
}

/** As its project deploys it with a HAProxy of its own: the controller writes, and tells HAProxy by its socket. */
const deployment: Manifest = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: namespaced,
  spec: {
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        serviceAccountName: name,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 65532,
          fsGroup: 65532,
          seccompProfile: { type: "RuntimeDefault" },
        },
        initContainers: [container("first", { args: ["--init"] })],
        containers: [
          container("haproxy", {
            command: ["haproxy", "-W", "-S", `${SOCKET},mode,600`, "-f", FOLDERS.configuration],
            // It does so once the controller has told it to.
            readinessProbe: { tcpSocket: { port: 8443 }, periodSeconds: 1 },
          }),
          container("controller", {
            args: [
              `--master-socket=${SOCKET}`,
              `--configmap=${EDGE}/${name}`,
              "--update-status=false",
              "--rate-limit-update=10",
              "--v=2",
            ],
          }),
        ],
        volumes: Object.keys(FOLDERS).map((name) => ({ name, emptyDir: {} })),
      },
    },
  },
};

const objects: readonly object[] = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: EDGE, labels: PLAIN } },
  { apiVersion: "v1", kind: "ServiceAccount", metadata: namespaced },
  ...role("ClusterRole", { name }, rules),
  ...role("Role", namespaced, election),
  { apiVersion: "v1", kind: "ConfigMap", metadata: namespaced, data: settings },
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "IngressClass",
    metadata: { name: INGRESS_CLASS },
    spec: { controller: CONTROLLER },
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: namespaced,
    spec: {
      type: "LoadBalancer",
      selector: labels,
      ports: [
        { name: "http", port: 80, targetPort: 8080 },
        { name: "https", port: 443, targetPort: 8443 },
      ],
    },
  },
];

/** Makes the address of the front door; nobody answers there until the door is open. */
export async function buildDoor(): Promise<void> {
  await kubectlApply(...objects);
  const status = { status: { loadBalancer: { ingress: [{ ip: DOOR_ADDRESS }] } } };
  const patch = ["patch", "service", name, "--subresource=status", "--type=merge", "-p", JSON.stringify(status)];
  await kubectl(["-n", EDGE, ...patch]);
}

/** Runs haproxy-ingress and HAProxy as a pod under Pod Security `restricted`; returns once it listens. */
export async function openDoor(): Promise<void> {
  await kubectlApply(deployment);
  await kubectl(["-n", EDGE, "rollout", "status", `deployment/${name}`, "--timeout=120s"]);
}
