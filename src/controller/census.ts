import type { ReasonName } from "../api/reasons.ts";
import type { PracticeStatus } from "../api/status.ts";
import type { LiveObject } from "../manifest.ts";

/** How the practices are doing, all together: numbers that tell of no practice which one it is. */
export interface Census {
  readonly ready: number;
  /** Whose routes are withdrawn because a promise is broken. */
  readonly doorsClosed: number;
  /** For how long the practice has been so that has not been Ready for longest; 0 when there is none. */
  readonly unreadySeconds: number;
}

/** Somebody has asked for these to last: nobody has to be told that they do. */
const MEANT_TO_LAST: ReadonlySet<string> = new Set<ReasonName>(["WaitingForQuietMoment", "Suspended"]);

/** Counts by what each status says, so that a standby and an operator that has just begun tell the same as the leader. */
export function census(practices: readonly LiveObject[], now: Date): Census {
  const states = practices.map(stateOf);
  const unready = states.filter(({ ready, meantToLast }) => !ready && !meantToLast);
  const oldest = unready.reduce((oldest, { since }) => Math.min(oldest, since), now.getTime());
  return {
    ready: states.filter(({ ready }) => ready).length,
    doorsClosed: states.filter(({ doorClosed }) => doorClosed).length,
    unreadySeconds: (now.getTime() - oldest) / 1000,
  };
}

function stateOf(practice: LiveObject) {
  const { conditions = [] } = (practice["status"] ?? {}) as Partial<PracticeStatus>;
  const ready = conditions.find(({ type }) => type === "Ready");
  return {
    ready: ready?.status === "True",
    // One that nobody has looked at waits since it was made.
    since: Date.parse(ready?.lastTransitionTime ?? practice.metadata.creationTimestamp),
    meantToLast: ready !== undefined && MEANT_TO_LAST.has(ready.reason),
    doorClosed: conditions.some(({ type, reason }) => type === "ComponentsReady" && reason === "DoorClosed"),
  };
}
