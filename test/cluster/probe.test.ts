import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ANNOTATION, LABEL } from "../../src/api/group.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import type { LiveObject } from "../../src/manifest.ts";
import { targetsIn } from "../../src/probe/options.ts";
import { wordsOf } from "../../src/probe/report.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { type RunningOperator, startOperator } from "../support/operator.ts";
import { handOn } from "../support/own-cluster.ts";
import { quiet, writesOf } from "../support/practice-bed.ts";

const hand = handOn(bed.adminConnection);
const name = "greenriver";
/** Pods that no node takes: what is tried is told by a test that plays the kubelet. */
const NOWHERE = { placement: { nodeSelector: { "kubernetes.io/hostname": "nowhere" } } };

let namespaces: string[];
let operator: RunningOperator;
const start = (config: object = {}) => startOperator(bed.kubeconfig, { watchNamespaces: namespaces, ...config });
beforeAll(async () => {
  namespaces = await Promise.all([hand.namespace(), hand.namespace(), hand.namespace()]);
  operator = await start();
});
afterAll(async () => {
  await operator?.stop();
  await hand.close();
});

const jobs = async (namespace: string) =>
  (await hand.list(RESOURCES.Job, namespace)).filter(({ metadata }) => metadata.labels?.[LABEL.component] === "probe");

interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: { name: string; value: string }[];
}
const containerOf = (pod: LiveObject) => (pod["spec"] as { containers: Container[] }).containers[0] as Container;

async function pods(namespace: string, part: string): Promise<LiveObject[]> {
  const all = await hand.list(RESOURCES.Pod, namespace);
  return all.filter((pod) => pod.metadata.labels?.[LABEL.name] === "probe" && containerOf(pod).name === part);
}

const roleOf = (pod: LiveObject) => pod.metadata.labels?.[LABEL.role] ?? "";
const ask = (namespace: string, at: string) =>
  hand.patch(PRACTICES, { namespace, name }, { metadata: { annotations: { [ANNOTATION.probe]: at } } });

async function says(namespace: string, pod: LiveObject, phase: string, state: object, more: object = {}) {
  const { name: container, image } = containerOf(pod);
  const ready = phase === "Running";
  const containerStatuses = [{ name: container, image, imageID: "", ready, restartCount: 0, state }];
  const condition = { type: "Ready", status: ready ? "True" : "False", lastTransitionTime: new Date().toISOString() };
  const status = { phase, conditions: [condition], containerStatuses, ...more };
  await hand.patch(RESOURCES.Pod, { namespace, name: pod.metadata.name }, { status }, "/status");
}

async function threeOf(namespace: string, part: string): Promise<LiveObject[]> {
  await waitFor(async () => (await pods(namespace, part)).length === 3, {
    timeout: 60_000,
    what: `three pods that ${part}`,
  });
  return pods(namespace, part);
}

const addressOf: Readonly<Record<string, string>> = {
  postgres: "10.88.0.11",
  signalling: "10.88.0.12",
  bridge: "10.88.0.13",
};

/** As the kubelet reports three pods that listen. */
async function listening(namespace: string): Promise<void> {
  for (const pod of await threeOf(namespace, "listen")) {
    const podIP = addressOf[roleOf(pod)];
    await says(namespace, pod, "Running", { running: {} }, { podIP, podIPs: [{ ip: podIP }] });
  }
}

/** As the kubelet reports three pods that have dialled, each with these last words. */
async function dialled(namespace: string, words: (role: string) => string): Promise<void> {
  for (const pod of await threeOf(namespace, "dial")) {
    const terminated = { exitCode: 0, reason: "Completed", message: words(roleOf(pod)) };
    await says(namespace, pod, "Succeeded", { terminated });
  }
}

const told = (changes: object = {}) => wordsOf({ tried: 12, open: [], shut: [], late: [], ...changes });
const gone = (namespace: string) =>
  waitFor(async () => (await jobs(namespace)).length === 0 && (await pods(namespace, "listen")).length === 0, {
    timeout: 60_000,
    what: "the run to be cleared away",
  });
const now = () => new Date().toISOString();

/** A whole run, as far as its end stands in the status. */
async function run(namespace: string, words: (role: string) => string): Promise<void> {
  const asked = now();
  await ask(namespace, asked);
  await listening(namespace);
  await dialled(namespace, words);
  const ended = async () => {
    const { at = "", triedInVain = "" } = (await hand.status(namespace)).probe ?? {};
    return at >= asked || triedInVain >= asked;
  };
  await waitFor(ended, { timeout: 60_000, what: "the run to be told" });
  await gone(namespace);
}

