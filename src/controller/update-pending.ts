import { RESOURCES } from "../runtime/resources.ts";
import type { Context } from "./context.ts";
import { isDraining } from "./spare.ts";
import { type Complete, type Verdict, verdict } from "./verdict.ts";

/** How long a change may wait before the condition says what to do. */
const PATIENCE_DAYS = 7;

/**
 * `UpdatePending`: True from the moment a change exists until it is done. It tells no time and no number, because these
 * would tell of calls.
 */
export function updatePending(context: Context, { resource, practice, plan }: Complete): Verdict {
  if (plan.later.some(({ reason }) => reason === "Suspended")) {
    return verdict("UpdatePending", "True", "Suspended", "Changes of workloads wait until spec.suspend is false.");
  }
  const waits = plan.later.some(({ reason }) => reason === "WaitingForQuietMoment");
  const sets = context.cache.list(RESOURCES.StatefulSet, practice.namespace);
  if (!waits && !sets.some(isDraining)) {
    return verdict("UpdatePending", "False", "UpToDate", "Nothing waits to be rolled out.");
  }
  const windows = practice.maintenance.windows.length > 0 ? ", or a maintenance window is open" : "";
  const message = `A change of what carries calls is rolled out as soon as nobody is in one${windows}.`;
  const { conditions = [] } = context.statuses.latest(resource) ?? {};
  const since = conditions.find(
    ({ type, status }) => type === "UpdatePending" && status === "True",
  )?.lastTransitionTime;
  const days = since ? (context.now().getTime() - Date.parse(since)) / 86_400_000 : 0;
  const advice =
    days < PATIENCE_DAYS
      ? ""
      : ` It has waited for more than ${PATIENCE_DAYS} days. Set spec.maintenance.windows to times at which a call may be ended for it; an operator outside of the cluster, or whose pods the option operatorPeers does not name, cannot know that a moment is quiet.`;
  return verdict("UpdatePending", "True", "WaitingForQuietMoment", message + advice);
}
