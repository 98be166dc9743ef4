import type { Manifest } from "../manifest.ts";

/** A kind as the API server addresses it. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

function resource(group: string, version: string, kind: string, plural: string, namespaced = true): Resource {
  return Object.freeze({ group, version, kind, plural, namespaced });
}

/** Every kind that the operator reads or writes, besides the practice itself. */
export const RESOURCES = {
  Namespace: resource("", "v1", "Namespace", "namespaces", false),
  Node: resource("", "v1", "Node", "nodes", false),
  Pod: resource("", "v1", "Pod", "pods"),
  Service: resource("", "v1", "Service", "services"),
  ServiceAccount: resource("", "v1", "ServiceAccount", "serviceaccounts"),
  ConfigMap: resource("", "v1", "ConfigMap", "configmaps"),
  Secret: resource("", "v1", "Secret", "secrets"),
  PersistentVolumeClaim: resource("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
  StatefulSet: resource("apps", "v1", "StatefulSet", "statefulsets"),
  Deployment: resource("apps", "v1", "Deployment", "deployments"),
  Job: resource("batch", "v1", "Job", "jobs"),
  CronJob: resource("batch", "v1", "CronJob", "cronjobs"),
  NetworkPolicy: resource("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"),
  CiliumNetworkPolicy: resource("cilium.io", "v2", "CiliumNetworkPolicy", "ciliumnetworkpolicies"),
  CiliumClusterwideNetworkPolicy: resource(
    "cilium.io",
    "v2",
    "CiliumClusterwideNetworkPolicy",
    "ciliumclusterwidenetworkpolicies",
    false,
  ),
  CalicoNetworkPolicy: resource("crd.projectcalico.org", "v1", "NetworkPolicy", "networkpolicies"),
  GlobalNetworkPolicy: resource("crd.projectcalico.org", "v1", "GlobalNetworkPolicy", "globalnetworkpolicies", false),
  AdminNetworkPolicy: resource(
    "policy.networking.k8s.io",
    "v1alpha1",
    "AdminNetworkPolicy",
    "adminnetworkpolicies",
    false,
  ),
  /** The successor of the former. */
  ClusterNetworkPolicy: resource(
    "policy.networking.k8s.io",
    "v1alpha2",
    "ClusterNetworkPolicy",
    "clusternetworkpolicies",
    false,
  ),
  Ingress: resource("networking.k8s.io", "v1", "Ingress", "ingresses"),
  GatewayClass: resource("gateway.networking.k8s.io", "v1", "GatewayClass", "gatewayclasses", false),
  Gateway: resource("gateway.networking.k8s.io", "v1", "Gateway", "gateways"),
  /** Standard since Gateway API 1.5. */
  ListenerSet: resource("gateway.networking.k8s.io", "v1", "ListenerSet", "listenersets"),
  HTTPRoute: resource("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"),
  Issuer: resource("cert-manager.io", "v1", "Issuer", "issuers"),
  Certificate: resource("cert-manager.io", "v1", "Certificate", "certificates"),
  CertificateRequest: resource("cert-manager.io", "v1", "CertificateRequest", "certificaterequests"),
  Challenge: resource("acme.cert-manager.io", "v1", "Challenge", "challenges"),
  Lease: resource("coordination.k8s.io", "v1", "Lease", "leases"),
  Event: resource("events.k8s.io", "v1", "Event", "events"),
  CustomResourceDefinition: resource(
    "apiextensions.k8s.io",
    "v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
    false,
  ),
} as const satisfies Record<string, Resource>;

/** @throws Error for a kind that is not in the table: it would have no rights either. */
export function resourceOf(object: Pick<Manifest, "apiVersion" | "kind">): Resource {
  const found = (RESOURCES as Readonly<Record<string, Resource>>)[object.kind];
  if (!found || apiVersionOf(found) !== object.apiVersion) {
    throw new Error(`${object.apiVersion} ${object.kind} is not in runtime/resources.ts`);
  }
  return found;
}

/** `apps/v1`, or `v1` for the core group. */
export function apiVersionOf(resource: Resource): string {
  return resource.group ? `${resource.group}/${resource.version}` : resource.version;
}

/** The path of a collection, or of one object when `name` is given. */
export function pathOf(resource: Resource, ref: { readonly namespace?: string; readonly name?: string } = {}): string {
  const root = resource.group ? `/apis/${resource.group}/${resource.version}` : `/api/${resource.version}`;
  const namespace = ref.namespace && resource.namespaced ? `/namespaces/${encodeURIComponent(ref.namespace)}` : "";
  const name = ref.name === undefined ? "" : `/${encodeURIComponent(ref.name)}`;
  return `${root}${namespace}/${resource.plural}${name}`;
}
