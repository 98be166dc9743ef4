import type { PracticeStatus } from "../api/status.ts";
import type { LiveObject } from "../manifest.ts";
import type { CacheEvent } from "../runtime/cluster.ts";
import type { PracticeResource } from "./context.ts";
import { PRACTICES } from "./kinds.ts";

/** The newest status we know of each practice: our own last write, until the cache has caught up with it. */
export interface Statuses {
  latest(resource: PracticeResource): PracticeStatus | undefined;
  wrote(live: LiveObject): void;
  /** Whether this version of a practice holds nothing that we did not know when we last wrote its status. */
  isLast(event: Pick<CacheEvent, "resource" | "object">): boolean;
  forget(key: string): void;
}

export function createStatuses(): Statuses {
  const written = new Map<string, LiveObject>();
  const keyOf = ({ metadata }: LiveObject) => `${metadata.namespace}/${metadata.name}`;
  return {
    latest(resource) {
      const ours = written.get(keyOf(resource));
      const newer =
        ours?.metadata.uid === resource.metadata.uid &&
        // Comparable as numbers since Kubernetes 1.35 (KEP-5504), and in practice with etcd before.
        BigInt(ours.metadata.resourceVersion) > BigInt(resource.metadata.resourceVersion);
      return newer ? (ours["status"] as PracticeStatus) : resource.status;
    },
    isLast({ resource, object }) {
      if (resource !== PRACTICES) return false;
      const ours = written.get(keyOf(object));
      const judged = (ours?.["status"] as PracticeStatus | undefined)?.observedGeneration;
      const { resourceVersion, generation } = object.metadata;
      return ours?.metadata.resourceVersion === resourceVersion && judged === generation;
    },
    wrote(live) {
      written.set(keyOf(live), live);
    },
    forget(key) {
      written.delete(key);
    },
  };
}
