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
  /** A practice came to this shard: what was passed over in its namespace is known when `relist` is through. */
  takeIn(namespace: string, relist: () => Promise<void>): void;
  /** Whether everything in a namespace is known: what is missing would be taken for what was never made. */
  isComplete(namespace: string): boolean;
  /** The namespace is gone. */
  forget(namespace: string): void;
}

/** @param practicesIn the practices that the cache knows in a namespace, of whatever shard. */
export function createShard(option: Config["shard"], practicesIn: (namespace: string) => readonly LiveObject[]): Shard {
  const passedOver = new Set<string>();
  const coming = new Map<string, Promise<void>>();
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
    takeIn(namespace, relist) {
      if (!passedOver.delete(namespace)) return;
      const listing = relist().then(() => {
        if (coming.get(namespace) === listing) coming.delete(namespace);
      });
      coming.set(namespace, listing);
    },
    isComplete: (namespace) => !coming.has(namespace),
    forget: (namespace) => void passedOver.delete(namespace),
  };
}
