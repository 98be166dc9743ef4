/**
 * What the operator may do, alphabetical: the source of the chart's ClusterRole. The audit log of the cluster tests
 * is compared with it in both directions. There is no wildcard, no `escalate`, no `exec`.
 */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const READ = ["get", "list", "watch"] as const;
const WATCH = ["list", "watch"] as const;
const MANAGE = ["create", "delete", "get", "list", "patch", "watch"] as const;

/**
 * Rights in the namespaces of practices. Only metadata of Secrets is listed and watched, but Kubernetes knows no such
 * distinction: with these rights in all namespaces the operator could read every Secret. The answer for those who mind
 * is `watchNamespaces`.
 */
export const NAMESPACED_RULES: readonly Rule[] = [
  {
    apiGroups: [""],
    resources: ["configmaps", "persistentvolumeclaims", "secrets", "serviceaccounts", "services"],
    verbs: MANAGE,
  },
  { apiGroups: [""], resources: ["pods"], verbs: ["delete", ...READ] },
  { apiGroups: ["acme.cert-manager.io"], resources: ["challenges"], verbs: ["list"] },
  { apiGroups: ["apps"], resources: ["deployments", "statefulsets"], verbs: MANAGE },
  { apiGroups: ["batch"], resources: ["cronjobs", "jobs"], verbs: MANAGE },
  { apiGroups: ["cert-manager.io"], resources: ["certificaterequests"], verbs: ["list"] },
  { apiGroups: ["cert-manager.io"], resources: ["certificates", "issuers"], verbs: MANAGE },
  { apiGroups: ["cilium.io"], resources: ["ciliumnetworkpolicies"], verbs: WATCH },
  { apiGroups: ["crd.projectcalico.org"], resources: ["networkpolicies"], verbs: WATCH },
  { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] },
  { apiGroups: ["gateway.networking.k8s.io"], resources: ["gateways", "httproutes", "listenersets"], verbs: MANAGE },
  { apiGroups: ["networking.k8s.io"], resources: ["ingresses", "networkpolicies"], verbs: MANAGE },
  { apiGroups: ["telehealth-operator.io"], resources: ["telehealthpractices"], verbs: [...READ, "patch"] },
  { apiGroups: ["telehealth-operator.io"], resources: ["telehealthpractices/finalizers"], verbs: ["update"] },
  { apiGroups: ["telehealth-operator.io"], resources: ["telehealthpractices/status"], verbs: ["patch"] },
];

/** Rights that only exist cluster-wide. */
export const CLUSTER_RULES: readonly Rule[] = [
  { apiGroups: [""], resources: ["namespaces", "nodes"], verbs: WATCH },
  { apiGroups: ["apiextensions.k8s.io"], resources: ["customresourcedefinitions"], verbs: READ },
  { apiGroups: ["cilium.io"], resources: ["ciliumclusterwidenetworkpolicies"], verbs: WATCH },
  { apiGroups: ["crd.projectcalico.org"], resources: ["globalnetworkpolicies"], verbs: WATCH },
  { apiGroups: ["gateway.networking.k8s.io"], resources: ["gatewayclasses"], verbs: ["get"] },
  {
    apiGroups: ["policy.networking.k8s.io"],
    resources: ["adminnetworkpolicies", "clusternetworkpolicies"],
    verbs: WATCH,
  },
];

/** Rights in the operator's own namespace. */
export const OWN_NAMESPACE_RULES: readonly Rule[] = [
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create", "get", "patch"] },
];
