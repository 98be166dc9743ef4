import { schemaHash } from "../api/crd.ts";
import { GROUP, PLURAL } from "../api/group.ts";
import type { Cluster } from "../runtime/cluster.ts";
import { RESOURCES } from "../runtime/resources.ts";

/**
 * Whether the cluster's definition of a practice is the one this operator was built with: an older one would
 * silently drop fields. @returns a sentence that says what to do, or `undefined` when it fits.
 */
export async function crdProblem(cluster: Cluster): Promise<string | undefined> {
  const name = `${PLURAL}.${GROUP}`;
  const live = await cluster.get(RESOURCES.CustomResourceDefinition, { name });
  if (!live) return `The definition ${name} is not installed. Install the chart, or apply the file in crds/.`;
  if (live.metadata.annotations?.[`${GROUP}/schema-hash`] === schemaHash()) return undefined;
  return `The definition ${name} belongs to another version of the operator. Upgrade the chart, or apply the file in crds/.`;
}
