import type { Manifest } from "../manifest.ts";

/**
 * The phases of an apply, in order; a teardown goes backwards. Walls come first and go last,
 * so no workload ever runs without them; routes come last, so nobody gets in before it is ready.
 */
export const PHASES = ["walls", "foundations", "services", "workloads", "routes"] as const;
export type Phase = (typeof PHASES)[number];

const PHASE_OF_KIND: Readonly<Record<string, Phase>> = {
  NetworkPolicy: "walls",
  ServiceAccount: "foundations",
  ConfigMap: "foundations",
  PersistentVolumeClaim: "foundations",
  // A Gateway comes before its certificate: HTTP-01 needs port 80 first.
  Gateway: "foundations",
  ListenerSet: "foundations",
  Issuer: "foundations",
  Certificate: "foundations",
  Service: "services",
  StatefulSet: "workloads",
  Deployment: "workloads",
  CronJob: "workloads",
  Job: "workloads",
  Cluster: "workloads",
  Ingress: "routes",
  HTTPRoute: "routes",
};

/** Kinds that carry no owner reference: walls outlive the pods, data outlives a mistaken delete. */
const UNOWNED_KINDS: ReadonlySet<string> = new Set(["NetworkPolicy", "PersistentVolumeClaim"]);

/** @throws Error when a kind has no phase: a new kind must say when it is applied. */
export function phaseOf(object: Pick<Manifest, "kind">): Phase {
  const phase = PHASE_OF_KIND[object.kind];
  if (!phase) throw new Error(`${object.kind} has no phase in render/order.ts`);
  return phase;
}

export function isOwned(object: Pick<Manifest, "kind">): boolean {
  return !UNOWNED_KINDS.has(object.kind);
}

/** Phase, then kind, then name: a stable order for people and for bytes. */
export function inOrder<M extends Manifest>(objects: readonly M[]): M[] {
  const rank = new Map(Object.keys(PHASE_OF_KIND).map((kind, index) => [kind, index]));
  return objects.toSorted(
    (a, b) =>
      PHASES.indexOf(phaseOf(a)) - PHASES.indexOf(phaseOf(b)) ||
      (rank.get(a.kind) ?? 0) - (rank.get(b.kind) ?? 0) ||
      compare(a.metadata.name, b.metadata.name),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
