import type { LiveObject } from "../manifest.ts";
import type { Cluster } from "./cluster.ts";
import type { Resource } from "./resources.ts";

/** A cluster that also tells what it has created or patched, as it now is. */
export function telling(cluster: Cluster, tell: (resource: Resource, live: LiveObject) => void): Cluster {
  async function told(resource: Resource, answer: Promise<LiveObject>): Promise<LiveObject> {
    const live = await answer;
    tell(resource, live);
    return live;
  }
  return {
    ...cluster,
    create: (resource, ...rest) => told(resource, cluster.create(resource, ...rest)),
    mergePatch: (resource, ...rest) => told(resource, cluster.mergePatch(resource, ...rest)),
    within: (signal) => telling(cluster.within(signal), tell),
  };
}
