import { LABEL } from "../api/group.ts";
import type { LiveObject, Manifest } from "../manifest.ts";
import { isServing, restarts } from "./spare.ts";

/**
 * How the trial of a workload's configuration stands.
 * `again`: it ended without an answer (killed, no image, a node that went), long enough ago to be repeated.
 */
export type Outcome = "running" | "passed" | "refused" | "unanswered" | "again";

export interface Trial {
  readonly job: Manifest;
  readonly outcome: Outcome;
}

/** How soon a trial is repeated that ended without an answer. */
const AGAIN_SECONDS = 600;

/**
 * The trial that decides whether this may be applied; `undefined` where none is needed: what runs is not replaced, is
 * not as we made it, or does not serve, so that there is nothing to protect. A trial that has begun still counts while
 * the pod restarts, else a refused configuration would slip in then.
 */
export function trialOf(
  workload: Manifest,
  trials: readonly Manifest[],
  known: {
    readonly live: (object: Manifest) => LiveObject | undefined;
    readonly applied: string | undefined;
    readonly now: Date;
  },
): Trial | undefined {
  const job = trials.find(({ metadata }) => componentOf({ metadata }) === componentOf(workload));
  const [live, tried] = [known.live(workload), job && known.live(job)];
  if (!job || !restarts(workload, live, known.applied)) return undefined;
  if (!tried) return isServing(live) ? { job, outcome: "running" } : undefined;
  return { job, outcome: outcomeOf(tried, known.now) };
}

function componentOf({ metadata }: Pick<Manifest, "metadata">): string | undefined {
  return metadata.labels?.[LABEL.component];
}

interface JobCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly lastTransitionTime?: string;
}

/** What a Job says in the end. Its failure policy tells a check's own answer from everything else. */
function outcomeOf(job: LiveObject, now: Date): Outcome {
  const { conditions = [] } = (job["status"] ?? {}) as { readonly conditions?: readonly JobCondition[] };
  const met = (type: string) => conditions.find((condition) => condition.type === type && condition.status === "True");
  if (met("Complete")) return "passed";
  const failed = met("Failed");
  if (!failed) return "running";
  if (failed.reason === "PodFailurePolicy") return "refused";
  const since = now.getTime() - Date.parse(failed.lastTransitionTime ?? now.toISOString());
  return since > AGAIN_SECONDS * 1000 ? "again" : "unanswered";
}
