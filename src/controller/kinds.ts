import { GROUP, KIND, LABEL, PLURAL, VERSION } from "../api/group.ts";
import type { LiveObject } from "../manifest.ts";
import type { CachedKind } from "../runtime/cluster.ts";
import { type Resource, RESOURCES } from "../runtime/resources.ts";
import { probeStatus } from "./probe-pods.ts";
import { troublesOf } from "./troubles.ts";

export const PRACTICES: Resource = { group: GROUP, version: VERSION, kind: KIND, plural: PLURAL, namespaced: true };

/**
 * Kinds of which a foreign object matters too: it could widen a practice's walls or doors, or, as a volume that somebody made
 * from a snapshot, hold data that a practice of its name needs the former keys for.
 */
const EVERYBODYS: readonly Resource[] = [
  RESOURCES.NetworkPolicy,
  RESOURCES.Service,
  RESOURCES.Ingress,
  RESOURCES.HTTPRoute,
  RESOURCES.PersistentVolumeClaim,
];

/** Kinds of network plugins, whose policies may open walls in ways of their own. */
export const PLUGIN_POLICIES: readonly Resource[] = [
  RESOURCES.CiliumNetworkPolicy,
  RESOURCES.CiliumClusterwideNetworkPolicy,
  RESOURCES.CalicoNetworkPolicy,
  RESOURCES.GlobalNetworkPolicy,
  RESOURCES.AdminNetworkPolicy,
  RESOURCES.ClusterNetworkPolicy,
];

/** Kinds that we render besides those; only ours are kept. */
const OURS_ONLY: readonly Resource[] = [
  RESOURCES.ServiceAccount,
  RESOURCES.ConfigMap,
  RESOURCES.StatefulSet,
  RESOURCES.Deployment,
  RESOURCES.CronJob,
  RESOURCES.Job,
];

const OPTIONAL_OURS: readonly Resource[] = [
  RESOURCES.Issuer,
  RESOURCES.Certificate,
  RESOURCES.Gateway,
  RESOURCES.ListenerSet,
];

const isOurs = LABEL.practice;

/** Everything the operator keeps in memory. `nodes` only where it may read them. */
export function cachedKinds(options: { nodes: boolean; keeps?: (object: LiveObject) => boolean }): CachedKind[] {
  const { keeps } = options;
  // All practices are known, also those that others look after: who has a host must be seen by everybody.
  const everywhere: CachedKind[] = [{ resource: PRACTICES }, { resource: RESOURCES.Namespace, metadataOnly: true }];
  return [
    ...everywhere,
    ...(options.nodes ? [{ resource: RESOURCES.Node, project: projectNode }] : []),
    ...ofPractices.map((kind) => ({ ...kind, ...(keeps && { keeps }) })),
    ...PLUGIN_POLICIES.map((resource) => ({ resource, project: withoutStatus, optional: true, advisory: true })),
  ];
}

/**
 * What is rendered has a component; it is half of all bytes, and needed only where a practice is looked at. A practice's identity
 * has none: the media port that it names must be known to all others.
 */
const FILES: Partial<CachedKind> = { alike: true, contentsLater: LABEL.component };

/** What is in the namespaces of practices. */
const ofPractices: readonly CachedKind[] = [
  { resource: RESOURCES.Pod, project: projectPod },
  ...EVERYBODYS.map((resource) => ({ resource, ...(resource === RESOURCES.HTTPRoute && { optional: true }) })),
  ...OURS_ONLY.map((resource) => ({
    resource,
    labelSelector: isOurs,
    ...(resource === RESOURCES.ConfigMap && FILES),
  })),
  ...OPTIONAL_OURS.map((resource) => ({ resource, labelSelector: isOurs, optional: true })),
  { resource: RESOURCES.Secret, labelSelector: isOurs, metadataOnly: true },
];

/** What is read of a pod: who made it, what it is, which images run in it, and what keeps it from running. */
function projectPod(pod: LiveObject): LiveObject {
  const { metadata, spec = {}, status = {} } = pod as LiveObject & { spec?: PodSpec; status?: PodStatus };
  // A pod that tries walls is known by all that it is, and heard when it is done.
  if (metadata.labels?.[LABEL.name] === "probe") {
    const { containers, initContainers, ephemeralContainers, volumes } = spec;
    const kept = { containers, initContainers, ephemeralContainers, volumes };
    return { apiVersion: pod.apiVersion, kind: pod.kind, metadata, spec: kept, status: probeStatus(status) };
  }
  const volumes = (spec.volumes ?? []).filter((volume) => volume.configMap ?? volume.projected);
  const kept = new Set(volumes.map(({ name }) => name));
  const part = ({ name, image, volumeMounts = [] }: PodContainer) => {
    return { name, image, volumeMounts: volumeMounts.filter((mount) => kept.has(mount.name)) };
  };
  return {
    apiVersion: pod.apiVersion,
    kind: pod.kind,
    metadata,
    spec: {
      containers: (spec.containers ?? []).map(part),
      initContainers: (spec.initContainers ?? []).map(part),
      ephemeralContainers: (spec.ephemeralContainers ?? []).map(part),
      volumes,
    },
    status: { phase: status.phase, troubles: troublesOf(status, spec.restartPolicy === "Never") },
  };
}

interface PodContainer {
  name: string;
  image: string;
  volumeMounts?: { name: string }[];
}

interface PodSpec {
  containers?: PodContainer[];
  initContainers?: PodContainer[];
  ephemeralContainers?: PodContainer[];
  volumes?: { name: string; configMap?: unknown; projected?: unknown }[];
  restartPolicy?: string;
}
type PodStatus = { phase?: string } & Parameters<typeof troublesOf>[0] & Parameters<typeof probeStatus>[0];

/** Labels and annotations of nodes change all the time, and are read by nobody. */
function projectNode({ apiVersion, kind, metadata, status }: LiveObject): LiveObject {
  const { name, uid, resourceVersion, creationTimestamp } = metadata;
  const { addresses } = (status ?? {}) as { addresses?: unknown };
  return { apiVersion, kind, metadata: { name, uid, resourceVersion, creationTimestamp }, status: { addresses } };
}

/** Plugins write there what their agents say, node by node. */
function withoutStatus(policy: LiveObject): LiveObject {
  const { status: _, ...kept } = policy;
  return kept;
}

/** `namespace/name`, the key of the queue. */
export function keyOf(object: { metadata: { namespace?: string; name: string } }): string {
  return `${object.metadata.namespace}/${object.metadata.name}`;
}
