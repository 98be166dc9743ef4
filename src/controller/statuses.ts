import type { PracticeStatus } from "../api/status.ts";
import type { LiveObject } from "../manifest.ts";
import type { CacheEvent } from "../runtime/cluster.ts";
import type { PracticeResource } from "./context.ts";
import { PRACTICES } from "./kinds.ts";

/** The newest status we know of each practice: our own last write, until the cache has caught up with it. */
export interface Statuses {
  latest(resource: PracticeResource): PracticeStatus | undefined;
  /** The newest version of it that we know. */
  version(resource: LiveObject): string;
  wrote(live: LiveObject): void;
  /** Whether this version of a practice holds nothing that we did not know when we last wrote its status. */
  isLast(event: Pick<CacheEvent, "resource" | "object">): boolean;
  forget(key: string): void;
}

/** Of what we wrote, all that is asked for: an object with its `managedFields` is four times as much. */
interface Written {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly status: PracticeStatus | undefined;
}

export function createStatuses(): Statuses {
  const written = new Map<string, Written>();
  const keyOf = ({ metadata }: LiveObject) => `${metadata.namespace}/${metadata.name}`;

  function keep(live: LiveObject): void {
    const { uid, resourceVersion } = live.metadata;
    written.set(keyOf(live), { uid, resourceVersion, status: live["status"] as PracticeStatus | undefined });
  }

  /** What we wrote of it, if that is newer. */
  function newer(resource: LiveObject): Written | undefined {
    const ours = written.get(keyOf(resource));
    const isNewer =
      ours?.uid === resource.metadata.uid &&
      // Comparable as numbers since Kubernetes 1.35 (KEP-5504), and in practice with etcd before.
      BigInt(ours.resourceVersion) > BigInt(resource.metadata.resourceVersion);
    return isNewer ? ours : undefined;
  }

  return {
    latest(resource) {
      const ours = newer(resource);
      return ours ? ours.status : resource.status;
    },
    version: (resource) => (newer(resource) ?? resource.metadata).resourceVersion,
    isLast({ resource, object }) {
      if (resource !== PRACTICES) return false;
      const { resourceVersion, generation } = object.metadata;
      const ours = written.get(keyOf(object));
      if (ours?.resourceVersion !== resourceVersion) return false;
      // The cache has caught up, so its copy is enough.
      keep(object);
      return ours.status?.observedGeneration === generation;
    },
    wrote: keep,
    forget(key) {
      written.delete(key);
    },
  };
}
