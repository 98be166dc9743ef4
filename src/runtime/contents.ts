import type { LiveObject } from "../manifest.ts";
import type { CachedKind } from "./cluster.ts";
import { ApiError } from "./errors.ts";
import { listRequest } from "./listing.ts";
import { reached } from "./resource-version.ts";
import { pathOf } from "./resources.ts";
import { keyOf, type Store } from "./store.ts";
import type { Transport } from "./transport.ts";

/**
 * What to list at a start: of a kind whose contents come later only the metadata of what has them, and whole what has none.
 * Half of all that a fleet consists of are files in ConfigMaps (docs/decisions/0050).
 */
export function firstLists(kind: CachedKind): readonly CachedKind[] {
  const { contentsLater: label, labelSelector } = kind;
  if (label === undefined) return [kind];
  const and = (requirement: string) => (labelSelector ? `${labelSelector},${requirement}` : requirement);
  return [
    { ...kind, labelSelector: and(label), metadataOnly: true },
    { ...kind, labelSelector: and(`!${label}`) },
  ];
}

/**
 * Reads what a store has in part of a namespace: one request, which the API server answers from its watch cache. It completes
 * and takes away what is still held in part, and nothing else: of the rest the watch knows more, so nothing that it has told
 * to be deleted meanwhile comes back.
 * @param learn keeps an object as the watch's would be.
 * @throws ApiError, also when the answer is from before what is known.
 */
export async function readContents(
  {
    transport,
    kind,
    store,
    learn,
  }: {
    readonly transport: Transport;
    readonly kind: CachedKind;
    readonly store: Store;
    readonly learn: (live: LiveObject) => void;
  },
  namespace: string,
  signal: AbortSignal,
): Promise<void> {
  const parts = () => store.list(namespace).filter(store.isPart);
  const versions = parts().map(({ metadata }) => metadata.resourceVersion);
  if (versions.length === 0) return;
  const newest = versions.reduce((a, b) => (reached(a, b) ? a : b));
  const query = { resourceVersion: newest, resourceVersionMatch: "NotOlderThan" };
  const { metadata, items } = JSON.parse(
    await transport.request(listRequest(kind, pathOf(kind.resource, { namespace }), query, signal)),
  ) as List;
  const missing = new Set(parts().map(keyOf));
  for (const item of items ?? []) if (missing.has(keyOf(item))) learn(item);
  // Deleted since, or without the label: the watch has not told it yet.
  for (const part of parts()) {
    if (reached(metadata.resourceVersion, part.metadata.resourceVersion)) store.remove(part);
  }
  if (parts().length === 0) return;
  const { plural } = kind.resource;
  throw new ApiError(0, `The API server tells of older ${plural} than it did before. It is asked again.`);
}

interface List {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly LiveObject[] | null;
}
