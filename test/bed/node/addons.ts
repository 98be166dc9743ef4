import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DNS_ADDRESS, INTERNET_ADDRESS, NODE_NAME } from "./addresses.ts";

/** Image of the cluster's name server. */
export const DNS_IMAGE = "bed.local/coredns:1";

const name = "coredns";
const namespace = "kube-system";
const labels = { "k8s-app": "kube-dns" };

// Unprivileged, so not on port 53; the Service brings it there. Names of the outside end at a documentation address.
const corefile = `.:5353 {
  errors
  ready :8181
  hosts {
    ${INTERNET_ADDRESS} internet.example
    fallthrough
  }
  kubernetes cluster.local in-addr.arpa
  cache 5
}
`;

const role = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  metadata: { name },
  rules: [
    { apiGroups: [""], resources: ["services", "pods", "namespaces"], verbs: ["list", "watch"] },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
  ],
};

const bind = (name: string, to: string, subject: object) => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  metadata: { name },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: to },
  subjects: [subject],
});

const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, namespace },
  spec: {
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        serviceAccountName: name,
        dnsPolicy: "Default",
        securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
        containers: [
          {
            name,
            image: DNS_IMAGE,
            args: ["-conf", "/etc/coredns/Corefile"],
            securityContext: {
              allowPrivilegeEscalation: false,
              capabilities: { drop: ["ALL"] },
              readOnlyRootFilesystem: true,
            },
            readinessProbe: { httpGet: { path: "/ready", port: 8181 }, periodSeconds: 1 },
            volumeMounts: [{ name: "corefile", mountPath: "/etc/coredns" }],
          },
        ],
        volumes: [{ name: "corefile", configMap: { name } }],
      },
    },
  },
};

/** What every cluster has beside its nodes: a name server, the API server's way to the kubelet, a class of storage. */
export const addons: readonly object[] = [
  bind("apiserver-to-kubelet", "system:kubelet-api-admin", { kind: "User", name: "kube-apiserver-kubelet-client" }),
  { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } },
  role,
  bind(name, name, { kind: "ServiceAccount", name, namespace }),
  { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data: { Corefile: corefile } },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "kube-dns", namespace, labels },
    spec: {
      clusterIP: DNS_ADDRESS,
      selector: labels,
      ports: (["UDP", "TCP"] as const).map((protocol) => ({
        name: protocol.toLowerCase(),
        port: 53,
        targetPort: 5353,
        protocol,
      })),
    },
  },
  deployment,
  {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "local", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "kubernetes.io/no-provisioner",
    volumeBindingMode: "WaitForFirstConsumer",
  },
];

/**
 * Volumes in folders of the node. They honour `fsGroup`, unlike those of a path of the host. One that was released is not
 * used again.
 */
export async function localVolumes(directory: string, count: number): Promise<object[]> {
  const names = Array.from({ length: count }, (_, index) => `local-${index + 1}`);
  await Promise.all(names.map((name) => mkdir(join(directory, "volumes", name), { recursive: true })));
  const onNode = [{ key: "kubernetes.io/hostname", operator: "In", values: [NODE_NAME] }];
  return names.map((name) => ({
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name },
    spec: {
      capacity: { storage: "1Ti" },
      accessModes: ["ReadWriteOnce"],
      storageClassName: "local",
      persistentVolumeReclaimPolicy: "Retain",
      local: { path: join(directory, "volumes", name) },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: onNode }] } },
    },
  }));
}
