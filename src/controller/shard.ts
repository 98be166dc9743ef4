import type { Config } from "../config.ts";
import type { LiveObject } from "../manifest.ts";
import { selects } from "../policy/selectors.ts";

/** Which practices this operator looks after, where several operators share a cluster's practices (docs/fleet.md). */
export interface Shard {
  /** Empty when this operator looks after all. */
  readonly name: string;
  has(practice: LiveObject): boolean;
  /** Whether an object is kept in memory: not in a namespace whose practices are all looked after by others. */
  keeps(object: LiveObject): boolean;
  /** Whether objects of a namespace were passed over since this was last asked: then everything has to be listed anew. */
  missed(namespace: string): boolean;
  /** The namespace is gone. */
  forget(namespace: string): void;
}

/** @param practicesIn the practices that the cache knows in a namespace, of whatever shard. */
export function createShard(option: Config["shard"], practicesIn: (namespace: string) => readonly LiveObject[]): Shard {
  const passedOver = new Set<string>();
  const has: Shard["has"] = ({ metadata: { labels = {} } }) =>
    option === undefined || selects(option.practices, labels);
  return {
    name: option?.name ?? "",
    has,
    keeps({ metadata: { namespace } }) {
      if (option === undefined || namespace === undefined) return true;
      const practices = practicesIn(namespace);
      const kept = practices.length === 0 || practices.some(has);
      if (!kept) passedOver.add(namespace);
      return kept;
    },
    missed: (namespace) => passedOver.delete(namespace),
    forget: (namespace) => void passedOver.delete(namespace),
  };
}
