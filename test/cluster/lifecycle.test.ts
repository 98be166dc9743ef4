import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LABEL } from "../../src/api/group.ts";
import { pathOf, RESOURCES } from "../../src/runtime/resources.ts";
import { apiClient } from "../bed/api.ts";
import { waitFor } from "../bed/wait.ts";
import { bed, kubectl, kubectlApply, kubectlGet } from "../support/bed.ts";
import { telehealth } from "../support/cli.ts";
import { type RunningOperator, startOperator } from "../support/operator.ts";
import { handOn } from "../support/own-cluster.ts";
import {
  applyPractice,
  childNames,
  children,
  expectReason,
  giveMediaAddress,
  practiceFor,
  practiceNamespace,
  quiet,
  statusOf,
  writesOf,
} from "../support/practice-bed.ts";

const client = apiClient(bed.adminConnection);
const hand = handOn(bed.adminConnection);

interface Metadata {
  readonly name: string;
  readonly labels?: object;
  readonly annotations?: object;
  readonly ownerReferences?: object;
}

function dataOf(map: unknown): Readonly<Record<string, string>> {
  return (map as { data?: Record<string, string> }).data ?? {};
}

async function eventsOf(namespace: string): Promise<string[]> {
  const { items } = await kubectlGet<{ items: { message: string }[] }>("events", "-n", namespace);
  return items.map(({ message }) => message);
}

