import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { ANNOTATION, API_VERSION, KIND, LABEL } from "../../src/api/group.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { CHILD_RESOURCES } from "../../src/controller/live.ts";
import type { LiveObject } from "../../src/manifest.ts";
import { apiVersionOf, pathOf, RESOURCES } from "../../src/runtime/resources.ts";
import { apiClient } from "../bed/api.ts";
import { removeCrds } from "../bed/crds.ts";
import { waitFor } from "../bed/wait.ts";
import { auditEvents, bed, kubectl } from "../support/bed.ts";
import { type RunningOperator, startOperator } from "../support/operator.ts";
import { follow } from "../support/history.ts";
import { handOn, startOwnCluster } from "../support/own-cluster.ts";
import { applyPractice, childNames, children, giveMediaAddress, practiceNamespace } from "../support/practice-bed.ts";

const NAME = "greenriver";
/** The garbage collector learns of a new kind only after up to half a minute. */
const END = { timeout: 90_000, what: "the practice to be gone" };
const HOLD = "tests.example/hold";
const KEPT = [
  "ConfigMap/greenriver-identity",
  "PersistentVolumeClaim/greenriver-postgres-data",
  "PersistentVolumeClaim/greenriver-synapse-media",
  "Secret/greenriver-database-1",
  "Secret/greenriver-entry-1",
  "Secret/greenriver-synapse-1",
];

const client = apiClient(bed.adminConnection);
const hand = handOn(bed.adminConnection);

const practice = (namespace: string) => hand.get(PRACTICES, { namespace, name: NAME });
const gone = (namespace: string) => waitFor(async () => (await practice(namespace)) === undefined, END);
const walls = (namespace: string) => hand.names(RESOURCES.NetworkPolicy, namespace);
const pods = (namespace: string) => hand.names(RESOURCES.Pod, namespace);

async function remove(namespace: string, propagationPolicy: "Background" | "Foreground" | "Orphan"): Promise<void> {
  const path = pathOf(PRACTICES, { namespace, name: NAME });
  const { status } = await client.request("DELETE", path, { propagationPolicy });
  expect(status).toBe(200);
}

/** Until every pod and every route of a practice is there. */
async function complete(namespace: string): Promise<void> {
  await giveMediaAddress(namespace);
  await waitFor(
    async () => (await pods(namespace)).length === 6 && (await hand.names(RESOURCES.Ingress, namespace)).length === 4,
    { timeout: 60_000, what: `the practice in ${namespace} to be complete` },
  );
}

/**
 * Keeps pods ending until they are let go: simulated pods end at once, real ones take the time of their grace.
 * @returns what lets them go.
 */
async function holdPods(namespace: string, ...roles: string[]): Promise<() => Promise<void>> {
  const all = await hand.list(RESOURCES.Pod, namespace);
  const held = all.filter(({ metadata }) => roles.includes(metadata.labels?.[LABEL.role] ?? ""));
  expect(held).toHaveLength(roles.length);
  const finalizers = async (value: readonly string[] | null) => {
    for (const { metadata } of held) {
      await hand.patch(RESOURCES.Pod, { namespace, name: metadata.name }, { metadata: { finalizers: value } });
    }
  };
  await finalizers([HOLD]);
  return () => finalizers(null);
}

/** Follows what happens in a namespace from here on, until the test is over. */
async function followed(namespace: string) {
  const { body } = await client.request("GET", pathOf(RESOURCES.Pod, { namespace }));
  const { resourceVersion } = (body as { metadata: { resourceVersion: string } }).metadata;
  const many = (await walls(namespace)).length;
  const history = await follow(bed.adminConnection, hand, namespace, resourceVersion);
  onTestFinished(() => history.end());
  return {
    /** No pod was there, and none came, when the first wall went. */
    async expectWallsToHaveOutlivedPods(): Promise<void> {
      const of = async (kind: string) => {
        const told = (await history.told()).filter(({ object }) => object.kind === kind);
        const at = (each: typeof told) => each.map(({ object }) => Number(object.metadata.resourceVersion));
        const gone = told.filter(({ type }) => type === "DELETED");
        const uids = new Set(told.map(({ object }) => object.metadata.uid));
        return { all: at(told), gone: at(gone), isOver: gone.length === uids.size };
      };
      const allGone = async () => {
        const [pods, fallen] = [await of("Pod"), await of("NetworkPolicy")];
        return fallen.gone.length === many && pods.gone.length >= 6 && pods.isOver;
      };
      await waitFor(allGone, { what: "the end of all walls and pods to be told" });
      const [pods, fallen] = [await of("Pod"), await of("NetworkPolicy")];
      expect(Math.max(...pods.all)).toBeLessThan(Math.min(...fallen.gone));
    },
  };
}

