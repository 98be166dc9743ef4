import { describe, expect, it } from "vitest";
import { mayOpen } from "../../src/policy/plugin-policies.ts";

const SUBJECT = {
  namespace: "greenriver",
  namespaceLabels: { "kubernetes.io/metadata.name": "greenriver", tenant: "a" },
  pods: [{ role: "front" }, { role: "synapse" }],
};
const of = (apiVersion: string, spec: object, kind = "Policy") =>
  mayOpen({ apiVersion, kind, metadata: { name: "policy" }, spec }, SUBJECT);

describe("a policy of Cilium's", () => {
  const cilium = (spec: object) => of("cilium.io/v2", spec);
  const opening = { ingress: [{ fromEntities: ["all"] }] };

  it.each([
    ["all endpoints", { endpointSelector: {}, ...opening }],
    ["one of ours", { endpointSelector: { matchLabels: { role: "synapse" } }, egress: [{}] }],
    [
      "one of ours, with the source of the label",
      { endpointSelector: { matchLabels: { "k8s:role": "front" } }, ...opening },
    ],
    [
      "our namespace",
      { endpointSelector: { matchLabels: { "k8s:io.kubernetes.pod.namespace": "greenriver" } }, ...opening },
    ],
    [
      "what only Cilium can tell",
      { endpointSelector: { matchLabels: { "k8s:io.cilium.k8s.policy.serviceaccount": "x" } }, ...opening },
    ],
    [
      "our namespace by an expression",
      {
        endpointSelector: {
          matchExpressions: [{ key: "k8s:io.kubernetes.pod.namespace", operator: "NotIn", values: ["kube-system"] }],
        },
        ...opening,
      },
    ],
  ])("may open %s", (_, spec) => {
    expect(cilium(spec)).toBe(true);
  });

  it("may open by the second of several rules", () => {
    const specs = [{ endpointSelector: {} }, { endpointSelector: {}, ...opening }];
    const policy = { apiVersion: "cilium.io/v2", kind: "CiliumNetworkPolicy", metadata: { name: "policy" }, specs };
    expect(mayOpen(policy, SUBJECT)).toBe(true);
  });

  it.each([
    ["refuses only", { endpointSelector: {}, ingressDeny: [{}] }],
    ["denies by default", { endpointSelector: {}, ingress: [] }],
    ["is about other pods", { endpointSelector: { matchLabels: { role: "shop" } }, ...opening }],
    [
      "is about another namespace",
      { endpointSelector: { matchLabels: { "k8s:io.kubernetes.pod.namespace": "shop" } }, ...opening },
    ],
    ["is about nodes", { nodeSelector: {}, ...opening }],
  ])("opens nothing of ours when it %s", (_, spec) => {
    expect(cilium(spec)).toBe(false);
  });
});

describe("a policy of Calico's", () => {
  const calico = (spec: object) => of("crd.projectcalico.org/v1", spec);

  it("may open whatever it allows or passes on, because its selector is not read", () => {
    expect(calico({ selector: "app == 'shop'", ingress: [{ action: "Deny" }, { action: "Allow" }] })).toBe(true);
    expect(calico({ egress: [{ action: "Pass" }] })).toBe(true);
  });

  it("opens nothing when it only refuses", () => {
    expect(calico({ selector: "all()", ingress: [{ action: "Deny" }], egress: [{ action: "Log" }] })).toBe(false);
    expect(calico({ selector: "all()", types: ["Ingress"] })).toBe(false);
  });
});

describe.each([
  ["an AdminNetworkPolicy", "policy.networking.k8s.io/v1alpha1", "Allow", {}],
  ["a ClusterNetworkPolicy", "policy.networking.k8s.io/v1alpha2", "Accept", { tier: "Admin" }],
])("%s", (_, apiVersion, action, more) => {
  const admin = (subject: object, rules: object = { ingress: [{ action }] }) =>
    of(apiVersion, { ...more, subject, ...rules });

  it("may open what its subject has of ours", () => {
    expect(admin({ namespaces: {} })).toBe(true);
    expect(admin({ namespaces: { matchLabels: { tenant: "a" } } })).toBe(true);
    expect(admin({ pods: { namespaceSelector: {}, podSelector: { matchLabels: { role: "front" } } } })).toBe(true);
    expect(admin({ namespaces: {} }, { ingress: [{ action: "Deny" }], egress: [{ action }] })).toBe(true);
  });

  it("opens nothing of other namespaces and pods, nor when it only refuses or passes on", () => {
    expect(admin({ namespaces: { matchLabels: { tenant: "b" } } })).toBe(false);
    expect(admin({ pods: { namespaceSelector: {}, podSelector: { matchLabels: { role: "shop" } } } })).toBe(false);
    expect(admin({ namespaces: {} }, { ingress: [{ action: "Deny" }, { action: "Pass" }] })).toBe(false);
  });

  it("opens nothing where a practice's own policies were asked before", () => {
    expect(of(apiVersion, { tier: "Baseline", subject: { namespaces: {} }, ingress: [{ action }] })).toBe(false);
  });
});
