import { GROUP } from "../../src/api/group.ts";
import type { Condition, PracticeStatus } from "../../src/api/status.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import type { LiveObject, Manifest } from "../../src/manifest.ts";
import { pathOf } from "../../src/runtime/resources.ts";
import { run } from "../bed/run.ts";
import { argoCompares, type Comparison } from "../bed/gitops.ts";
import type { ControlPlane } from "../bed/control-plane.ts";
import { join } from "node:path";

/** What trackers of GitOps tools and package managers write on the objects that they apply. */
export const TRACKERS = {
  labels: {
    "app.kubernetes.io/instance": "practices",
    "kustomize.toolkit.fluxcd.io/name": "practices",
    "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
    "helm.toolkit.fluxcd.io/name": "practices",
    "argocd.argoproj.io/instance": "practices",
  },
  annotations: {
    "argocd.argoproj.io/tracking-id": `practices:${GROUP}/TelehealthPractice:greenriver/greenriver`,
    "argocd.argoproj.io/sync-wave": "2",
    "argocd.argoproj.io/sync-options": "Delete=confirm,Prune=confirm",
    "kustomize.toolkit.fluxcd.io/prune": "disabled",
    "meta.helm.sh/release-name": "practices",
    "meta.helm.sh/release-namespace": "greenriver",
  },
} as const;

/** Keys of labels or annotations by which a tracker would take an object for one of its own. */
export function trackersOn({ metadata }: LiveObject): string[] {
  const ours =
    /^(argocd\.argoproj\.io|(kustomize|helm)\.toolkit\.fluxcd\.io|(meta\.)?helm\.sh|kubectl\.kubernetes\.io)\//;
  const keys = [...Object.keys(metadata.labels ?? {}), ...Object.keys(metadata["annotations"] ?? {})];
  return keys.filter((key) => ours.test(key) || key === "app.kubernetes.io/instance");
}

/** Who wrote which fields of an object, as the API server keeps it. */
interface ManagedFields {
  readonly manager: string;
  readonly fieldsV1: Readonly<Record<string, object>>;
}

/** The top-level fields of an object, and those of its metadata, that a manager wrote. */
export function writtenBy(live: LiveObject, manager: RegExp): string[] {
  const { managedFields: entries = [] } = live.metadata as { managedFields?: ManagedFields[] };
  const fields = entries
    .filter((entry) => manager.test(entry.manager))
    .flatMap(({ fieldsV1 }) =>
      Object.entries(fieldsV1).flatMap(([field, inner]) =>
        field === "f:metadata" ? Object.keys(inner).map((name) => `metadata.${name.slice(2)}`) : [field.slice(2)],
      ),
    );
  return [...new Set(fields)].toSorted();
}

/**
 * Compares objects as Argo CD does. A difference in what changed meanwhile tells nothing, because live and predicted
 * are read one after the other: then it is compared again.
 */
export async function comparedAtRest(
  { binaries, kubeconfig }: Pick<ControlPlane, "binaries" | "kubeconfig">,
  objects: readonly Manifest[],
): Promise<Comparison[]> {
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  const asked = [`--kubeconfig=${kubeconfig}`, "get", "-f", "-", "-o", "jsonpath={..resourceVersion}"];
  const standing = () => run(join(binaries, "kubectl"), asked, { input: list });
  for (let left = 5; ; left -= 1) {
    const before = await standing();
    const found = await argoCompares(kubeconfig, objects);
    const isSure = !found.some(({ modified }) => modified) || (await standing()) === before;
    if (isSure || left === 0) return found;
  }
}

/** What Argo CD would show as out of sync: each object, way of comparing, and path that differs, with both values. */
export function shown(comparisons: readonly Comparison[]): string[] {
  return comparisons
    .filter(({ modified }) => modified)
    .flatMap(({ object, way, live, predicted }) =>
      differing(live, predicted).map((difference) => `${object} (${way}) ${difference}`),
    );
}

function differing(live: unknown, predicted: unknown, path = ""): string[] {
  if (JSON.stringify(live) === JSON.stringify(predicted)) return [];
  if (!isObject(live) || !isObject(predicted)) {
    return [`${path}: ${JSON.stringify(live)} would be ${JSON.stringify(predicted)}`];
  }
  const keys = new Set([...Object.keys(live), ...Object.keys(predicted)]);
  return [...keys].flatMap((key) => differing(live[key], predicted[key], `${path}/${key}`));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** Every version of a practice since `since`, as whoever watches it sees them. */
export async function versions(plane: ControlPlane, namespace: string, since: string): Promise<LiveObject[]> {
  const path = `${pathOf(PRACTICES, { namespace })}?watch=1&resourceVersion=${since}&timeoutSeconds=5`;
  const text = await run(join(plane.binaries, "kubectl"), [`--kubeconfig=${plane.kubeconfig}`, "get", "--raw", path]);
  const lines = text.split("\n").filter((line) => line !== "");
  return lines
    .map((line) => JSON.parse(line) as { type: string; object: LiveObject })
    .flatMap(({ type, object }) => (type === "DELETED" ? [] : [object]));
}

export function conditionOf(live: LiveObject, type: string): Condition | undefined {
  const { conditions } = (live["status"] ?? {}) as { conditions?: Condition[] };
  return conditions?.find((condition) => condition.type === type);
}

const TIME = "2026-01-01T00:00:00Z";

/** The end of a trial's name, which is another one with every change of what is tried. */
const OF_A_TRIAL = /(?<=-trial-)[0-9a-f]{8}/;

/** What tools judge by; the other conditions say more, and more often something else. */
const JUDGED = ["Ready", "Reconciling", "Stalled", "UpdatePending", "Suspended"];

/** A practice as it stands in a file: what tools judge by, without what differs from one run to the next. */
export function forTheRecord(live: LiveObject): Manifest {
  const { name, namespace, generation, finalizers, deletionTimestamp } = live.metadata;
  const { domain, certificates, exposure, suspend } = live["spec"] as Readonly<Record<string, unknown>>;
  const { observedGeneration, conditions } = (live["status"] ?? {}) as Partial<PracticeStatus>;
  const judged = conditions
    ?.filter(({ type }) => JUDGED.includes(type))
    .map((condition) => ({
      ...condition,
      message: condition.message.replace(OF_A_TRIAL, "00000000"),
      lastTransitionTime: TIME,
    }));
  return {
    apiVersion: live.apiVersion,
    kind: live.kind,
    metadata: {
      name,
      namespace,
      generation,
      ...(finalizers && { finalizers }),
      ...(deletionTimestamp && { deletionTimestamp: TIME }),
    } as Manifest["metadata"],
    spec: { domain, certificates, exposure, suspend },
    status: {
      observedGeneration,
      ...(judged && { conditions: judged }),
    },
  };
}