/** Everything that is left in a namespace, of every kind that the server knows and that was not there at first. */
async function leftIn(namespace: string): Promise<string[]> {
  const kinds = (await kubectl(["api-resources", "--namespaced", "--verbs=list", "-o", "name"])).trim().split("\n");
  const names = await kubectl(["get", kinds.join(","), "-n", namespace, "-o", "name"]);
  const usual = /^(event|events\.events|lease)|^configmap\/kube-root-ca.crt$|^serviceaccount\/default$/;
  return names.split("\n").filter((name) => name !== "" && !usual.test(name));
}

describe("the end of a practice", () => {
  const NAMESPACES = ["background", "orphan", "foreground", "whole", "newborn"] as const;
  const at = {} as Record<(typeof NAMESPACES)[number], string>;
  let operator: RunningOperator;
  const start = () => startOperator(bed.kubeconfig, { watchNamespaces: Object.values(at) });

  beforeAll(async () => {
    for (const namespace of NAMESPACES) at[namespace] = await practiceNamespace();
    operator = await start();
    for (const namespace of NAMESPACES.slice(0, -1)) {
      const deletionPolicy = namespace === "orphan" ? "Delete" : "Retain";
      await applyPractice(at[namespace], { deletionPolicy });
    }
    await Promise.all(NAMESPACES.slice(0, -1).map((namespace) => complete(at[namespace])));
  });
  afterAll(() => operator.stop());

  it("in the background: routes, pods, the rest, and the walls when no pod is left", async () => {
    const namespace = at.background;
    const before = await walls(namespace);
    const history = await followed(namespace);
    const letGo = await holdPods(namespace, "front", "bridge");
    // A Deployment that is not gone could still make a pod, so it is held longer than its pods.
    const front = { namespace, name: `${NAME}-front` };
    await hand.patch(RESOURCES.Deployment, front, { metadata: { finalizers: [HOLD] } });
    await remove(namespace, "Background");
    await waitFor(async () => (await pods(namespace)).length === 2 && (await children(namespace)).length < 25);
    await hand.expectReason(namespace, "Reconciling", "Deleting");
    expect(await hand.names(RESOURCES.Ingress, namespace)).toEqual([]);
    expect(await walls(namespace)).toEqual(before);
    expect(await practice(namespace)).toBeDefined();
    await letGo();
    await waitFor(async () => (await pods(namespace)).length === 0, { what: "the last pods to end" });
    await lookedAt(namespace, 2);
    expect(await walls(namespace)).toEqual(before);
    await hand.patch(RESOURCES.Deployment, front, { metadata: { finalizers: null } });
    await gone(namespace);
    await history.expectWallsToHaveOutlivedPods();
    const order = await deletesOf(namespace);
    const first = order.indexOf("networkpolicies");
    const last = order.lastIndexOf("networkpolicies");
    expect(order.indexOf("ingresses")).toBe(0);
    expect(new Set(order.slice(first, last + 1))).toEqual(new Set(["networkpolicies"]));
    expect(new Set(order.slice(last + 1))).toEqual(new Set(["secrets"]));
  });

  it("with Retain keeps volumes and what reads them, and a practice of the same name takes them up again", async () => {
    const namespace = at.background;
    const kept = await children(namespace);
    expect(childNames(kept)).toEqual(KEPT);
    for (const { metadata } of kept) {
      expect(metadata.labels, metadata.name).toHaveProperty([LABEL.retainedFrom]);
      expect(metadata.labels, metadata.name).not.toHaveProperty([LABEL.practiceUid]);
      expect(metadata.ownerReferences, metadata.name).toBeUndefined();
    }
    await applyPractice(namespace);
    await complete(namespace);
    const uid = (await practice(namespace))?.metadata.uid;
    const after = await children(namespace);
    for (const object of kept) {
      const again = after.find(({ metadata }) => metadata.uid === object.metadata.uid);
      expect(again?.metadata.labels, object.metadata.name).toMatchObject({ [LABEL.practiceUid]: uid });
      expect(again?.metadata.labels, object.metadata.name).not.toHaveProperty([LABEL.retainedFrom]);
      expect(again?.["data"] ?? {}).toMatchObject(lasting(object));
    }
  });

  it("with Retain keeps also what opens receipts: the current key, the former one, and one that a former release owned", async () => {
    const namespace = at.background;
    const secrets = ["greenriver-entry-1", "greenriver-entry-2"];
    const [first = "", second = ""] = secrets;
    const owned = async (name: string) =>
      (await hand.get(RESOURCES.Secret, { namespace, name }))?.metadata.ownerReferences !== undefined;
    const { metadata } = (await practice(namespace)) ?? { metadata: { uid: "" } };
    const owner = { apiVersion: API_VERSION, kind: KIND, name: NAME, uid: metadata.uid, controller: true };
    await hand.patch(
      RESOURCES.Secret,
      { namespace, name: first },
      {
        metadata: { ownerReferences: [owner], annotations: { [ANNOTATION.replace]: "now" } },
      },
    );
    await waitFor(async () => (await hand.names(RESOURCES.Secret, namespace)).includes(second), { timeout: 60_000 });
    await waitFor(async () => !(await owned(first)) && !(await owned(second)), { timeout: 60_000, what: "no owner" });
    await remove(namespace, "Background");
    await gone(namespace);
    // Whatever has no owner any more is there still when the garbage collector has looked.
    const contents = async () => {
      const found = await Promise.all(secrets.map((name) => hand.get(RESOURCES.Secret, { namespace, name })));
      return found.map((secret) => secret?.["data"]);
    };
    const kept = await contents();
    expect(kept).not.toContain(undefined);
    await applyPractice(namespace);
    await complete(namespace);
    expect(await contents()).toEqual(kept);
    const uid = (await practice(namespace))?.metadata.uid;
    for (const name of secrets) {
      const secret = await hand.get(RESOURCES.Secret, { namespace, name });
      expect(secret?.metadata.labels, name).toMatchObject({ [LABEL.practiceUid]: uid });
    }
    const pod = (await hand.list(RESOURCES.Pod, namespace)).find(
      (one) => one.metadata.labels?.[LABEL.role] === "entry",
    );
    for (const name of secrets) expect(JSON.stringify(pod)).toContain(name);
  });

  it("with Delete leaves nothing of it, though the deletion orphans, and everything of others", async () => {
    const namespace = at.orphan;
    const uid = (await practice(namespace))?.metadata.uid ?? "";
    const history = await followed(namespace);
    await playCertManager(namespace, uid);
    const others = { apiVersion: "v1", kind: "Secret", metadata: { name: "somebody-elses", namespace } };
    await hand.create(RESOURCES.Secret, { ...others, stringData: { "tls.key": "theirs" } });
    await remove(namespace, "Orphan");
    await gone(namespace);
    await history.expectWallsToHaveOutlivedPods();
    // Claims and what the garbage collector takes go a moment later.
    await waitFor(async () => (await leftIn(namespace)).length === 1, { timeout: 60_000, interval: 1000 }).catch(
      async () => expect(await leftIn(namespace)).toEqual(["secret/somebody-elses"]),
    );
    expect(await leftIn(namespace)).toEqual(["secret/somebody-elses"]);
  });

  it("of one that has hardly begun leaves nothing either", async () => {
    const namespace = at.newborn;
    for (const moment of ["secrets", "configmaps", "networkpolicies", "persistentvolumeclaims"]) {
      const resource = [...CHILD_RESOURCES, RESOURCES.Secret].find(({ plural }) => plural === moment);
      if (!resource) throw new Error(`${moment} are no children.`);
      const ours = async () =>
        (await hand.list(resource, namespace)).some(({ metadata }) => metadata.labels?.[LABEL.practice]);
      await applyPractice(namespace, { deletionPolicy: "Delete" });
      await waitFor(ours, { interval: 5, what: `the first of ${moment}` });
      await remove(namespace, "Background");
      await gone(namespace);
      const empty = async () => (await children(namespace)).length === 0;
      await waitFor(empty, { timeout: 20_000 }).catch(async () =>
        expect(childNames(await children(namespace))).toEqual([]),
      );
    }
  });

  it("in the foreground with no operator there: the garbage collector takes neither walls nor data; it comes back and finishes", async () => {
    const namespace = at.foreground;
    const before = await walls(namespace);
    const history = await followed(namespace);
    await operator.kill();
    await remove(namespace, "Foreground");
    await waitFor(async () => (await children(namespace)).every(({ metadata }) => !metadata.ownerReferences), {
      timeout: 90_000,
      what: "the garbage collector to take what has an owner",
    });
    expect(await walls(namespace)).toEqual(before);
    const names = childNames(await children(namespace));
    expect(names).toEqual(expect.arrayContaining(KEPT));
    operator = await start();
    await gone(namespace);
    expect(childNames(await children(namespace))).toEqual(KEPT);
    await history.expectWallsToHaveOutlivedPods();
  });

  it("with its namespace ends as well, walls after pods", async () => {
    const namespace = at.whole;
    const before = await walls(namespace);
    const history = await followed(namespace);
    const letGo = await holdPods(namespace, "front", "bridge");
    await hand.remove(RESOURCES.Namespace, { name: namespace });
    await waitFor(async () => (await pods(namespace)).length === 2, {
      what: "all pods to end but those that are held",
    });
    expect(await walls(namespace)).toEqual(before);
    await letGo();
    await hand.gone(RESOURCES.Namespace, { name: namespace });
    await history.expectWallsToHaveOutlivedPods();
  });

  it("says nothing of a failure in the log", async () => {
    const failures = (await operator.log()).split("\n").filter((line) => line.includes("reconcile failed"));
    // A namespace may be refused to us a moment before we hear that it is being deleted.
    const [elsewhere, ending] = [false, true].map((is) => failures.filter((line) => line.includes(at.whole) === is));
    expect(elsewhere).toEqual([]);
    expect(ending?.length).toBeLessThanOrEqual(2);
  });
});

