import type { Finding } from "../policy/policy.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";

/** How long a broken promise may last before nobody new gets in. */
export const REPAIR_SECONDS = 30;

/**
 * Fail closed: when encryption, recording or isolation is found broken on live objects and repair has not helped
 * within 30 s, the practice's routes are withdrawn until the checks hold again.
 */
export interface Doors {
  /** Tells the door what was found. @returns whether it is closed, and when to look again if it may close soon. */
  judge(key: string, findings: readonly Finding[]): { closed: boolean; lookAgainSeconds?: number };
  isClosed(key: string): boolean;
  forget(key: string): void;
}

const CLOSING: ReadonlySet<Finding["promise"]> = new Set(["e2ee", "recording", "isolation"]);

/** @param clock for durations only: a time of day that jumps must not keep a door open. */
export function createDoors(clock: Pick<Clock, "now"> = systemClock): Doors {
  const brokenSince = new Map<string, number>();
  const closed = new Set<string>();
  return {
    judge(key, findings) {
      if (!findings.some((finding) => CLOSING.has(finding.promise))) {
        brokenSince.delete(key);
        closed.delete(key);
        return { closed: false };
      }
      const since = brokenSince.get(key) ?? clock.now();
      brokenSince.set(key, since);
      const remaining = REPAIR_SECONDS - (clock.now() - since) / 1000;
      if (remaining > 0 && !closed.has(key)) return { closed: false, lookAgainSeconds: remaining };
      closed.add(key);
      return { closed: true };
    },
    isClosed: (key) => closed.has(key),
    forget(key) {
      brokenSince.delete(key);
      closed.delete(key);
    },
  };
}
