import type { CacheEvent } from "../runtime/cluster.ts";
import { keyOf, PRACTICES } from "./kinds.ts";

/** Tells a new practice, and an edit of one's manifest or the order to delete it, from all else that happens to practices. */
export type Edits = (event: CacheEvent) => "new" | "changed" | undefined;

/** Remembers the generation of each practice: the API server counts it up when the spec changes, and at deletion. */
export function createEdits(): Edits {
  const generations = new Map<string, number>();
  return ({ resource, type, object }) => {
    if (resource !== PRACTICES) return undefined;
    const key = keyOf(object);
    if (type === "deleted") return generations.delete(key) ? "changed" : undefined;
    const { generation = 0 } = object.metadata;
    const before = generations.get(key);
    generations.set(key, generation);
    if (before === undefined) return "new";
    return before === generation ? undefined : "changed";
  };
}
