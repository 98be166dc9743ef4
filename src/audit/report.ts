import type { PracticeStatus } from "../api/status.ts";
import type { Manifest } from "../manifest.ts";
import type { Finding } from "../policy/policy.ts";
import type { Practice } from "../practice/practice.ts";

/**
 * `met` and `notMet`: judged on what is live. `attested`: somebody says so, and nothing here can see it. `unknown` is never
 * a pass.
 */
export type State = "met" | "notMet" | "unknown" | "attested";

/** One thing that the report speaks about. Sentences hold no value of a Secret, and name nobody. */
export interface Entry {
  readonly title: string;
  readonly state: State;
  readonly evidence: readonly string[];
  readonly notCovered: readonly string[];
}

/** Everything that a report is drawn from. */
export interface Evidence {
  readonly practice: Practice;
  /** Of the spec that is live. */
  readonly generation: number;
  readonly status: Partial<PracticeStatus>;
  /** Live objects in the practice's namespace, Secrets never among them. */
  readonly objects: readonly Manifest[];
  /** What the policy chain found on them. */
  readonly findings: readonly Finding[];
  /** Kinds that could not be read, each with the reason. */
  readonly unread: readonly { readonly kind: string; readonly reason: string }[];
  /** SHA-256 of the guard script of this release, in hexadecimal. */
  readonly guard: string;
  /** Images of a release without options. */
  readonly releaseImages: Readonly<Record<string, string>>;
  readonly allowedAnnotations: readonly string[];
  readonly version: string;
  readonly now: Date;
}

export interface Report {
  readonly practice: string;
  readonly namespace: string;
  readonly at: string;
  /** Of the program that judged, and of the operator that is at work. */
  readonly versions: { readonly audit: string; readonly operator: string | undefined };
  readonly statement: string;
  /** The eight promises, in order. */
  readonly promises: readonly Entry[];
  /** What else is judged. */
  readonly others: readonly Entry[];
  /** What differs from how a practice is by itself, and may weaken it. */
  readonly exceptions: readonly string[];
  /** What nobody but whoever runs the cluster can answer. */
  readonly duties: readonly { readonly duty: string; readonly ask: string }[];
  readonly objects: Readonly<Record<string, readonly string[]>>;
  readonly unread: Evidence["unread"];
}

/** Every promise is met, or stands on somebody's word. */
export function isMet({ promises }: Pick<Report, "promises">): boolean {
  return promises.every(({ state }) => state === "met" || state === "attested");
}
