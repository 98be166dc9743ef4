import type { ConditionType, ReasonName } from "../api/reasons.ts";
import type { Report } from "./report.ts";

/** What a condition says, before it is dated. */
export interface Verdict {
  readonly type: ConditionType;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: ReasonName;
  readonly message: string;
}

export function verdict(type: ConditionType, status: Verdict["status"], reason: ReasonName, message: string): Verdict {
  return { type, status, reason, message };
}

/** A report of a reconcile that got as far as judging what is live. */
export type Complete = Report &
  Required<Pick<Report, "practice" | "observed" | "rendering" | "plan" | "certificates" | "findings" | "door">>;

export function isComplete(report: Report): report is Complete {
  return report.error === undefined && report.findings !== undefined && report.door !== undefined;
}
