import { RESOURCES } from "../../../src/runtime/resources.ts";
import { waitFor } from "../../bed/wait.ts";
import { ISSUER } from "./certificates.ts";
import { hand } from "./node.ts";

/** As the examples label it; the operator's admission rules look at the second. */
const LABELS = {
  "pod-security.kubernetes.io/enforce": "restricted",
  "telehealth-operator.io/practice-namespace": "true",
};

/** The parts of a practice that stay, each with one pod. */
export const PARTS = ["bridge", "entry", "front", "postgres", "signalling", "synapse"] as const;

let balancers = 0;

export interface RunningPractice {
  readonly namespace: string;
  /** Where the load balancer of the bed answers for its bridge. */
  readonly address: string;
  /** Milliseconds from the practice to all of its pods. */
  readonly took: number;
}

interface Pod {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

export function isReady({ status }: Pick<Pod, "status">): boolean {
  return status?.conditions?.some((entry) => entry.type === "Ready" && entry.status === "True") ?? false;
}

/**
 * Applies the practice of examples/solo.yaml in a namespace of its own, plays its load balancer, and returns once the
 * operator calls all of its components ready and every pod says so itself.
 */
export async function startPractice(spec: object = {}): Promise<RunningPractice> {
  const namespace = await hand.namespace(LABELS);
  const certificates = { issuerRef: { name: ISSUER } };
  const start = performance.now();
  await hand.practice(namespace, { certificates, exposure: { ingress: { className: "haproxy" } }, ...spec });
  const address = `203.0.113.${(balancers += 1)}`;
  await hand.mediaAddress(namespace, address);
  await hand.expectReason(namespace, "ComponentsReady", "AllReady", "greenriver", 300_000);
  const all = async () => {
    const pods = (await hand.list(RESOURCES.Pod, namespace)) as unknown as Pod[];
    return pods.length === PARTS.length && pods.every(isReady);
  };
  await waitFor(all, { what: "one ready pod for each part" });
  return { namespace, address, took: performance.now() - start };
}
