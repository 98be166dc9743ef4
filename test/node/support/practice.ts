import { afterAll } from "vitest";
import { LABEL } from "../../../src/api/group.ts";
import type { LiveObject } from "../../../src/manifest.ts";
import { RESOURCES } from "../../../src/runtime/resources.ts";
import { waitFor } from "../../bed/wait.ts";
import { ISSUER } from "./certificates.ts";
import { kubectl } from "../../support/bed.ts";
import { hand } from "./node.ts";

/** As the examples label it; the operator's admission rules look at the second. */
const LABELS = {
  "pod-security.kubernetes.io/enforce": "restricted",
  "telehealth-operator.io/practice-namespace": "true",
};

/** The parts of a practice that stay, each with one pod. */
export const PARTS = ["bridge", "entry", "front", "postgres", "signalling", "synapse"] as const;

/** A node has room for three practices or so: what a file started goes with it. */
const started: string[] = [];
afterAll(async () => {
  for (const namespace of started) {
    await kubectl(["delete", "telehealthpractice", "--all", "-n", namespace, "--ignore-not-found", "--timeout=240s"]);
  }
}, 800_000);

/** Tests of one run that share a node must not share an address; each file counts anew. */
let balancers = Math.floor(Math.random() * 200);

export interface RunningPractice {
  readonly namespace: string;
  readonly hosts: Readonly<Record<"entry" | "meet" | "matrix" | "chat", string>>;
  /** Where the load balancer of the bed answers for its bridge. */
  readonly address: string;
  /** Milliseconds from the practice to all of its pods. */
  readonly took: number;
}

/** What tests look at in a pod. */
export type Pod = LiveObject & {
  readonly status: {
    readonly podIP: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses: readonly {
      readonly name: string;
      readonly restartCount: number;
      readonly ready: boolean;
    }[];
  };
};

export async function podsOf(namespace: string): Promise<Pod[]> {
  return (await hand.list(RESOURCES.Pod, namespace)) as unknown as Pod[];
}

/** Whether cert-manager made it, to answer a challenge. */
export function isSolver({ metadata }: LiveObject): boolean {
  return metadata.labels?.["acme.cert-manager.io/http01-solver"] === "true";
}

export function isReady({ status }: { readonly status?: Pick<Pod["status"], "conditions"> }): boolean {
  return status?.conditions?.some((entry) => entry.type === "Ready" && entry.status === "True") ?? false;
}

/** Those that stay: trials and answers to challenges come and go. */
export async function lastingPodsOf(namespace: string): Promise<Pod[]> {
  return (await podsOf(namespace)).filter((pod) => !isSolver(pod) && pod.metadata.labels?.[LABEL.role] !== "trial");
}

/** Who runs in a namespace to stay, and how often each container was started: one line for each pod. */
export async function livesOf(namespace: string): Promise<string[]> {
  const pods = await lastingPodsOf(namespace);
  const each = pods.map(({ metadata, status }) =>
    [metadata.uid, ...status.containerStatuses.map(({ restartCount }) => restartCount)].join(),
  );
  return each.toSorted((a, b) => a.localeCompare(b));
}

/** Resolves when there is one pod for each part, and all of them are ready; the operator says so as well. */
export async function expectAllReady(namespace: string, timeout = 240_000): Promise<void> {
  const all = async () => {
    const pods = await lastingPodsOf(namespace);
    const told = pods.map((pod) => `${pod.metadata.name} ${isReady(pod) ? "ready" : JSON.stringify(pod.status)}`);
    if (pods.length !== PARTS.length || !pods.every(isReady)) throw new Error(told.join("\n"));
    return true;
  };
  await waitFor(all, { timeout, interval: 500, what: "one ready pod for each part" });
  await hand.expectReason(namespace, "ComponentsReady", "AllReady", "greenriver", timeout);
}

export function practiceNamespace(): Promise<string> {
  return hand.namespace(LABELS);
}

/**
 * Applies the practice of examples/solo.yaml in a namespace of its own, plays its load balancer, and returns once the
 * operator calls all of its components ready and every pod says so itself.
 */
export async function startPractice(spec: object = {}, given?: string): Promise<RunningPractice> {
  const namespace = given ?? (await practiceNamespace());
  started.push(namespace);
  const certificates = { issuerRef: { name: ISSUER } };
  const start = performance.now();
  await hand.practice(namespace, { certificates, exposure: { ingress: { className: "haproxy" } }, ...spec });
  const address = `203.0.113.${(balancers += 1)}`;
  await hand.mediaAddress(namespace, address);
  await expectAllReady(namespace, 300_000);
  const took = performance.now() - start;
  const host = (name: string) => `${name}.${namespace}.example`;
  const hosts = { entry: host("go"), meet: host("meet"), matrix: host("matrix"), chat: host("chat") };
  return { namespace, hosts, address, took };
}
