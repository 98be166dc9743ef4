import { LABEL } from "../api/group.ts";
import { type ReasonName, REASONS } from "../api/reasons.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Context } from "./context.ts";
import { isDraining } from "./spare.ts";
import { sentence, troublesOfRole } from "./told.ts";
import { type Complete, type Verdict, verdict } from "./verdict.ts";

/** How long a change may wait before the condition says what to do. */
const PATIENCE_DAYS = 7;

/**
 * `UpdatePending`: True from the moment a change exists until it is done. It tells no time and no number, because these
 * would tell of calls.
 */
export function updatePending(context: Context, report: Complete): Verdict {
  const { resource, practice, plan } = report;
  if (plan.later.some(({ reason }) => reason === "Suspended")) {
    return verdict("UpdatePending", "True", "Suspended", "Changes of workloads wait until spec.suspend is false.");
  }
  if (plan.later.some(({ reason }) => reason === "DatabaseOfAnotherVersion")) {
    const { meaning, nextStep } = REASONS.DatabaseOfAnotherVersion;
    return verdict(
      "UpdatePending",
      "True",
      "DatabaseOfAnotherVersion",
      `${meaning} What ran before goes on. ${nextStep}`,
    );
  }
  const onTrial = trialPending(context, report);
  if (onTrial) return onTrial;
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

/** Outcomes of trials that hold something back, the one first for which somebody has to do something. */
const OUTCOMES = [
  "ConfigurationRefused",
  "ConfigurationUntried",
  "ConfigurationOnTrial",
] as const satisfies ReasonName[];

function trialPending(context: Context, { practice, plan }: Complete): Verdict | undefined {
  const found = OUTCOMES.flatMap((reason) => plan.later.filter((held) => held.reason === reason))[0];
  if (!found) return undefined;
  const role = found.object.metadata.labels?.[LABEL.component] ?? "";
  const job = plan.now.find(({ kind, metadata }) => kind === "Job" && metadata.labels?.[LABEL.component] === role);
  const name = job?.metadata.name ?? practice.names.trial;
  const trouble = troublesOfRole(context, practice, "trial").find(({ pod }) =>
    pod.metadata.name.startsWith(`${name}-`),
  );
  const look = `kubectl -n ${practice.namespace} logs job/${name} --all-containers`;
  const reason = found.reason as (typeof OUTCOMES)[number];
  const goesOn = "What ran before goes on.";
  if (reason === "ConfigurationRefused") {
    const named = trouble?.setting === undefined ? "" : ` It names ${trouble.setting}.`;
    const check = trouble?.container === undefined ? `A check of ${role}` : `The check of ${trouble.container}`;
    const message = `${check} refuses the changed configuration.${named} ${goesOn} Undo or correct the change. All that it says: ${look}`;
    return verdict("UpdatePending", "True", reason, message);
  }
  const why = trouble ? sentence(trouble) : `How far it is: kubectl -n ${practice.namespace} describe job ${name}`;
  const message =
    reason === "ConfigurationOnTrial"
      ? `The changed configuration of ${role} is tried before it replaces what runs. ${why}`
      : `The trial of the changed configuration of ${role} ended without an answer; it is repeated. ${goesOn} ${why}`;
  return verdict("UpdatePending", "True", reason, message);
}
