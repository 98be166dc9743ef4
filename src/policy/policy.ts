import type { Assets } from "../assets.ts";
import { describe, type Manifest } from "../manifest.ts";
import type { Practice } from "../practice/practice.ts";

/** What a check looks at: rendered objects, or what is live in the practice's namespace. */
export interface PolicyInput {
  readonly objects: readonly Manifest[];
  readonly practice: Practice;
  readonly assets: Assets;
}

export type PromiseName = "e2ee" | "recording" | "isolation" | "metadata" | "hardening";

/** One named, pure rule. It returns the objects that break it, never a boolean, so that messages can name them. */
export interface Check {
  readonly name: string;
  readonly promise: PromiseName;
  /** Why the rule exists, for the docs and the audit. */
  readonly because: string;
  readonly violations: (input: PolicyInput) => readonly Violation[];
}

export interface Violation {
  /** `Kind/name` of the object, or of what is missing. */
  readonly object: string;
  /** A whole sentence: what is wrong. Holds no value of a Secret or configuration. */
  readonly message: string;
}

/** A violation and the check that found it. */
export interface Finding extends Violation {
  readonly check: string;
  readonly promise: PromiseName;
}

/** Runs every check and collects everything: an admin wants the whole list. */
export function evaluate(chain: readonly Check[], input: PolicyInput): Finding[] {
  return chain.flatMap((check) =>
    check.violations(input).map((violation) => ({ ...violation, check: check.name, promise: check.promise })),
  );
}

export function violation(object: Manifest | string, message: string): Violation {
  return { object: typeof object === "string" ? object : describe(object), message };
}
