import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FINALIZER, LABEL } from "../../src/api/group.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { type RunningOperator, startOperator } from "../support/operator.ts";
import { handOn } from "../support/own-cluster.ts";
import { children, childNames } from "../support/practice-bed.ts";

const hand = handOn(bed.adminConnection);
const name = "greenriver";

/** Namespaces are made first, so that one operator that looks after nothing else can serve them all. */
const namespaces = {
  older: "",
  newer: "",
  identity: "",
  service: "",
  volume: "",
  typo: "",
  shared: "",
  strangers: "",
  open: "",
  mismatch: "",
  nodes: "",
};
let operator: RunningOperator;
beforeAll(async () => {
  for (const key of Object.keys(namespaces) as (keyof typeof namespaces)[]) {
    namespaces[key] = await hand.namespace(key === "open" ? {} : undefined);
  }
  operator = await startOperator(bed.kubeconfig, { watchNamespaces: ["default", ...Object.values(namespaces)] });
});
afterAll(async () => {
  await operator.stop();
  await hand.close();
});

/** Nothing in the namespace belongs to the practice, and nothing holds it back from being deleted. */
async function expectUntouched(namespace: string, practice = name): Promise<void> {
  expect(childNames(await children(namespace, practice))).toEqual([]);
  const live = await hand.get(PRACTICES, { namespace, name: practice });
  expect(live?.metadata.finalizers ?? []).not.toContain(FINALIZER);
}

const exists = (namespace: string, kind: string, practice = name) =>
  waitFor(async () => (await children(namespace, practice)).some((child) => child.kind === kind), {
    what: `a ${kind} in ${namespace}`,
  });

describe("two practices that claim one host", () => {
  it("leave it to the older; the newer touches nothing, and takes over by itself when the older is gone", async () => {
    const { older, newer } = namespaces;
    await hand.practice(older);
    await exists(older, "StatefulSet");
    await hand.practice(newer, { hosts: { chat: `chat.${older}.example` } });

    const told = await hand.expectReason(newer, "Stalled", "HostTaken");
    expect(told).toMatchObject({ status: "True" });
    expect(told.message).toContain(`chat.${older}.example belongs to the older practice ${older}/${name}`);
    await hand.expectReason(newer, "Ready", "HostTaken");
    await expectUntouched(newer);
    const stalled = async () => (await hand.status(older)).conditions?.find(({ type }) => type === "Stalled");
    expect((await waitFor(stalled, { what: "the older one's status" })).status).toBe("False");

    await hand.remove(PRACTICES, { namespace: older, name });
    await exists(newer, "StatefulSet");
    await hand.expectReason(newer, "Stalled", "Settled");
  });
});

describe("a foreign object with a name that a practice needs", () => {
  it("is not adopted when it stands for the identity; the practice goes on when it is removed", async () => {
    const namespace = namespaces.identity;
    const ref = { namespace, name: `${name}-identity` };
    const data = { serverName: "somebody.else" };
    const foreign = await hand.create(RESOURCES.ConfigMap, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: ref,
      data,
    });
    await hand.practice(namespace);
    const told = await hand.expectReason(namespace, "Stalled", "NameTaken");
    expect(told.message).toContain(`ConfigMap/${name}-identity`);
    expect(childNames(await children(namespace))).toEqual([]);
    expect(await hand.get(RESOURCES.ConfigMap, ref)).toMatchObject({
      data,
      metadata: { resourceVersion: foreign.metadata.resourceVersion },
    });
    await hand.remove(RESOURCES.ConfigMap, ref);
    await exists(namespace, "StatefulSet");
    await hand.expectReason(namespace, "Stalled", "Settled");
  });

  it("is not overwritten when it is a Service; no workload starts beside it", async () => {
    const namespace = namespaces.service;
    const ref = { namespace, name: `${name}-front` };
    const foreign = await hand.create(RESOURCES.Service, {
      apiVersion: "v1",
      kind: "Service",
      metadata: { ...ref, labels: { app: "somebody-else" } },
      spec: { selector: { app: "somebody-else" }, ports: [{ port: 80 }] },
    });
    await hand.practice(namespace);
    const told = await hand.expectReason(namespace, "Stalled", "NameTaken");
    expect(told.message).toContain(`Service/${name}-front`);
    expect((await children(namespace)).some(({ kind }) => kind === "StatefulSet" || kind === "Deployment")).toBe(false);
    const now = await hand.get(RESOURCES.Service, ref);
    expect(now?.metadata.resourceVersion).toBe(foreign.metadata.resourceVersion);
    await hand.remove(RESOURCES.Service, ref);
    await exists(namespace, "Deployment");
    await hand.expectReason(namespace, "Stalled", "Settled");
    expect((await hand.get(RESOURCES.Service, ref))?.metadata.labels?.[LABEL.practice]).toBe(name);
  });
});

