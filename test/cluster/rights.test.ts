import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { ANNOTATION, LABEL } from "../../src/api/group.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { CHILD_RESOURCES } from "../../src/controller/live.ts";
import { CLUSTER_RULES, NAMESPACED_RULES, OWN_NAMESPACE_RULES, type Rule } from "../../src/controller/rbac.ts";
import type { LiveObject, Manifest } from "../../src/manifest.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { apiClient } from "../bed/api.ts";
import type { AuditEvent } from "../bed/audit.ts";
import type { ControlPlane } from "../bed/control-plane.ts";
import { waitFor } from "../bed/wait.ts";
import { inForce } from "../support/admission.ts";
import { kubeconfigWithToken, rendered } from "../support/chart.ts";
import { type RunningOperator, startOperator } from "../support/operator.ts";
import { type Hand, startOwnCluster } from "../support/own-cluster.ts";
import { installPluginKinds } from "../support/plugin-kinds.ts";
import { ALWAYS } from "../support/practice-bed.ts";

const ACCOUNT = "system:serviceaccount:operators:op";

/** Rights that a run of this test need not use, each with the reason why the operator has it all the same. */
const UNUSED: Readonly<Record<string, string>> = {
  "get /pods": "asked when a pod that is being deleted has been replaced by another one of its name in that moment",
  "get batch/jobs": "asked when the API server refuses to make a trial because there is one of its name",
  "patch batch/jobs": "asked when somebody changes a trial while it is tried",
  "get telehealth-operator.io/telehealthpractices":
    "asked when the watch has not told for half a minute that the finalizer was set, or the API server refused a status: then whose it is",
  "update telehealth-operator.io/telehealthpractices/finalizers":
    "asked only by the admission plugin OwnerReferencesPermissionEnforcement, for blockOwnerDeletion",
};

/** The ways in that together need every kind. */
const WAYS_IN = {
  ingress: {},
  gateway: { exposure: { gateway: { className: "eg" } } },
  listenerSet: { exposure: { parentRef: { name: "public", namespace: "gateways", listenerSet: true } } },
} as const;

let plane: ControlPlane;
let hand: Hand;
beforeAll(async () => {
  ({ plane, hand } = await startOwnCluster([
    "admin-network-policy",
    "cert-manager",
    "cluster-network-policy",
    "gateway-api",
  ]));
  await installPluginKinds(hand);
  await hand.create(RESOURCES.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "operators" } });
});
afterAll(async () => {
  await hand.close();
  await plane.stop();
});

/** Installs what the chart renders but its Deployment, and runs the operator with the rights and options of it. */
async function install(config: object, server = plane.server): Promise<RunningOperator> {
  // Who breaks things here on purpose is exempt from the policies; the operator is not.
  const admission = { exempt: ["admin"] };
  const objects = (await rendered({ config, admission })).filter(({ kind }) => kind !== "Deployment");
  await applyAll(objects);
  await inForce(plane);
  const options = objects.find(
    ({ kind, metadata }) => kind === "ConfigMap" && metadata.name === "op-config",
  ) as Manifest & { data: Record<string, string> };
  const client = apiClient(plane.adminConnection);
  const path = "/api/v1/namespaces/operators/serviceaccounts/op/token";
  const { body } = await client.request("POST", path, { spec: { expirationSeconds: 3600 } });
  await client.close();
  const { token } = (body as { status: { token: string } }).status;
  const kubeconfig = await kubeconfigWithToken({ ...plane, server }, "operators", token);
  const told = parse(options.data["config.yaml"] ?? "") as Record<string, unknown>;
  const operator = await startOperator(kubeconfig, told);
  onTestFinished(() => operator.stop().then(() => undefined));
  return operator;
}

async function applyAll(objects: readonly Manifest[]): Promise<void> {
  const client = apiClient(plane.adminConnection);
  for (const object of objects) {
    const { namespace, name } = object.metadata;
    const [group, version] = object.apiVersion.includes("/") ? object.apiVersion.split("/") : ["", object.apiVersion];
    const root = group ? `/apis/${group}/${version}` : `/api/${version}`;
    const plural = `${object.kind.toLowerCase().replace(/y$/, "ie")}s`;
    const path = `${root}${namespace ? `/namespaces/${namespace}` : ""}/${plural}/${name}?fieldManager=tests&force=true`;
    const { status, body } = await client.request("PATCH", path, object, "application/apply-patch+yaml");
    if (status >= 300) throw new Error(`${object.kind}/${name}: ${status} ${JSON.stringify(body)}`);
  }
  await client.close();
}

