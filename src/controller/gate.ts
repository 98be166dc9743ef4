import type { ReasonName } from "../api/reasons.ts";
import { LABEL } from "../api/group.ts";
import { describe, type LiveObject, type Manifest, type VerifiedManifests } from "../manifest.ts";
import type { Finding } from "../policy/policy.ts";
import type { Role } from "../practice/names.ts";
import type { Host } from "../practice/practice.ts";
import { type Phase, phaseOf } from "../render/order.ts";
import type { Outcome, Trial } from "./trial.ts";

/** What may be applied now, and what waits, each with its reason. */
export interface ApplyPlan {
  readonly now: VerifiedManifests;
  readonly later: readonly Held[];
  /** Live routes to take away: the door is closed. */
  readonly withdraw: boolean;
}

export interface Held {
  readonly object: Manifest;
  readonly reason: ReasonName;
}

/** Reasons for which a single workload waits while its former pod serves as it was made. */
export const SPARING: ReadonlySet<ReasonName> = new Set<ReasonName>([
  "WaitingForQuietMoment",
  "ConfigurationOnTrial",
  "ConfigurationRefused",
  "ConfigurationUntried",
  "DatabaseOfAnotherVersion",
]);

const REASON_OF: Readonly<Record<Outcome, ReasonName | undefined>> = {
  running: "ConfigurationOnTrial",
  passed: undefined,
  refused: "ConfigurationRefused",
  unanswered: "ConfigurationUntried",
  again: "ConfigurationUntried",
};

/** What the gate needs to know of the cluster. */
export interface Circumstances {
  readonly namespaceRestricted: boolean;
  readonly suspended: boolean;
  readonly doorClosed: boolean;
  /** The trial that a workload has to pass before it may replace what runs. */
  readonly trial: (object: Manifest) => Trial | undefined;
  /** Whether applying this now would end calls. */
  readonly endsCalls: (object: Manifest) => boolean;
  /** Whether this is a PostgreSQL that cannot read the data of the one that runs. */
  readonly ofAnotherMajor: (object: Manifest) => boolean;
  readonly exists: (object: Manifest) => boolean;
  readonly ready: (role: Role) => boolean;
}

/** Which pods must be ready before a host opens for the first time. */
const SERVED_BY: Readonly<Record<Host, readonly Role[]>> = {
  entry: ["front", "entry"],
  meet: ["front", "signalling", "bridge"],
  matrix: ["front", "synapse"],
  chat: ["front", "synapse"],
};

/** Splits a rendering into now and later. Walls are never held back. */
export function gate(
  manifests: VerifiedManifests,
  circumstances: Circumstances,
  probes: readonly Manifest[] = [],
): ApplyPlan {
  const held = manifests.flatMap((object): Held[] => {
    const reason = reasonToWait(object, circumstances);
    return reason ? [{ object, reason }] : [];
  });
  const waiting = new Set(held.map(({ object }) => object));
  return {
    // Parts of what was verified are verified.
    now: [
      ...manifests.filter((object) => !waiting.has(object)),
      ...manifests.flatMap((object) => jobToRun(object, circumstances)),
      // Pods that the namespace would refuse are not tried.
      ...(circumstances.namespaceRestricted ? probes : []),
    ] as readonly Manifest[] as VerifiedManifests,
    later: held,
    withdraw: circumstances.doorClosed,
  };
}

/** A trial stays until what it tried is applied: it is the only note of its outcome. */
function jobToRun(
  object: Manifest,
  { namespaceRestricted, suspended, ofAnotherMajor, trial }: Circumstances,
): Manifest[] {
  const may = namespaceRestricted && !suspended && phaseOf(object) === "workloads" && !ofAnotherMajor(object);
  const needed = may ? trial(object) : undefined;
  return needed && needed.outcome !== "again" ? [needed.job] : [];
}

function reasonToWait(object: Manifest, circumstances: Circumstances): ReasonName | undefined {
  const phase: Phase = phaseOf(object);
  if (phase === "routes") return reasonForRoute(object, circumstances);
  if (phase !== "workloads") return undefined;
  if (!circumstances.namespaceRestricted) return "NamespaceNotRestricted";
  if (circumstances.suspended) return "Suspended";
  if (circumstances.ofAnotherMajor(object)) return "DatabaseOfAnotherVersion";
  const trial = circumstances.trial(object);
  const untried = trial && REASON_OF[trial.outcome];
  return untried ?? (circumstances.endsCalls(object) ? "WaitingForQuietMoment" : undefined);
}

function reasonForRoute(object: Manifest, circumstances: Circumstances): ReasonName | undefined {
  if (circumstances.doorClosed) return "DoorClosed";
  if (circumstances.exists(object)) return undefined;
  if (!circumstances.namespaceRestricted) return "NamespaceNotRestricted";
  const host = object.metadata.labels?.[LABEL.host] as Host | undefined;
  const needed = host ? SERVED_BY[host] : (["front"] as const);
  return needed.every((role) => circumstances.ready(role)) ? undefined : "ComponentsStarting";
}

/** Whether an object is live as an earlier reconcile applied it, because what replaces it has to wait. */
export function isSpared({ later }: ApplyPlan, live: LiveObject): boolean {
  return later.some(({ object, reason }) => SPARING.has(reason) && describe(object) === describe(live));
}

/**
 * The findings that may close the door. While all workloads are held back, what runs is of a former release and differs
 * from this one's guard and images: that is told in the conditions, but it is no break of what was promised when it was
 * made.
 */
export function closingFindings(findings: readonly Finding[], plan: ApplyPlan): readonly Finding[] {
  const held = plan.later.some(({ object, reason }) => phaseOf(object) === "workloads" && !SPARING.has(reason));
  return held ? findings.filter(({ promise }) => promise === "isolation") : findings;
}
