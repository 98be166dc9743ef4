import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Condition } from "../../src/api/status.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { CLUSTER_RULES, NAMESPACED_RULES, type Rule } from "../../src/controller/rbac.ts";
import type { Manifest } from "../../src/manifest.ts";
import type { Ref } from "../../src/runtime/cluster.ts";
import { apiVersionOf, type Resource, RESOURCES } from "../../src/runtime/resources.ts";
import { type ApiClient, apiClient } from "../bed/api.ts";
import type { ControlPlane } from "../bed/control-plane.ts";
import { waitFor } from "../bed/wait.ts";
import { expectLikeACleanRun } from "../support/clean-run.ts";
import { type JumpingClock, jumpingClock } from "../support/jumping-clock.ts";
import { runOperator } from "../support/operator.ts";
import { type Hand, startOwnCluster } from "../support/own-cluster.ts";
import { installPluginKinds } from "../support/plugin-kinds.ts";
import { ALWAYS } from "../support/practice-bed.ts";
import { type Proxy, startProxy } from "../support/proxy.ts";

const RBAC = { group: "rbac.authorization.k8s.io", version: "v1", namespaced: false };
const CLUSTER_ROLES: Resource = { ...RBAC, kind: "ClusterRole", plural: "clusterroles" };
const BINDINGS: Resource = { ...RBAC, kind: "ClusterRoleBinding", plural: "clusterrolebindings" };
const ACCOUNT = { namespace: "kube-public", name: "operator" };
const ALL: readonly Rule[] = [...NAMESPACED_RULES, ...CLUSTER_RULES];
const READING = ["get", "list", "watch"];
const WRITING = ["create", "delete", "patch"];
const SPEC = { maintenance: ALWAYS };
const WALL = "greenriver-default-deny";

let plane: ControlPlane;
let hand: Hand;
let client: ApiClient;
let proxy: Proxy;
let clock: JumpingClock;
let namespace: string;
let operator: ReturnType<typeof runOperator>;
let token: string;

beforeAll(async () => {
  ({ plane, hand } = await startOwnCluster(["admin-network-policy", "cert-manager"]));
  client = apiClient(plane.adminConnection);
  proxy = await startProxy(plane);
  token = await account();
});
afterAll(async () => {
  await proxy.stop();
  await client.close();
  await hand.close();
  await plane.stop();
});
beforeEach(async () => {
  namespace = await hand.namespace();
  clock = jumpingClock();
  operator = runOperator(proxy.connection, [namespace], { clock, token });
});
afterEach(async () => {
  await operator.stop();
  await grant(ALL);
});

/** The operator's ServiceAccount, with all its rights. @returns a token of it. */
async function account(): Promise<string> {
  const named = { apiVersion: `${RBAC.group}/${RBAC.version}`, metadata: { name: "operator" } };
  await hand.create(RESOURCES.ServiceAccount, { apiVersion: "v1", kind: "ServiceAccount", metadata: ACCOUNT });
  await hand.create(CLUSTER_ROLES, { ...named, kind: "ClusterRole", rules: ALL });
  await hand.create(BINDINGS, {
    ...named,
    kind: "ClusterRoleBinding",
    roleRef: { apiGroup: RBAC.group, kind: "ClusterRole", name: "operator" },
    subjects: [{ kind: "ServiceAccount", ...ACCOUNT }],
  });
  const path = `/api/v1/namespaces/${ACCOUNT.namespace}/serviceaccounts/${ACCOUNT.name}/token`;
  const asked = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} };
  const { body } = await client.request("POST", path, asked);
  return (body as { status: { token: string } }).status.token;
}

const grant = (rules: readonly Rule[]) => hand.patch(CLUSTER_ROLES, { name: "operator" }, { rules });

/** Takes these verbs on these kinds away, and cuts what was allowed before: a watch goes on after its right is gone. */
async function revoke(verbs: readonly string[], kinds: readonly Resource[]): Promise<void> {
  const isTaken = ({ apiGroups: [group] }: Rule, plural: string) =>
    kinds.some((kind) => kind.group === group && kind.plural === plural);
  const left = ALL.flatMap((rule) => [
    { ...rule, resources: rule.resources.filter((plural) => !isTaken(rule, plural)) },
    {
      ...rule,
      resources: rule.resources.filter((plural) => isTaken(rule, plural)),
      verbs: rule.verbs.filter((verb) => !verbs.includes(verb)),
    },
  ]);
  await grant(left.filter(({ resources, verbs }) => resources.length > 0 && verbs.length > 0));
  const refused = async () =>
    (await Promise.all(kinds.flatMap((kind) => verbs.map((verb) => may(verb, kind))))).every((yes) => !yes);
  await waitFor(refused, { what: "the rights to be gone" });
  proxy.cutWatches();
}