describe("the life of a practice on a real API server, with simulated pods", () => {
  let namespace: string;
  let operator: RunningOperator;
  beforeAll(async () => {
    namespace = await practiceNamespace();
    operator = await startOperator(bed.kubeconfig, { watchNamespaces: [namespace] });
    await applyPractice(namespace);
    await giveMediaAddress(namespace);
    await hand.converged(namespace);
    await quiet(namespace);
  });
  afterAll(() => operator.stop());

  /** What reconciles that changed something have logged, one line each. */
  const changesLogged = async () => {
    const lines = (await operator.log()).split("\n").filter((line) => line.includes("Objects changed"));
    return lines.map((line) => JSON.parse(line) as object);
  };

  it("says in its status what is in force, what waits and what comes next", async () => {
    const status = await statusOf(namespace);
    const reasons = Object.fromEntries((status.conditions ?? []).map(({ type, reason }) => [type, reason]));
    expect(reasons).toMatchObject({
      Ready: "CertificateIssuing",
      RecordingDisabled: "Verified",
      EndToEndEncryptionEnforced: "Enforced",
      NetworkIsolated: "NotProbed",
      MediaAddressKnown: "Known",
      ComponentsReady: "AllReady",
      NamespaceHardened: "Restricted",
    });
    expect(status.urls?.meet).toBe(`https://meet.${namespace}.example`);
  });

  it("writes nothing when the same manifest comes ten times and the operator restarts", async () => {
    const since = new Date();
    const practice = await practiceFor(namespace);
    for (let i = 0; i < 10; i += 1) await kubectlApply(practice);
    await operator.stop();
    operator = await startOperator(bed.kubeconfig, { watchNamespaces: [namespace] });
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(await writesOf(namespace, since)).toEqual([]);
    expect(await changesLogged()).toEqual([]);
  });

  // Before the last of these, which uses up most of the events that one object may have in a short time.
  it("puts back what somebody edits, and names the editor in an event", async () => {
    const before = (await changesLogged()).length;
    const wall = "greenriver-default-deny";
    await kubectl([
      "patch",
      "networkpolicy",
      wall,
      "-n",
      namespace,
      "--type=merge",
      "-p",
      '{"spec":{"policyTypes":["Ingress"]}}',
    ]);
    await waitFor(async () => {
      const types = await kubectl([
        "get",
        "networkpolicy",
        wall,
        "-n",
        namespace,
        "-o",
        "jsonpath={.spec.policyTypes}",
      ]);
      return types.includes("Egress");
    });
    await waitFor(
      async () => (await kubectl(["get", "events", "-n", namespace, "-o", "yaml"])).includes("kubectl-patch"),
      {
        what: "the event that names the editor",
      },
    );
    // A reconcile tells what it did when it has seen it.
    const logged = async () => (await changesLogged()).slice(before);
    await waitFor(async () => (await logged()).length > 0, { what: "the line that tells of it" });
    expect(await logged()).toEqual([
      expect.objectContaining({ object: `${namespace}/greenriver`, configured: 1 }) as unknown,
    ]);
  });

  it("puts back configuration that somebody made anew with other content, and tells of it", async () => {
    const map = (await children(namespace)).find(
      ({ kind, ...object }) => kind === "ConfigMap" && "jicofo.conf" in dataOf(object),
    );
    if (!map) throw new Error("jicofo has no configuration");
    const { name, labels, annotations, ownerReferences } = map.metadata as Metadata;
    const path = pathOf(RESOURCES.ConfigMap, { namespace });
    const conf = dataOf(map)["jicofo.conf"]?.replace('"enable-auto-owner": false', '"enable-auto-owner": true');
    const changed = {
      metadata: { name, labels, annotations, ownerReferences },
      immutable: true,
      data: { ...dataOf(map), "jicofo.conf": conf },
    };
    await waitFor(async () => {
      await client.request("DELETE", `${path}/${name}`);
      return (await client.request("POST", path, changed)).status === 201;
    });
    const start = performance.now();
    await waitFor(
      async () =>
        JSON.stringify(dataOf((await client.request("GET", `${path}/${name}`)).body)) === JSON.stringify(dataOf(map)),
      { interval: 20, what: "the content as it was" },
    );
    console.info(`configuration back after ${Math.round(performance.now() - start)} ms`);
    await waitFor(async () => (await eventsOf(namespace)).some((message) => message.includes(name)), {
      what: "the event that names the configuration",
    });
  });

  it("puts back a workload whose command line somebody edits, and tells of it", async () => {
    const before = (await eventsOf(namespace)).length;
    const option = "-XX:+HeapDumpOnOutOfMemoryError";
    const patch = JSON.stringify([{ op: "add", path: "/spec/template/spec/containers/0/args/0", value: option }]);
    await kubectl(["patch", "statefulset", "greenriver-bridge", "-n", namespace, "--type=json", "-p", patch]);
    await waitFor(
      async () =>
        !(await kubectl(["get", "statefulset", "greenriver-bridge", "-n", namespace, "-o", "yaml"])).includes(option),
      { what: "the command line as it was" },
    );
    await waitFor(async () => (await eventsOf(namespace)).length > before, { what: "the event" });
  });

  it("goes on replacing pods where somebody stopped that", async () => {
    const front = ["deployment", "greenriver-front", "-n", namespace];
    await kubectl(["patch", ...front, "--type=merge", "-p", '{"spec":{"paused":true}}']);
    const resumed = async () => (await kubectl(["get", ...front, "-o", "jsonpath={.spec.paused}"])) === "";
    await waitFor(resumed, { what: "the front to be rolled out again" });
    const signalling = ["statefulset", "greenriver-signalling", "-n", namespace];
    const onDelete = '{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null}}}';
    await kubectl(["patch", ...signalling, "--type=merge", "-p", onDelete]);
    const strategy = () => kubectl(["get", ...signalling, "-o", "jsonpath={.spec.updateStrategy.type}"]);
    await waitFor(async () => (await strategy()) === "RollingUpdate", { what: "pods to be replaced" });
  });

  it("brings back every child that is deleted, with the same content", { timeout: 300_000 }, async () => {
    const before = await children(namespace);
    const replaceable = before.filter(
      ({ kind, metadata }) =>
        !["Secret", "PersistentVolumeClaim"].includes(kind) && !metadata.name.endsWith("-identity"),
    );
    expect(replaceable.length).toBeGreaterThan(30);
    const times: number[] = [];
    for (const child of replaceable) {
      const name = `${child.kind}/${child.metadata.name}`;
      await kubectl(["delete", child.kind, child.metadata.name, "-n", namespace, "--wait=false"]);
      const start = performance.now();
      await waitFor(
        async () =>
          (await children(namespace)).some(
            (now) => `${now.kind}/${now.metadata.name}` === name && now.metadata.uid !== child.metadata.uid,
          ),
        { interval: 50, what: `${name} to be back` },
      );
      times.push(Math.round(performance.now() - start));
      // Without it the bridge would wait for an address.
      if (child.metadata.name === "greenriver-media") await giveMediaAddress(namespace);
    }
    // On a busy machine only the order of magnitude means something.
    const sorted = times.toSorted((a, b) => a - b);
    const median = sorted[sorted.length >> 1] ?? Infinity;
    expect(median).toBeLessThan(10_000);
    console.info(`children back after ${median} ms (median), ${sorted.at(-1)} ms (longest)`);
    // While the bridge's address was not known, its configuration was another one.
    const asBefore = async () => {
      expect(childNames(await children(namespace))).toEqual(childNames(before));
      return true;
    };
    await waitFor(asBefore, { timeout: 60_000, what: "the same children" });
  });

  it("tells of a foreign policy that widens the walls, and recovers when it is gone", async () => {
    const hole = {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "hole", namespace },
      spec: { podSelector: {}, ingress: [{}], policyTypes: ["Ingress"] },
    };
    await kubectlApply(hole);
    const told = await expectReason(namespace, "NetworkIsolated", "ForeignPolicy");
    expect(told.message).toContain("NetworkPolicy/hole");
    await kubectl(["delete", "networkpolicy", "hole", "-n", namespace]);
    await expectReason(namespace, "NetworkIsolated", "NotProbed");
  });

  it("never makes a lost database password anew while its data exists", async () => {
    const secret = "greenriver-database-1";
    const backup = await kubectl(["get", "secret", secret, "-n", namespace, "-o", "json"]);
    await kubectl(["delete", "secret", secret, "-n", namespace]);
    const told = await expectReason(namespace, "Stalled", "SecretLost");
    expect(told.message).toContain(secret);
    const { metadata, ...rest } = JSON.parse(backup) as { metadata: { name: string; labels: object } };
    await kubectlApply({ ...rest, metadata: { name: metadata.name, namespace, labels: metadata.labels } });
    await expectReason(namespace, "Stalled", "Settled");
  });

  it("is taken down in order and keeps what Retain keeps", async () => {
    await kubectl(["delete", "telehealthpractice", "greenriver", "-n", namespace, "--wait=true", "--timeout=60s"]);
    const left = childNames(await children(namespace));
    expect(left).toEqual([
      "ConfigMap/greenriver-identity",
      "PersistentVolumeClaim/greenriver-postgres-data",
      "PersistentVolumeClaim/greenriver-synapse-media",
      "Secret/greenriver-database-1",
      "Secret/greenriver-entry-1",
      "Secret/greenriver-synapse-1",
    ]);
    const [, ...kept] = await children(namespace);
    expect(kept.every(({ metadata }) => metadata.labels?.[LABEL.retainedFrom])).toBe(true);
  });

  it("takes up again what a practice of the same name left", async () => {
    const before = await children(namespace);
    await applyPractice(namespace);
    await waitFor(async () => (await children(namespace)).some(({ kind }) => kind === "StatefulSet"), {
      timeout: 30_000,
    });
    const after = await children(namespace);
    for (const kept of before) {
      expect(
        after.find(({ metadata }) => metadata.uid === kept.metadata.uid),
        kept.metadata.name,
      ).toBeDefined();
    }
  });

  describe("and what it left is erased", () => {
    const purge = (...more: string[]) => telehealth(bed.kubeconfig, ["purge", "greenriver", "-n", namespace, ...more]);

    it("never while it lives", async () => {
      const { code, stderr } = await purge("--yes");
      expect(code).toBe(2);
      expect(stderr).toContain(`Delete it first: kubectl -n ${namespace} delete telehealthpractice greenriver`);
      await kubectl(["delete", "telehealthpractice", "greenriver", "-n", namespace, "--wait=true", "--timeout=60s"]);
    });

    it("nor while a restore fills it", async () => {
      const identity = ["configmap", "greenriver-identity", "-n", namespace];
      await kubectl(["patch", ...identity, "--type=merge", "-p", '{"data":{"restoring":"true"}}']);
      const { code, stderr } = await purge("--yes");
      expect(code).toBe(2);
      expect(stderr).toContain("is being restored from a backup");
      await kubectl(["patch", ...identity, "--type=merge", "-p", '{"data":{"restoring":null}}']);
    });

    it("not before that is said twice", async () => {
      const before = childNames(await children(namespace));
      const { code, stdout, stderr } = await purge();
      expect(code).toBe(2);
      for (const name of before) expect(stdout).toContain(name);
      expect(stderr).toContain("Add --yes");
      expect(childNames(await children(namespace))).toEqual(before);
    });

    it("wholly, with a receipt, and says so when nothing is left", async () => {
      const before = childNames(await children(namespace));
      const { code, stdout } = await purge("--yes");
      expect(code).toBe(0);
      expect(stdout.match(/^erased .*uid [0-9a-f-]{36}/gm)).toHaveLength(before.length);
      expect(stdout).toMatch(/PersistentVolumeClaim\/greenriver-postgres-data .*; .*the volume \S+/);
      expect(stdout.trim().split("\n").at(-1)).toContain("greenriver-identity");
      expect(await children(namespace)).toEqual([]);
      expect((await purge("--yes")).stderr).toContain("Nothing is left");
    });
  });
});
