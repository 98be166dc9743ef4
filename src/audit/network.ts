import type { ReasonName } from "../api/reasons.ts";
import { PROBE_HOLDS_DAYS } from "../api/status.ts";
import type { Evidence, State } from "./report.ts";

/** Reasons for which the operator itself does not know what may be open. */
const UNJUDGED: ReadonlySet<string> = new Set(["ForeignPolicyKind", "Forbidden"] satisfies ReasonName[]);

/** What the last try of the walls says, as it stands in the practice's status. */
export function network({ status, now }: Pick<Evidence, "status" | "now">): {
  readonly state: Exclude<State, "attested">;
  readonly sentence: string;
} {
  const { probe, conditions = [] } = status;
  if (!probe) {
    return {
      state: "unknown",
      sentence:
        "Whether the cluster's network obeys the policies was never tried. `telehealth audit NAME --probe` tries it.",
    };
  }
  const { at, tried, open = [], shut = [], late = [] } = probe;
  if (open.length > 0) {
    return {
      state: "notMet",
      sentence: `The network let through what no policy does, tried at ${at}: ${open.join(", ")}.`,
    };
  }
  const unjudged = conditions.find(({ type, reason }) => type === "NetworkIsolated" && UNJUDGED.has(reason));
  if (unjudged) return { state: "unknown", sentence: unjudged.message };
  if (now.getTime() - Date.parse(at) > PROBE_HOLDS_DAYS * 86_400_000) {
    return {
      state: "unknown",
      sentence: `The network was last tried at ${at}, more than ${PROBE_HOLDS_DAYS} days ago.`,
    };
  }
  if (!probe.answered) return { state: "unknown", sentence: `The try at ${at} came to no end.` };
  if (shut.length > 0) {
    return {
      state: "unknown",
      sentence: `The try at ${at} proves nothing, because what must be open was not: ${shut.join(", ")}.`,
    };
  }
  const moment = late.length > 0 ? ` While a pod had just begun, this was open for a moment: ${late.join(", ")}.` : "";
  return {
    state: "met",
    sentence: `On the cluster's network ${tried} ways were tried at ${at}, and each was open or closed as declared.${moment}`,
  };
}