describe("the end of a practice in a cluster from which cert-manager was removed", () => {
  it("comes all the same", { timeout: 400_000 }, async () => {
    const { plane, hand } = await startOwnCluster(["cert-manager"]);
    const operator = await startOperator(plane.kubeconfig, {});
    try {
      const namespace = await hand.namespace();
      await hand.practice(namespace, { deletionPolicy: "Delete" });
      await hand.mediaAddress(namespace);
      await waitFor(async () => (await hand.names(RESOURCES.Pod, namespace)).length === 6, { timeout: 60_000 });
      const begun = Date.now();
      await removeCrds(plane.adminConnection, "cert-manager");
      const written = await plane.auditEvents(
        ({ verb, objectRef, requestReceivedTimestamp }) =>
          ["create", "patch"].includes(verb) &&
          objectRef?.apiGroup === "cert-manager.io" &&
          Date.parse(requestReceivedTimestamp) > begun + 5000,
      );
      // Whatever is made again holds the removal up.
      expect(written.map(({ requestURI }) => requestURI)).toEqual([]);
      await hand.expectReason(namespace, "CertificatesReady", "CertManagerMissing", NAME, 90_000);
      const before = (await operator.log()).length;
      await hand.remove(PRACTICES, { namespace, name: NAME });
      await hand.gone(PRACTICES, { namespace, name: NAME });
      expect(await hand.names(RESOURCES.NetworkPolicy, namespace)).toEqual([]);
      expect((await operator.log()).slice(before)).not.toContain("reconcile failed");
    } finally {
      await operator.stop();
      await hand.close();
      await plane.stop();
    }
  });
});

