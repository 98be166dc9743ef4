import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { FINALIZER, LABEL } from "../../src/api/group.ts";
import { CHILD_RESOURCES } from "../../src/controller/live.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import type { LiveObject, Manifest } from "../../src/manifest.ts";
import { namesOf } from "../../src/practice/names.ts";
import { apiVersionOf, pathOf, RESOURCES } from "../../src/runtime/resources.ts";
import { apiClient } from "../bed/api.ts";
import type { ControlPlane } from "../bed/control-plane.ts";
import { argoApplies, type Judgement, kstatusOf } from "../bed/gitops.ts";
import { createAuthority } from "../bed/pki.ts";
import { waitFor } from "../bed/wait.ts";
import {
  comparedAtRest,
  conditionOf,
  forTheRecord,
  shown,
  TRACKERS,
  trackersOn,
  versions,
  writtenBy,
} from "../support/gitops.ts";
import { type RunningOperator, startOperator } from "../support/operator.ts";
import { type Hand, startOwnCluster } from "../support/own-cluster.ts";
import { practiceFor, RESTRICTED } from "../support/practice-bed.ts";

const NAME = "greenriver";
/** A practice for each side on which Argo CD may apply. */
const SIDES = { client: "greenriver", server: "riverside" } as const;
const sides = Object.entries(SIDES) as ["client" | "server", string][];
const CUSTOMIZATION = "examples/argo-cd/resource_customizations/telehealth-operator.io/TelehealthPractice";

/** What a step of a practice's life may look like to kstatus on the way, and what it has to be at its end. */
interface Step {
  readonly name: string;
  readonly on?: Judgement["status"][];
  readonly end: Judgement["status"];
}