/** Begins a practice and waits until all its pods are there and its ways in are open. */
async function begin(namespace: string, spec: object, ways: (namespace: string) => Promise<readonly string[]>) {
  await hand.practice(namespace, spec);
  await hand.mediaAddress(namespace);
  await waitFor(async () => (await ways(namespace)).length >= 4, {
    timeout: 60_000,
    what: `the ways into ${namespace}`,
  });
  // The entry page rolls once when it is told the media address: for a moment there is a pod more.
  await waitFor(async () => (await hand.names(RESOURCES.Pod, namespace)).length === 6, { what: "six pods" });
}

async function end(namespace: string): Promise<void> {
  const ref = { namespace, name: "greenriver" };
  await hand.remove(PRACTICES, ref);
  await hand.gone(PRACTICES, ref);
}

/** Somebody opens a wall; it is closed again. */
async function breachWall(namespace: string): Promise<void> {
  const ref = { namespace, name: "greenriver-default-deny" };
  await hand.patch(RESOURCES.NetworkPolicy, ref, { spec: { policyTypes: ["Ingress"] } });
  const closed = async () => {
    const wall = (await hand.get(RESOURCES.NetworkPolicy, ref)) as LiveObject & { spec: { policyTypes: string[] } };
    return wall.spec.policyTypes.includes("Egress");
  };
  await waitFor(closed, { what: "the wall to be closed again" });
}

/** Somebody else takes a field of an object of each kind; each is read to say who it was, and put back. */
async function meddle(namespace: string): Promise<void> {
  const key = LABEL.managedBy;
  for (const kind of CHILD_RESOURCES) {
    const found = (await hand.list(kind, namespace)).find(
      ({ metadata }) => metadata.annotations?.[ANNOTATION.rendered],
    );
    if (!found) continue;
    const ref = { namespace, name: found.metadata.name };
    await hand.patch(kind, ref, { metadata: { labels: { [key]: "somebody" } } });
    const back = async () => (await hand.get(kind, ref))?.metadata.labels?.[key] === found.metadata.labels?.[key];
    await waitFor(back, { what: `${kind.kind}/${ref.name} to be put back` });
  }
}

/** cert-manager begins to issue: from then on the operator asks what stands in its way. */
async function beginIssuing(namespace: string): Promise<void> {
  const said = { reason: "DoesNotExist", message: "Issuing certificate as Secret does not exist" };
  const condition = { type: "Issuing", status: "True", lastTransitionTime: new Date().toISOString(), ...said };
  const [name = ""] = (await hand.names(RESOURCES.Certificate, namespace)).filter((each) => each.endsWith("-hosts"));
  await hand.patch(RESOURCES.Certificate, { namespace, name }, { status: { conditions: [condition] } }, "/status");
}

const ingresses = (namespace: string) => hand.names(RESOURCES.Ingress, namespace);
const httpRoutes = (namespace: string) => hand.names(RESOURCES.HTTPRoute, namespace);

/** What the operator asked for since `since`, as the API server recorded it. */
function asked(since: Date): Promise<AuditEvent[]> {
  return plane.auditEvents(
    ({ user, requestReceivedTimestamp }) => user.username === ACCOUNT && new Date(requestReceivedTimestamp) >= since,
  );
}

/** `patch apps/deployments`; applying what is not there needs the right to create as well. */
function rightsUsedBy({ verb, objectRef, responseStatus }: AuditEvent): string[] {
  const { apiGroup = "", resource = "", subresource } = objectRef ?? {};
  const what = `${apiGroup}/${resource}${subresource ? `/${subresource}` : ""}`;
  const created = verb === "patch" && responseStatus?.code === 201;
  return [`${verb} ${what}`, ...(created ? [`create ${what}`] : [])];
}

