import { afterAll, beforeAll, expect, it } from "vitest";
import type { Manifest } from "../../src/manifest.ts";
import { apiVersionOf, type Resource, RESOURCES } from "../../src/runtime/resources.ts";
import type { ControlPlane } from "../bed/control-plane.ts";
import { runOperator } from "../support/operator.ts";
import { type Hand, startOwnCluster } from "../support/own-cluster.ts";
import { installPluginKinds } from "../support/plugin-kinds.ts";

let plane: ControlPlane;
let hand: Hand;
let operator: ReturnType<typeof runOperator>;
let namespace: string;

beforeAll(async () => {
  ({ plane, hand } = await startOwnCluster(["admin-network-policy", "cert-manager", "cluster-network-policy"]));
  namespace = await hand.namespace();
  operator = runOperator(plane.adminConnection, [namespace]);
  await hand.practice(namespace);
  await hand.mediaAddress(namespace);
  await hand.expectReason(namespace, "NetworkIsolated", "NotProbed", "greenriver", 60_000);
  // While the operator runs, as when somebody installs a plugin.
  await installPluginKinds(hand);
});
afterAll(async () => {
  await operator.stop();
  await hand.close();
  await plane.stop();
});

const everything = { fromEntities: ["all"] };
const only = (own: string) => ({ namespaces: { matchLabels: { "kubernetes.io/metadata.name": own } } });
const all = [{ namespaces: {} }];
/** As its first version spells it. */
const allAsThen = [{ namespaces: { namespaceSelector: {} } }];

it.each<[Resource, (namespace: string) => object]>([
  [RESOURCES.CiliumNetworkPolicy, () => ({ endpointSelector: {}, ingress: [everything] })],
  [
    RESOURCES.CiliumClusterwideNetworkPolicy,
    (own) => ({
      endpointSelector: { matchLabels: { "k8s:io.kubernetes.pod.namespace": own } },
      egress: [{ toEntities: ["world"] }],
    }),
  ],
  [RESOURCES.CalicoNetworkPolicy, () => ({ selector: "all()", ingress: [{ action: "Allow" }] })],
  [RESOURCES.GlobalNetworkPolicy, () => ({ selector: "all()", egress: [{ action: "Allow" }] })],
  [
    RESOURCES.AdminNetworkPolicy,
    (own) => ({ priority: 10, subject: only(own), ingress: [{ action: "Allow", from: allAsThen }] }),
  ],
  [
    RESOURCES.ClusterNetworkPolicy,
    (own) => ({ tier: "Admin", priority: 10, subject: only(own), ingress: [{ action: "Accept", from: all }] }),
  ],
])("what the plugin's $kind opens is not known, and said to be so until it is gone", async (kind, spec) => {
  const metadata = { name: "hole", ...(kind.namespaced && { namespace }) };
  const policy = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata, spec: spec(namespace) } as Manifest;
  await hand.create(kind, policy);
  const { status, message } = await hand.expectReason(namespace, "NetworkIsolated", "ForeignPolicyKind");
  expect(status).toBe("Unknown");
  expect(message).toContain(`${kind.kind}/hole`);
  await hand.remove(kind, metadata);
  await hand.expectReason(namespace, "NetworkIsolated", "NotProbed");
});