async function may(verb: string, { group, plural }: Resource): Promise<boolean> {
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: {
      user: `system:serviceaccount:${ACCOUNT.namespace}:${ACCOUNT.name}`,
      resourceAttributes: { verb, group, resource: plural, namespace },
    },
  };
  const { body } = await client.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review);
  return (body as { status: { allowed: boolean } }).status.allowed;
}

async function begun(): Promise<void> {
  await hand.practice(namespace, SPEC);
  await hand.mediaAddress(namespace);
  await hand.converged(namespace);
}

/** As if the network had been tried a moment ago, and all walls held. */
async function walled(): Promise<Condition> {
  const probe = { at: new Date().toISOString(), answered: true, tried: 40 };
  await hand.patch(PRACTICES, { namespace, name: "greenriver" }, { status: { probe } }, "/status");
  return isolated("True");
}

function isolated(status: Condition["status"]): Promise<Condition> {
  const look = async () => {
    const found = (await hand.status(namespace)).conditions?.find(({ type }) => type === "NetworkIsolated");
    if (found?.status === status) return found;
    throw new Error(`It is ${found?.status} ${found?.reason}: ${found?.message}`);
  };
  return waitFor(look, { timeout: 60_000, what: `NetworkIsolated to be ${status}` });
}

/** A policy of the cluster's network plugin that lets everything into the practice. */
async function hole(): Promise<Manifest> {
  const only = { namespaces: { matchLabels: { "kubernetes.io/metadata.name": namespace } } };
  const ingress = [{ action: "Allow", from: [{ namespaces: { namespaceSelector: {} } }] }];
  const kind = RESOURCES.AdminNetworkPolicy;
  return hand.create(kind, {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { name: namespace },
    spec: { priority: 10, subject: only, ingress },
  });
}

describe("the right to read policies of the network plugin", () => {
  it("is revoked while one opens the walls: they are never said to hold, until it is known that they do", async () => {
    await begun();
    await walled();
    await hole();
    const found = await hand.expectReason(namespace, "NetworkIsolated", "ForeignPolicyKind");
    await revoke(READING, [RESOURCES.AdminNetworkPolicy]);
    const told = await hand.expectReason(namespace, "NetworkIsolated", "Forbidden");
    expect(told).toMatchObject({ status: "Unknown", lastTransitionTime: found.lastTransitionTime });
    expect(told.message).toMatch(/cannot (list|watch) resource "adminnetworkpolicies"/);
    expect(told.message).toContain("Install its roles again");
    // The rest of its work goes on, and who asks whether it is ready is not told otherwise.
    clock.jump(200_000);
    await waitFor(() => operator.stale().length === 0, { what: "the other watches to go on" });
    await hand.practice(namespace, { ...SPEC, size: "group" });
    await grant(ALL);
    const again = await hand.expectReason(namespace, "NetworkIsolated", "ForeignPolicyKind", "greenriver", 60_000);
    expect(again.lastTransitionTime).toBe(found.lastTransitionTime);
    await hand.remove(RESOURCES.AdminNetworkPolicy, { name: namespace });
    await isolated("True");
    await expectLikeACleanRun(plane, hand, namespace, { ...SPEC, size: "group" });
  });

  it("was never given: nobody misses it before the cluster has the kind, then it is named, also after a start", async () => {
    await revoke(READING, [RESOURCES.CiliumNetworkPolicy]);
    await begun();
    await walled();
    await installPluginKinds(hand);
    const told = await hand.expectReason(namespace, "NetworkIsolated", "Forbidden");
    expect(told.message).toContain("The operator may not read ciliumnetworkpolicies.cilium.io, ");
    await operator.stop();
    operator = runOperator(proxy.connection, [namespace], { clock, token });
    await hand.practice(namespace, { ...SPEC, size: "group" });
    await expectLikeACleanRun(plane, hand, namespace, { ...SPEC, size: "group" });
    expect(await isolated("Unknown")).toMatchObject({ reason: "Forbidden" });
    await grant(ALL);
    await isolated("True");
  });
});