/** A volume of a database, as somebody makes it from a snapshot: only a practice that left it has labels on it. */
function databaseVolume(namespace: string, labels: Readonly<Record<string, string>> = {}) {
  return hand.create(RESOURCES.PersistentVolumeClaim, {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { namespace, name: `${name}-postgres-data`, labels },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Gi" } } },
  });
}

describe("a volume that somebody made from a snapshot of a former practice's", () => {
  const labels = { [LABEL.practice]: name, [LABEL.retainedFrom]: "a-former-practice" };

  it("is not taken without its key, nor is a key made beside it", async () => {
    const namespace = namespaces.volume;
    const { metadata } = await databaseVolume(namespace);
    const key = { namespace, name: `${name}-database-1` };
    await hand.practice(namespace);
    const told = await hand.expectReason(namespace, "Stalled", "NameTaken");
    expect(told.message).toContain(`PersistentVolumeClaim/${name}-postgres-data`);
    await hand.patch(RESOURCES.PersistentVolumeClaim, { namespace, name: metadata.name }, { metadata: { labels } });
    const lost = await hand.expectReason(namespace, "Stalled", "SecretLost");
    expect(lost.message).toContain(key.name);
    expect(await hand.get(RESOURCES.Secret, key)).toBeUndefined();
    const restored = { apiVersion: "v1", kind: "Secret", metadata: { ...key, labels } };
    const kept = await hand.create(RESOURCES.Secret, restored);
    await exists(namespace, "StatefulSet");
    await hand.expectReason(namespace, "Stalled", "Settled");
    expect((await hand.get(RESOURCES.Secret, key))?.metadata.uid).toBe(kept.metadata.uid);
  });

  it("does not come to belong to a host that was only a slip", async () => {
    const namespace = namespaces.typo;
    await databaseVolume(namespace, labels);
    await hand.practice(namespace, { hosts: { matrix: `a-slip.${namespace}.example` } });
    await hand.expectReason(namespace, "Stalled", "SecretLost");
    await hand.remove(PRACTICES, { namespace, name });
    await hand.gone(PRACTICES, { namespace, name });
    await hand.practice(namespace);
    const told = await hand.expectReason(namespace, "Stalled", "SecretLost");
    expect(told.message).toContain(`${name}-database-1`);
  });
});

describe("a namespace that is not the practice's own", () => {
  it("may not be a shared one", async () => {
    const domain = `${namespaces.shared}-default.example`;
    await hand.practice("default", { domain });
    try {
      const told = await hand.expectReason("default", "Stalled", "NamespaceNotDedicated");
      expect(told.message).toContain('"default" is a shared namespace');
      await expectUntouched("default");
    } finally {
      await hand.remove(PRACTICES, { namespace: "default", name });
    }
    await hand.gone(PRACTICES, { namespace: "default", name });
  });

  it("may not hold a second practice, which takes over when the first is gone", async () => {
    const namespace = namespaces.shared;
    await hand.practice(namespace);
    await exists(namespace, "StatefulSet");
    await hand.practice(namespace, { domain: `second.${namespace}.example` }, "second");
    const told = await hand.expectReason(namespace, "Stalled", "NamespaceNotDedicated", "second");
    expect(told.message).toContain(`The practice ${name} already lives in ${namespace}`);
    await expectUntouched(namespace, "second");
    await hand.remove(PRACTICES, { namespace, name });
    await exists(namespace, "StatefulSet", "second");
    await hand.expectReason(namespace, "Stalled", "Settled", "second");
  });

  it("may not hold anybody else's pod; the practice goes on when that is gone", async () => {
    const namespace = namespaces.strangers;
    const ref = { namespace, name: "stranger" };
    await hand.create(RESOURCES.Pod, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: ref,
      spec: {
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
        containers: [
          {
            name: "main",
            image: "example.org/main:1",
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
          },
        ],
      },
    });
    await hand.practice(namespace);
    const told = await hand.expectReason(namespace, "Stalled", "NamespaceNotDedicated");
    expect(told.message).toContain("The pod stranger");
    await expectUntouched(namespace);
    await hand.remove(RESOURCES.Pod, ref);
    await exists(namespace, "StatefulSet");
  });
});