function rightsOf(rules: readonly Rule[]): string[] {
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`))),
  );
}

async function expectNothingForbidden(since: Date): Promise<void> {
  const refused = (await asked(since)).filter(({ responseStatus }) => responseStatus?.code === 403);
  expect(refused.map(({ verb, requestURI }) => `${verb} ${requestURI}`)).toEqual([]);
}

const LONG = { timeout: 300_000 };

describe("the operator with the rights of its chart and no more", () => {
  const since = new Date();

  it("leads practices with every way in through a whole life, and is never refused", LONG, async () => {
    const operator = await install({});
    const [ingress, gateway, listenerSet] = [await hand.namespace(), await hand.namespace(), await hand.namespace()];
    await Promise.all([
      begin(ingress, { ...WAYS_IN.ingress, deletionPolicy: "Delete" }, ingresses),
      begin(gateway, WAYS_IN.gateway, httpRoutes),
      begin(listenerSet, WAYS_IN.listenerSet, httpRoutes),
    ]);
    await beginIssuing(ingress);
    for (let i = 0; i < 3; i += 1) await breachWall(ingress);
    for (const namespace of [ingress, gateway, listenerSet]) await meddle(namespace);
    // Another way in: the former one is taken away.
    await hand.practice(listenerSet, WAYS_IN.gateway);
    await waitFor(async () => (await hand.names(RESOURCES.ListenerSet, listenerSet)).length === 0);
    const lost = { namespace: gateway, name: "greenriver-signalling-1" };
    await hand.remove(RESOURCES.Secret, lost);
    await waitFor(async () => (await hand.names(RESOURCES.Secret, gateway)).includes("greenriver-signalling-2"));
    // A changed configuration is tried, and what tried it goes.
    await hand.practice(gateway, { ...WAYS_IN.gateway, maintenance: ALWAYS, size: "group" });
    await waitFor(async () => (await hand.names(RESOURCES.Job, gateway)).length > 0, { what: "a trial" });
    await waitFor(async () => (await hand.names(RESOURCES.Job, gateway)).length === 0, {
      what: "the end of the trials",
    });
    await end(ingress);
    await end(gateway);
    // What is kept is taken up again, which writes to Secrets and volumes of a former practice.
    await begin(gateway, WAYS_IN.gateway, httpRoutes);
    await Promise.all([end(gateway), end(listenerSet)]);
    expect(await operator.stop()).toBe(0);
    await expectNothingForbidden(since);
  });

  it("uses every one of them, but those with a stated reason", async () => {
    const used = new Set((await asked(since)).flatMap(rightsUsedBy));
    const granted = rightsOf([...NAMESPACED_RULES, ...CLUSTER_RULES, ...OWN_NAMESPACE_RULES]);
    const reasoned = Object.keys(UNUSED);
    expect(granted.filter((right) => !used.has(right) && !reasoned.includes(right))).toEqual([]);
    expect(reasoned.filter((right) => !granted.includes(right))).toEqual([]);
  });

  it("in named namespaces reads nothing in others", LONG, async () => {
    const began = new Date();
    const [own, other] = [await hand.namespace(), await hand.namespace()];
    const client = apiClient(plane.adminConnection);
    await client.request("DELETE", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/op-practices");
    const operator = await install({ watchNamespaces: [own] });
    const may = async (verb: string, resource: string, namespace?: string) => {
      const resourceAttributes = { verb, resource, ...(namespace && { namespace }) };
      const review = { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview" };
      const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
      const answer = await client.request("POST", path, { ...review, spec: { user: ACCOUNT, resourceAttributes } });
      return (answer.body as { status: { allowed: boolean } }).status.allowed;
    };
    expect(await may("get", "secrets", own)).toBe(true);
    expect(await may("get", "secrets", other)).toBe(false);
    expect(await may("list", "secrets")).toBe(false);
    expect(await may("list", "pods")).toBe(false);
    await begin(own, { deletionPolicy: "Delete" }, ingresses);
    await breachWall(own);
    await end(own);
    expect(await operator.stop()).toBe(0);
    await client.close();
    await expectNothingForbidden(began);
    const where = (await asked(began)).filter(({ objectRef }) => objectRef?.resource === "secrets");
    expect(where.length).toBeGreaterThan(5);
    expect([...new Set(where.map(({ objectRef }) => objectRef?.namespace))]).toEqual([own]);
  });
});