describe("a practice in Git, by Argo CD's own engine and kstatus", { timeout: 300_000, retry: 0 }, () => {
  let plane: ControlPlane;
  let hand: Hand;
  let operator: RunningOperator;
  const since: Record<string, string> = {};
  beforeAll(async () => {
    ({ plane, hand } = await startOwnCluster(["cert-manager"]));
  }, 300_000);
  afterAll(async () => {
    await operator.stop();
    await hand.close();
    await plane.stop();
  });

  /** What is in Git: a namespace of the practice's own, and the practice, with a tracker's marks on it. */
  async function inGit(namespace: string, spec: object = {}): Promise<[Manifest, Manifest]> {
    const practice = await practiceFor(namespace, spec);
    return [
      { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels: RESTRICTED } },
      { ...practice, metadata: { ...practice.metadata, ...TRACKERS } },
    ];
  }
  const each = (act: (namespace: string, side: "client" | "server") => Promise<unknown>) =>
    Promise.all(sides.map(([side, namespace]) => act(namespace, side)));
  const sync = (spec: object = {}) =>
    each(async (namespace, side) => argoApplies(plane.kubeconfig, side, await inGit(namespace, spec)));
  const live = async (namespace: string) => {
    const found = await hand.get(PRACTICES, { namespace, name: NAME });
    if (!found) throw new Error(`There is no practice in ${namespace}.`);
    return found;
  };
  const is = (type: string, status: string, reason?: string) =>
    each((namespace) =>
      waitFor(
        async () => {
          const found = conditionOf(await live(namespace), type);
          const seen = (await live(namespace))["status"] as { observedGeneration?: number };
          if (seen.observedGeneration === (await live(namespace)).metadata.generation && found?.status === status) {
            if (reason === undefined || found.reason === reason) return true;
          }
          throw new Error(`${type} is ${found?.status} ${found?.reason}: ${found?.message}`);
        },
        { timeout: 90_000, interval: 250, what: `${type} to be ${status} in ${namespace}` },
      ),
    );

  /** No way of comparing finds a difference, and what a person wrote is as it was written. */
  async function noDiff(spec: object = {}): Promise<void> {
    const objects = (await Promise.all(sides.map(([, namespace]) => inGit(namespace, spec)))).flat();
    const found = await comparedAtRest(plane, objects);
    expect(shown(found)).toEqual([]);
    expect(found.filter(({ modified }) => modified)).toEqual([]);
    expect(found).toHaveLength(objects.length * 4);
    await each(async (namespace) => {
      const practice = await live(namespace);
      const { labels, annotations = {}, finalizers = [] } = practice.metadata as Metadata;
      const { "kubectl.kubernetes.io/last-applied-configuration": _, ...written } = annotations;
      expect({ labels, annotations: written }).toEqual(TRACKERS);
      expect(["metadata.finalizers", "status"]).toEqual(
        expect.arrayContaining(writtenBy(practice, /^telehealth-operator/)),
      );
      const others = finalizers.filter((finalizer) => finalizer !== FINALIZER);
      expect(practice.metadata.deletionTimestamp ? ["foregroundDeletion"] : []).toEqual(others);
    });
  }

  /** The versions that a step went through, as kstatus judges them; and what no version may ever be. */
  async function expectStep({ name, on = ["InProgress"], end }: Step): Promise<void> {
    await each(async (namespace) => {
      const seen = await versions(plane, namespace, since[namespace] ?? "0");
      since[namespace] = seen.at(-1)?.metadata.resourceVersion ?? since[namespace] ?? "0";
      const judged = await kstatusOf(seen);
      const told = seen.map((version, index) => ({ version, status: judged[index]?.status ?? "Unknown" }));
      for (const { version, status } of told) {
        const { observedGeneration } = (version["status"] ?? {}) as { observedGeneration?: number };
        if (status === "Current") expect(observedGeneration).toBe(version.metadata.generation);
        const [ready, reconciling, stalled] = ["Ready", "Reconciling", "Stalled"].map(
          (type) => conditionOf(version, type)?.status === "True",
        );
        expect({ ready, reconciling, stalled }).not.toMatchObject({ ready: true, reconciling: true });
        expect({ ready, reconciling, stalled }).not.toMatchObject({ ready: true, stalled: true });
        expect({ ready, reconciling, stalled }).not.toMatchObject({ reconciling: true, stalled: true });
      }
      const states = told.map(({ status }) => status);
      expect(states.length).toBeGreaterThan(0);
      console.info(`${name} (${namespace}): ${states.join(" ")}`);
      expect(states.at(-1), `${name} in ${namespace}`).toBe(end);
      expect([...on, end]).toEqual(expect.arrayContaining(states));
    });
    await expectRecorded(name, await live(SIDES.client));
  }

  /** The states that health_test.yaml judges are those that the operator really leaves behind. */
  async function expectRecorded(name: string, practice: LiveObject): Promise<void> {
    const recorded = stringify(forTheRecord(practice), { lineWidth: 0 });
    await expect(recorded).toMatchFileSnapshot(`../../${CUSTOMIZATION}/testdata/${name}.yaml`);
  }

  /** The first version since the last step that is like this. */
  async function passed(isIt: (version: LiveObject) => boolean): Promise<LiveObject> {
    const found = (await versions(plane, SIDES.client, since[SIDES.client] ?? "0")).find(isIt);
    if (!found) throw new Error("No version was like that.");
    return found;
  }

  const same = { expect: noDiff };
  const step = { expect: expectStep };

  it("as it was applied, before any operator looks at it", async () => {
    await sync();
    await each(async (namespace) => {
      const { metadata } = await live(namespace);
      since[namespace] = String(Number(metadata.resourceVersion) - 1);
    });
    await same.expect();
    await step.expect({ name: "applied", end: "InProgress" });
  });

  it("while it is being made", async () => {
    operator = await startOperator(plane.kubeconfig);
    await is("MediaAddressKnown", "False", "AddressAwaited");
    await is("Reconciling", "True");
    await same.expect();
    await step.expect({ name: "progressing", end: "InProgress" });
  });

  it("when it is ready", async () => {
    const authority = await createAuthority();
    await each(async (namespace) => {
      await hand.mediaAddress(namespace);
      const ref = { namespace, name: namesOf(NAME).hostsCertificate };
      const certificate = (await hand.get(RESOURCES.Certificate, ref)) as LiveObject & { spec: CertificateSpec };
      const { dnsNames, secretName, secretTemplate } = certificate.spec;
      const { cert, key } = await authority.issue({ user: NAME, dnsNames });
      await hand.create(RESOURCES.Secret, {
        apiVersion: apiVersionOf(RESOURCES.Secret),
        kind: "Secret",
        type: "kubernetes.io/tls",
        metadata: { name: secretName, namespace, labels: secretTemplate.labels },
        stringData: { "tls.crt": cert, "tls.key": key },
      });
      const now = new Date().toISOString();
      const conditions = [{ type: "Ready", status: "True", reason: "Ready", message: "", lastTransitionTime: now }];
      await hand.patch(RESOURCES.Certificate, ref, { status: { conditions } }, "/status");
    });
    await is("Ready", "True");
    await same.expect();
    await step.expect({ name: "ready", end: "Current" });
  });

  it("has children that no tracker takes for its own, each with an owner unless it is kept or a wall", async () => {
    const kept = ["greenriver-identity", "greenriver-database-1", "greenriver-entry-1", "greenriver-synapse-1"];
    const certManagers = [namesOf(NAME).hostsTls]; // the operator takes these away itself
    await each(async (namespace) => {
      const uid = (await live(namespace)).metadata.uid;
      const all = await everythingIn(namespace);
      expect(all.length).toBeGreaterThan(50);
      const ours = all.filter(({ metadata }) => metadata.labels?.[LABEL.practice] === NAME);
      expect(
        Object.fromEntries(ours.map((child) => [`${child.kind}/${child.metadata.name}`, trackersOn(child)])),
      ).toEqual(Object.fromEntries(ours.map((child) => [`${child.kind}/${child.metadata.name}`, []])));
      const children = ours.filter(({ kind }) => kind !== "Pod");
      expect(children.map(({ kind }) => kind)).toContain("Secret");
      for (const { kind, metadata } of children) {
        const unowned =
          ["NetworkPolicy", "PersistentVolumeClaim"].includes(kind) ||
          kept.includes(metadata.name) ||
          (kind === "Secret" && certManagers.includes(metadata.name));
        const owners = (metadata.ownerReferences ?? []).map((owner) => ({
          uid: owner.uid,
          controller: owner.controller,
        }));
        expect(owners, `${kind}/${metadata.name}`).toEqual(unowned ? [] : [{ uid, controller: true }]);
      }
    });
  });

  it("while a promise is broken from outside, then its door closed for that, and when it is mended", async () => {
    const hole = { podSelector: {}, ingress: [{}], policyTypes: ["Ingress"] };
    await each((namespace) =>
      hand.create(RESOURCES.NetworkPolicy, {
        apiVersion: apiVersionOf(RESOURCES.NetworkPolicy),
        kind: "NetworkPolicy",
        metadata: { name: "hole", namespace },
        spec: hole,
      }),
    );
    await is("Ready", "False", "ForeignPolicy");
    await same.expect();
    await is("Ready", "False", "DoorClosed");
    await same.expect();
    await expectRecorded(
      "broken",
      await passed((version) => conditionOf(version, "Ready")?.reason === "ForeignPolicy"),
    );
    await step.expect({ name: "door-closed", on: ["Current", "InProgress"], end: "InProgress" });
    await each((namespace) => hand.remove(RESOURCES.NetworkPolicy, { namespace, name: "hole" }));
    await is("Ready", "True");
    await step.expect({ name: "ready", on: ["InProgress"], end: "Current" });
  });

  it("while it cannot go on, and when it can again", async () => {
    const secrets = await Promise.all(
      sides.map(([, namespace]) => hand.get(RESOURCES.Secret, { namespace, name: "greenriver-database-1" })),
    );
    await each((namespace) => hand.remove(RESOURCES.Secret, { namespace, name: "greenriver-database-1" }));
    await is("Stalled", "True", "SecretLost");
    await same.expect();
    await step.expect({ name: "stalled", on: ["Current", "InProgress"], end: "Failed" });
    for (const secret of secrets) {
      if (!secret) throw new Error("There was no Secret.");
      const { name, namespace, labels } = secret.metadata;
      await hand.create(RESOURCES.Secret, {
        ...secret,
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name, ...(namespace && { namespace }), ...(labels && { labels }) },
      });
    }
    await is("Ready", "True");
    await step.expect({ name: "ready", on: ["InProgress", "Failed"], end: "Current" });
  });

  it("while an update that came with another operator waits for calls to end, and when it is taken back", async () => {
    const operatorWith = async (config: Readonly<Record<string, unknown>>) => {
      await operator.stop();
      operator = await startOperator(plane.kubeconfig, config);
    };
    await operatorWith({ images: { jvb: "mirror.example/jvb:2" } });
    await is("UpdatePending", "True", "WaitingForQuietMoment");
    await same.expect();
    await step.expect({ name: "update-pending", on: [], end: "Current" });
    await operatorWith({});
    await is("UpdatePending", "False");
    await step.expect({ name: "ready", on: [], end: "Current" });
  });

  it("while it is paused by Argo CD's action, of which Git says nothing", async () => {
    await each((namespace) => hand.patch(PRACTICES, { namespace, name: NAME }, { spec: { suspend: true } }));
    await is("Suspended", "True");
    await same.expect();
    await expectRecorded("edited", await passed(() => true));
    await step.expect({ name: "suspended", end: "Current" });
    await each((namespace) => hand.patch(PRACTICES, { namespace, name: NAME }, { spec: { suspend: false } }));
    await is("Suspended", "False");
    await same.expect();
  });

  it("while Git itself suspends it, and when Git does so no more", async () => {
    await sync({ suspend: true });
    await is("Suspended", "True");
    await same.expect({ suspend: true });
    await sync();
    await is("Suspended", "False");
    await same.expect();
  });

  it("while an edit waits for calls to end, and when it is taken back", async () => {
    const spec = { video: { maxParticipants: 4 } };
    await sync(spec);
    await is("Ready", "False", "WaitingForQuietMoment");
    await same.expect(spec);
    await step.expect({ name: "edit-held", on: ["Current", "InProgress"], end: "InProgress" });
    await sync();
    await is("Ready", "True");
  });

  it("while a check refuses what follows from an edit, and when it is taken back", async () => {
    const spec = { messaging: { retention: { days: 30 } } };
    const said = `("Failed to parse config for module 'x'", ('modules', '<item 0>', 'config'))\n`;
    // Trials wait for a node, so that nobody but this test says how they end.
    const cordon = (unschedulable: boolean) =>
      hand.patch(RESOURCES.Node, { name: "simulated" }, { spec: { unschedulable } });
    await cordon(true);
    await sync(spec);
    await each(async (namespace) => hand.podEnds(await trialIn(namespace), 1, said));
    await is("Stalled", "True", "ConfigurationRefused");
    await same.expect(spec);
    await step.expect({ name: "refused", on: ["Current", "InProgress"], end: "Failed" });
    await cordon(false);
    await sync();
    await is("Ready", "True");
    await each(async (namespace) => {
      since[namespace] = (await live(namespace)).metadata.resourceVersion;
    });
  });

  it("while it is being taken down, as Argo CD does it, in the foreground", async () => {
    const client = apiClient(plane.adminConnection);
    const pod = (namespace: string) => ({ namespace, name: "greenriver-bridge-0" });
    const hold = (finalizers: string[] | null) =>
      each((namespace) => hand.patch(RESOURCES.Pod, pod(namespace), { metadata: { finalizers } }));
    await hold(["tests.example/hold"]);
    await each(async (namespace) => {
      const path = pathOf(PRACTICES, { namespace, name: NAME });
      expect((await client.request("DELETE", path, { propagationPolicy: "Foreground" })).status).toBe(200);
    });
    await client.close();
    await is("Reconciling", "True", "Deleting");
    await same.expect();
    await step.expect({ name: "terminating", on: [], end: "Terminating" });
    await hold(null);
    await each((namespace) => hand.gone(PRACTICES, { namespace, name: NAME }));
  });

  /** The one pod that tries a changed configuration. */
  function trialIn(namespace: string): Promise<LiveObject> {
    const look = async () => {
      const pods = await hand.list(RESOURCES.Pod, namespace);
      return pods.find(({ metadata }) => metadata.labels?.[LABEL.role] === "trial");
    };
    return waitFor(look, { timeout: 60_000, what: `a trial in ${namespace}` });
  }

  /** Children of every kind that a practice consists of, its Secrets and its pods. */
  async function everythingIn(namespace: string): Promise<LiveObject[]> {
    const resources = [...CHILD_RESOURCES, RESOURCES.Secret, RESOURCES.Pod];
    const lists = await Promise.all(
      resources.map(async (resource) =>
        (await hand.list(resource, namespace)).map((item) => ({ ...item, kind: resource.kind })),
      ),
    );
    return lists.flat();
  }
});

interface CertificateSpec {
  readonly dnsNames: readonly string[];
  readonly secretName: string;
  readonly secretTemplate: { readonly labels: Readonly<Record<string, string>> };
}

interface Metadata {
  readonly labels?: object;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
}