describe("a port of the nodes, where the operator does not see them", () => {
  it("waits until the manifest says where the nodes are reached", async () => {
    const namespace = namespaces.nodes;
    const media = { service: "NodePort" };
    await hand.practice(namespace, { video: { media }, maintenance: { timeZone: "Europe/Bearlin" } });
    const refused = await hand.expectReason(namespace, "Stalled", "InvalidSpec");
    expect(refused.message).toContain("spec.maintenance.timeZone: Europe/Bearlin is not a time zone");

    await hand.practice(namespace, { video: { media } });
    const told = await hand.expectReason(namespace, "MediaAddressKnown", "AddressNeeded");
    expect(told).toMatchObject({ status: "False" });
    expect(told.message).toContain("Set spec.video.media.addresses");
    await hand.practice(namespace, { video: { media: { ...media, addresses: [{ ip: "203.0.113.7" }] } } });
    await hand.expectReason(namespace, "MediaAddressKnown", "Known");
    await waitFor(() => hand.get(RESOURCES.StatefulSet, { namespace, name: `${name}-bridge` }), { what: "the bridge" });
  });
});

describe("a namespace without Pod Security restricted", () => {
  it("gets its walls, but no workload and no route until it is labelled", async () => {
    const namespace = namespaces.open;
    await hand.practice(namespace);
    const told = await hand.expectReason(namespace, "NamespaceHardened", "NamespaceNotRestricted");
    const line = `kubectl label namespace ${namespace} pod-security.kubernetes.io/enforce=restricted`;
    expect(told).toMatchObject({ status: "False", message: expect.stringContaining(line) as unknown });
    const kinds = new Set((await children(namespace)).map(({ kind }) => kind));
    expect(kinds.has("NetworkPolicy")).toBe(true);
    for (const kind of ["StatefulSet", "Deployment", "Ingress"]) expect(kinds.has(kind), kind).toBe(false);
    expect(await hand.list(RESOURCES.Pod, namespace)).toEqual([]);

    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    await hand.patch(RESOURCES.Namespace, { name: namespace }, { metadata: { labels } });
    await hand.expectReason(namespace, "NamespaceHardened", "Restricted");
    await exists(namespace, "StatefulSet");
  });
});

describe("kept data of another matrix host", () => {
  it("is neither used nor lost, and is taken up again under its own name", async () => {
    const namespace = namespaces.mismatch;
    const kept = ["PersistentVolumeClaim", "Secret", "ConfigMap"];
    const left = async () => childNames((await children(namespace)).filter(({ kind }) => kept.includes(kind)));
    await hand.practice(namespace);
    await exists(namespace, "StatefulSet");
    await hand.remove(PRACTICES, { namespace, name });
    await hand.gone(PRACTICES, { namespace, name });
    const before = await left();
    expect(before).toContain(`ConfigMap/${name}-identity`);

    await hand.practice(namespace, { hosts: { matrix: `other.${namespace}.example` }, deletionPolicy: "Delete" });
    const told = await hand.expectReason(namespace, "Stalled", "ServerNameMismatch");
    expect(told.message).toContain(`matrix.${namespace}.example`);
    expect(told.message).toContain(`other.${namespace}.example`);
    expect(await hand.list(RESOURCES.Pod, namespace)).toEqual([]);
    // It never owned the data, so its going deletes none, whatever its deletionPolicy says.
    await hand.remove(PRACTICES, { namespace, name });
    await hand.gone(PRACTICES, { namespace, name });
    expect(await left()).toEqual(before);

    await hand.practice(namespace);
    await exists(namespace, "StatefulSet");
    await hand.expectReason(namespace, "Stalled", "Settled");
  });
});
