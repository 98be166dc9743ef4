import type { KeyObject } from "node:crypto";
import { RateLimiterMemory, RateLimiterQueue } from "rate-limiter-flexible";
import { digest } from "./keys.ts";

/** Counts tries of one kind, per account or per link, never per address: behind the front pod that is everybody's. */
export interface Limit {
  /** Counts one more try. @returns whether it is one too many. */
  readonly isOver: (whose: string) => Promise<boolean>;
  /** Whether there were too many already, without counting. */
  readonly wasOver: (whose: string) => Promise<boolean>;
  /** Takes one try back that was none. */
  readonly takeBack: (whose: string) => Promise<void>;
  readonly forget: (whose: string) => Promise<void>;
}

/**
 * So many counters and no more, whatever is asked: names fall into them by a keyed digest, so that nobody can choose
 * whose counter they share.
 */
const COUNTERS = 4096;

export function limitOf(
  key: KeyObject,
  { tries, seconds }: { readonly tries: number; readonly seconds: number },
): Limit {
  const limiter = new RateLimiterMemory({ points: tries, duration: seconds });
  const counter = (whose: string) => digest(key, "limit", whose).readUInt32BE() % COUNTERS;
  return {
    isOver: (whose) =>
      limiter.consume(counter(whose)).then(
        () => false,
        () => true,
      ),
    wasOver: async (whose) => ((await limiter.get(counter(whose)))?.consumedPoints ?? 0) >= tries,
    takeBack: async (whose) => void (await limiter.reward(counter(whose))),
    forget: async (whose) => void (await limiter.delete(counter(whose))),
  };
}

/**
 * Lets so many through a second, in the order in which they came. @param waiting how many may stand in line.
 * @returns a question that is answered when it is one's turn, at once with `false` when the line is too long.
 */
export function laneOf({
  perSecond,
  waiting,
}: {
  readonly perSecond: number;
  readonly waiting: number;
}): () => Promise<boolean> {
  const limiter = new RateLimiterMemory({ points: perSecond, duration: 1 });
  const line = new RateLimiterQueue(limiter, { maxQueueSize: waiting });
  return () =>
    line.removeTokens(1).then(
      () => true,
      () => false,
    );
}
