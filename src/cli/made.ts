import type { LiveObject, Manifest } from "../manifest.ts";
import type { Cluster } from "../runtime/cluster.ts";
import type { Resource } from "../runtime/resources.ts";

/** Who writes for a backup or a restore, as the API server records it. */
export const MANAGER = "telehealth-copy";

/** Makes objects for one command, and takes exactly those away again, the last one first. */
export function made(cluster: Cluster) {
  const objects: { readonly resource: Resource; readonly live: LiveObject }[] = [];
  return {
    async create(resource: Resource, object: Manifest): Promise<LiveObject> {
      const live = await cluster.create(resource, object, MANAGER);
      objects.push({ resource, live });
      return live;
    },
    async remove(): Promise<void> {
      for (const { resource, live } of objects.toReversed()) {
        const { namespace = "", name, uid } = live.metadata;
        await cluster.delete(resource, { namespace, name }, { uid, propagation: "Background" });
      }
    },
  };
}
