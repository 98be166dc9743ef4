import type { ConditionType } from "../api/reasons.ts";
import type { Context } from "./context.ts";
import { isolation } from "./isolation.ts";
import type { Report } from "./report.ts";
import { unjudgedPolicies } from "./unjudged.ts";
import { asFarAsRead, unreadKinds, unreadPolicies } from "./unread.ts";
import { type Verdict, verdict } from "./verdict.ts";

const READ_AGAIN = "The operator may read everything again; whether this holds is judged when the practice goes on.";

const PROMISES: ReadonlySet<ConditionType> = new Set([
  "EndToEndEncryptionEnforced",
  "RecordingDisabled",
  "NetworkIsolated",
  "NamespaceHardened",
]);

/**
 * When a reconcile ended before it judged what is live, promises stand as they were found before. These are the ones of which
 * it is known by now that this may be wrong.
 */
export function doubts(context: Context, report: Report): Verdict[] {
  const { namespace } = report.resource.metadata;
  const before = (context.statuses.latest(report.resource)?.conditions ?? []) as readonly Verdict[];
  const kinds = unreadKinds(context, namespace);
  const ofWalls = [...kinds, ...unreadPolicies(context, namespace)];
  return before
    .filter(({ type }) => PROMISES.has(type))
    .flatMap((found) => {
      const now =
        found.type === "NetworkIsolated"
          ? asFarAsRead(opened(context, report, found) ?? found, ofWalls)
          : asFarAsRead(found, kinds);
      if (now !== found) return [now];
      return found.reason === "Forbidden" ? [verdict(found.type, "Unknown", "NotJudged", READ_AGAIN)] : [];
    });
}

/** What is to be said of the walls since a policy of the network plugin may have opened them; `undefined` when none has. */
function opened(context: Context, report: Report, found: Verdict): Verdict | undefined {
  const { practice, rendering, resource } = report;
  if (!practice || !rendering || found.status === "False") return undefined;
  const unjudged = unjudgedPolicies(context, { practice, rendering });
  const probe = context.statuses.latest(resource)?.probe;
  return unjudged.length > 0 ? isolation(practice, undefined, probe, context.now(), unjudged) : undefined;
}