describe("rights that the operator works with", () => {
  it("to read are revoked: that is told, no promise is said to hold, and what was missed is made up for", async () => {
    await begun();
    await walled();
    const kinds = [
      PRACTICES,
      RESOURCES.ConfigMap,
      RESOURCES.NetworkPolicy,
      RESOURCES.Pod,
      RESOURCES.Secret,
      RESOURCES.Service,
      RESOURCES.StatefulSet,
    ];
    await revoke(READING, kinds);
    for (const promise of ["EndToEndEncryptionEnforced", "RecordingDisabled", "NetworkIsolated"]) {
      const { status, message } = await hand.expectReason(namespace, promise, "Forbidden");
      expect(status).toBe("Unknown");
      expect(message).toContain("The operator may not read ");
    }
    clock.jump(200_000);
    const told = () => operator.stale().filter((line) => line.includes("is forbidden: User")).length;
    await waitFor(() => told() === kinds.length, { what: "all kinds that may not be read to be named" });

    const [wall, front] = [WALL, "greenriver-front"].map((name) => ({ namespace, name })) as [Ref, Ref];
    await hand.patch(RESOURCES.NetworkPolicy, wall, { metadata: { finalizers: null } });
    await hand.remove(RESOURCES.NetworkPolicy, wall);
    await hand.patch(RESOURCES.Service, front, { spec: { selector: { somebody: "else" } } });
    await hand.practice(namespace, { ...SPEC, size: "group" });
    await grant(ALL);
    await waitFor(() => operator.stale().length === 0, { timeout: 60_000, what: "every kind to be heard of" });
    await waitFor(() => hand.get(RESOURCES.NetworkPolicy, wall), { what: "the wall to be back" });
    const seen = async () => (await hand.status(namespace)).observedGeneration === 2;
    await waitFor(seen, { what: "the edit to be seen" });
    await isolated("True");
    await expectLikeACleanRun(plane, hand, namespace, { ...SPEC, size: "group" });
  });

  it("to write are revoked: the practice says which, and goes on by itself", async () => {
    const kinds = [RESOURCES.ConfigMap, RESOURCES.NetworkPolicy, RESOURCES.Service];
    await begun();
    await walled();
    await revoke(WRITING, kinds);
    await hand.remove(RESOURCES.Service, { namespace, name: "greenriver-front" });
    await hand.practice(namespace, { ...SPEC, size: "group" });
    const told = await hand.expectReason(namespace, "Ready", "Forbidden");
    expect(told.message).toMatch(/^The operator lacks a right: .* cannot (patch|create) resource /);
    await waitFor(async () => (await eventReasons()).includes("Forbidden"), { what: "an event" });
    // Nothing is judged meanwhile, so what was found before is all that is known.
    await revoke([...WRITING, ...READING], kinds);
    expect(await isolated("Unknown")).toMatchObject({ reason: "Forbidden" });
    // Nor is it judged because it may be read again.
    await revoke(WRITING, kinds);
    await hand.expectReason(namespace, "NetworkIsolated", "NotJudged", "greenriver", 60_000);
    await hole();
    await hand.expectReason(namespace, "NetworkIsolated", "ForeignPolicyKind");
    await hand.remove(RESOURCES.AdminNetworkPolicy, { name: namespace });
    await grant(ALL);
    await waitFor(() => hand.get(RESOURCES.Service, { namespace, name: "greenriver-front" }), {
      timeout: 60_000,
      what: "the Service to be back",
    });
    await expectLikeACleanRun(plane, hand, namespace, { ...SPEC, size: "group" });
  });

  it("were never given: it says which, and goes on by itself when it has them", async () => {
    await revoke(["create"], [RESOURCES.Service]);
    await hand.practice(namespace, SPEC);
    const told = await hand.expectReason(namespace, "Ready", "Forbidden");
    expect(told.message).toContain('cannot create resource "services"');
    await hand.expectReason(namespace, "Reconciling", "Forbidden");
    expect(await hand.names(RESOURCES.NetworkPolicy, namespace)).toContain(WALL);
    expect(await hand.names(RESOURCES.StatefulSet, namespace)).toEqual([]);
    await grant(ALL);
    await hand.mediaAddress(namespace);
    await expectLikeACleanRun(plane, hand, namespace, SPEC);
  });
});

async function eventReasons(): Promise<unknown[]> {
  return (await hand.list(RESOURCES.Event, namespace)).map((event) => event["reason"]);
}
