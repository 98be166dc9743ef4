import type { Manifest } from "../manifest.ts";
import { type Selector, selects } from "./selectors.ts";

type Labels = Readonly<Record<string, string>>;

/** Pods that a policy may be about: their labels, and where they are. */
export interface Subject {
  readonly namespace: string;
  readonly namespaceLabels: Labels;
  readonly pods: readonly Labels[];
}

/**
 * Whether a policy of a network plugin's own kind may open a wall: it selects some of these pods, as far as its selector can
 * be read here, and does more than refuse. What it opens is not judged. In doubt it may.
 */
export function mayOpen(policy: Manifest, subject: Subject): boolean {
  const [group] = policy.apiVersion.split("/");
  if (group === "cilium.io") return ciliumMayOpen(policy, subject);
  if (group === "crd.projectcalico.org") return calicoMayOpen(policy);
  return clusterPolicyMayOpen(policy, subject);
}

interface CiliumRule {
  readonly endpointSelector?: Selector;
  readonly ingress?: readonly unknown[];
  readonly egress?: readonly unknown[];
}

/** https://docs.cilium.io/en/stable/security/policy/language/: rules that refuse stand in lists of their own. */
function ciliumMayOpen(policy: Manifest, { namespace, pods }: Subject): boolean {
  const { spec, specs = [] } = policy as { spec?: CiliumRule; specs?: readonly CiliumRule[] };
  return [...(spec ? [spec] : []), ...specs].some(({ endpointSelector, ingress = [], egress = [] }) => {
    // One without is for nodes.
    if (!endpointSelector || ingress.length + egress.length === 0) return false;
    return pods.some((labels) => selects(readable(endpointSelector), { ...labels, [CILIUM_NAMESPACE]: namespace }));
  });
}

const CILIUM_NAMESPACE = "io.kubernetes.pod.namespace";

/** Without the sources of labels before their keys, and without labels that only Cilium knows. */
function readable({ matchLabels = {}, matchExpressions = [] }: Selector): Selector {
  const key = (name: string) => name.replace(/^(?:k8s|any)[:.]/, "");
  const known = (name: string) => key(name) === CILIUM_NAMESPACE || !/^io\.(?:cilium|kubernetes)\./.test(key(name));
  const labels = Object.entries(matchLabels).filter(([name]) => known(name));
  return {
    matchLabels: Object.fromEntries(labels.map(([name, value]) => [key(name), value])),
    matchExpressions: matchExpressions
      .filter((expression) => known(expression.key))
      .map((expression) => ({ ...expression, key: key(expression.key) })),
  };
}

interface Actions {
  readonly ingress?: readonly { readonly action?: string }[];
  readonly egress?: readonly { readonly action?: string }[];
}

/** Its selectors are a language of its own, so each may select these pods. */
function calicoMayOpen(policy: Manifest): boolean {
  const { ingress = [], egress = [] } = (policy["spec"] ?? {}) as Actions;
  return [...ingress, ...egress].some(({ action }) => action !== "Deny" && action !== "Log");
}

interface ClusterPolicy extends Actions {
  readonly tier?: string;
  readonly subject?: {
    readonly namespaces?: Selector;
    readonly pods?: { readonly namespaceSelector?: Selector; readonly podSelector?: Selector };
  };
}

/**
 * AdminNetworkPolicy (`Allow`) and ClusterNetworkPolicy (`Accept`) of https://network-policy-api.sigs.k8s.io. What comes after
 * a practice's own policies opens nothing, because these refuse the rest.
 */
function clusterPolicyMayOpen(policy: Manifest, { namespaceLabels, pods }: Subject): boolean {
  const { tier, subject = {}, ingress = [], egress = [] } = (policy["spec"] ?? {}) as ClusterPolicy;
  if (tier === "Baseline") return false;
  if (![...ingress, ...egress].some(({ action }) => action === "Allow" || action === "Accept")) return false;
  if (subject.namespaces) return selects(subject.namespaces, namespaceLabels);
  const { namespaceSelector = {}, podSelector = {} } = subject.pods ?? {};
  return selects(namespaceSelector, namespaceLabels) && pods.some((labels) => selects(podSelector, labels));
}
