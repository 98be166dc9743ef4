import type { CacheEvent } from "../runtime/cluster.ts";
import { keyOf, PRACTICES } from "./kinds.ts";

/** Tells an edit of a practice's manifest, or the order to delete it, from all else that happens to a practice. */
export type Edits = (event: CacheEvent) => boolean;

/** Remembers the generation of each practice: the API server counts it up when the spec changes, and at deletion. */
export function createEdits(): Edits {
  const generations = new Map<string, number>();
  return ({ resource, type, object }) => {
    if (resource !== PRACTICES) return false;
    const key = keyOf(object);
    if (type === "deleted") return generations.delete(key);
    const { generation = 0 } = object.metadata;
    const before = generations.get(key);
    generations.set(key, generation);
    return before !== generation;
  };
}