/** What of an object's data must be the same for ever. What carries no data is made anew, under the next number. */
function lasting(object: LiveObject): object {
  const data = (object["data"] ?? {}) as Record<string, string>;
  return Object.fromEntries(
    Object.entries(data).filter(([key]) => !/^secret\.(signalling|rooms|fingerprint)$/.test(key)),
  );
}

/** Until the operator has asked `times` more which pods are left in a namespace. */
async function lookedAt(namespace: string, times: number): Promise<void> {
  const from = new Date();
  const looks = () =>
    auditEvents(
      ({ verb, userAgent = "", objectRef, requestReceivedTimestamp }) =>
        verb === "list" &&
        userAgent.startsWith("telehealth-operator") &&
        objectRef?.namespace === namespace &&
        objectRef.resource === "pods" &&
        new Date(requestReceivedTimestamp) > from,
      namespace,
    );
  await waitFor(async () => (await looks()).length >= times, { interval: 500, what: "the operator to look again" });
}

/** What the operator deleted in a namespace, by resource, in the API server's own order; pods and other finds left out. */
async function deletesOf(namespace: string): Promise<string[]> {
  const events = await auditEvents(
    ({ verb, userAgent = "", objectRef, responseStatus }) =>
      verb === "delete" &&
      userAgent.startsWith("telehealth-operator") &&
      objectRef?.namespace === namespace &&
      responseStatus?.code === 200,
    namespace,
  );
  return events.map(({ objectRef }) => objectRef?.resource ?? "").filter((resource) => resource !== "pods");
}

/** Makes the Secrets that cert-manager would: those of certificates, with the labels that they ask for, and the account's key. */
async function playCertManager(namespace: string, uid: string): Promise<void> {
  const certificates = await hand.list(RESOURCES.Certificate, namespace);
  expect(certificates.length).toBeGreaterThanOrEqual(3);
  const apiVersion = apiVersionOf(RESOURCES.Secret);
  for (const { spec } of certificates as (LiveObject & { spec: CertificateSpec })[]) {
    expect(spec.secretTemplate.labels[LABEL.practiceUid]).toBe(uid);
    const metadata = { name: spec.secretName, namespace, labels: spec.secretTemplate.labels };
    await hand.create(RESOURCES.Secret, {
      apiVersion,
      kind: "Secret",
      metadata,
      stringData: { "tls.key": "x", "tls.crt": "x" },
    });
  }
  const account = { name: `${NAME}-issuer`, namespace };
  await hand.create(RESOURCES.Secret, {
    apiVersion,
    kind: "Secret",
    metadata: account,
    stringData: { "tls.key": "x" },
  });
}

interface CertificateSpec {
  readonly secretName: string;
  readonly secretTemplate: { readonly labels: Readonly<Record<string, string>> };
}
