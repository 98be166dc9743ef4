import type { ProbeResult } from "../api/status.ts";
import type { Observed, Practice } from "../practice/practice.ts";
import type { Finding } from "../policy/policy.ts";
import type { Rendering } from "../render/render.ts";
import type { Change, ChangeSet } from "../runtime/changes.ts";
import type { CertificateReport } from "./certificates.ts";
import type { PracticeResource } from "./context.ts";
import type { ApplyPlan } from "./gate.ts";

/** What a reconcile found out, as far as it came. Steps fill it; only `status.ts` reads it. */
export interface Report {
  readonly resource: PracticeResource;
  /** Everything that was applied and pruned, also by a reconcile that failed then. */
  readonly done: Change[];
  practice?: Practice;
  observed?: Observed;
  rendering?: Rendering;
  plan?: ApplyPlan;
  /** What came of the whole plan. */
  changes?: ChangeSet;
  certificates?: CertificateReport;
  findings?: readonly Finding[];
  /** A run that tries the walls is going on. */
  probing?: boolean;
  /** What a run that has just ended came to. */
  probe?: ProbeResult;
  door?: { readonly closed: boolean; readonly lookAgainSeconds?: number };
  /** What ended it early: `Stalled`, `Waiting`, or anything else. */
  error?: unknown;
}