describe("a practice's walls", () => {
  it("are tried when somebody asks: who listens first, then who dials; then nothing of it is left", async () => {
    const [namespace = ""] = namespaces;
    await hand.practice(namespace, NOWHERE);
    await quiet(namespace);
    expect(await jobs(namespace), "nobody has asked").toEqual([]);
    await ask(namespace, new Date(Date.now() + 3_600_000).toISOString());
    await quiet(namespace);
    expect(await jobs(namespace), "nobody asks from the future").toEqual([]);

    const since = new Date();
    await ask(namespace, now());
    const listeners = await threeOf(namespace, "listen");
    expect(listeners.map(roleOf).toSorted()).toEqual(["bridge", "postgres", "signalling"]);
    expect(listeners.filter(({ metadata }) => LABEL.serves in (metadata.labels ?? {}))).toEqual([]);
    await quiet(namespace, 1);
    expect(await pods(namespace, "dial"), "nobody dials before it is known where").toEqual([]);
    // A release that starts anew goes on with the run.
    await operator.stop();
    operator = await start();
    await listening(namespace);
    const dialers = await threeOf(namespace, "dial");
    expect(dialers.map(roleOf).toSorted()).toEqual(["front", "probe", "synapse"]);
    for (const pod of dialers) {
      const targets = targetsIn(Object.fromEntries((containerOf(pod).env ?? []).map((one) => [one.name, one.value])));
      const listening = targets.filter(({ kind }) => kind === "listener");
      expect(listening.every(({ name, host }) => host === addressOf[name.split(" ")[0] ?? ""])).toBe(true);
    }
    // They are ours: nobody takes them for strangers.
    expect((await hand.status(namespace)).conditions?.find(({ type }) => type === "NetworkIsolated")).toMatchObject({
      reason: "NotProbed",
    });
    await dialled(namespace, () => told());
    const found = await hand.expectReason(namespace, "NetworkIsolated", "Verified", name, 60_000);
    expect(found.status).toBe("True");
    await gone(namespace);
    const { probe } = await hand.status(namespace);
    expect(probe).toMatchObject({ answered: true });
    expect(probe?.tried).toBeGreaterThan(40);
    await quiet(namespace);
    const writes = (await writesOf(namespace, since)).filter((write) => write.includes(" jobs/"));
    expect(writes.filter((write) => write.startsWith("create")).length, writes.join("\n")).toBe(6);
    expect(writes.filter((write) => write.startsWith("delete")).length, writes.join("\n")).toBe(6);
    const rest = new Date();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(await writesOf(namespace, rest)).toEqual([]);
  });

  it("are found not to be obeyed, with the way that was open, and with nothing else that a pod says", async () => {
    const [namespace = ""] = namespaces;
    const leaks = { front: ["postgres TCP 5432", "Anna Müller, 10:30"], synapse: [], probe: ["the API server"] };
    await run(namespace, (role) => told({ open: leaks[role as keyof typeof leaks] }));
    const found = await hand.expectReason(namespace, "NetworkIsolated", "PoliciesNotEnforced", name, 60_000);
    expect(found.status).toBe("False");
    expect(found.message).toContain("front to postgres TCP 5432");
    expect(found.message).toContain("a pod without a role to the API server");
    const { probe } = await hand.status(namespace);
    expect(probe?.open).toEqual(["front to postgres TCP 5432", "a pod without a role to the API server"]);
    expect(JSON.stringify(await hand.get(PRACTICES, { namespace, name }))).not.toContain("Müller");
    const isTold = async () =>
      (await hand.list(RESOURCES.Event, namespace)).some((event) => event["reason"] === "PoliciesNotEnforced");
    await waitFor(isTold, { what: "the event" });
    // Routes stay: nothing that the operator does could repair a network.
    expect((await hand.status(namespace)).conditions?.find(({ type }) => type === "ComponentsReady")).not.toMatchObject(
      {
        reason: "DoorClosed",
      },
    );
  });

  it("keep what was found of them when a later run comes to nothing, and say so when there was none", async () => {
    const [namespace = ""] = namespaces;
    const { triedInVain: _, ...before } = (await hand.status(namespace)).probe ?? {};
    await run(namespace, (role) => (role === "front" ? "killed" : told()));
    const { probe } = await hand.status(namespace);
    expect(probe).toEqual({ ...before, triedInVain: expect.any(String) as string });
    await hand.expectReason(namespace, "NetworkIsolated", "PoliciesNotEnforced");
  });

  it("are tried by themselves once all pods are ready; simulated ones prove nothing, and that is said", async () => {
    const [, namespace = ""] = namespaces;
    await operator.stop();
    operator = await start({ watchNamespaces: [namespace], probe: {} });
    await hand.practice(namespace);
    await hand.mediaAddress(namespace);
    const found = await hand.expectReason(namespace, "NetworkIsolated", "ProbeUnanswered", name, 90_000);
    expect(found.status).toBe("Unknown");
    await gone(namespace);
    await quiet(namespace);
    const rest = new Date();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(await writesOf(namespace, rest), "it is not tried again at once").toEqual([]);
  });

  it("are not tried in a namespace that would refuse the pods", async () => {
    const namespace = await hand.namespace({});
    await operator.stop();
    operator = await start({ watchNamespaces: [namespace] });
    await hand.practice(namespace);
    await hand.expectReason(namespace, "NamespaceHardened", "NamespaceNotRestricted");
    await ask(namespace, now());
    await quiet(namespace);
    expect(await jobs(namespace)).toEqual([]);
    await hand.patch(
      RESOURCES.Namespace,
      { name: namespace },
      { metadata: { labels: { "pod-security.kubernetes.io/enforce": "restricted" } } },
    );
    await waitFor(async () => (await jobs(namespace)).length > 0, { what: "the walls to be tried" });
  });

  it("fall with their practice also while they are tried", async () => {
    const [, , namespace = ""] = namespaces;
    await operator.stop();
    operator = await start({ watchNamespaces: [namespace] });
    await hand.practice(namespace, NOWHERE);
    await quiet(namespace);
    await ask(namespace, now());
    await threeOf(namespace, "listen");
    await hand.remove(PRACTICES, { namespace, name });
    await hand.gone(PRACTICES, { namespace, name });
    expect(await jobs(namespace)).toEqual([]);
    expect(await hand.list(RESOURCES.NetworkPolicy, namespace)).toEqual([]);
  });
});
