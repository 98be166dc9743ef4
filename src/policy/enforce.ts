import type { VerifiedManifests } from "../manifest.ts";
import { type Check, evaluate, type Finding, type PolicyInput } from "./policy.ts";

/** Objects that break a promise. Nothing of them is applied. */
export class PolicyViolation extends Error {
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super(findings.map((f) => `${f.object}: ${f.message} (${f.check})`).join("\n"));
    this.name = "PolicyViolation";
    this.findings = findings;
  }
}

/**
 * The only maker of `VerifiedManifests`.
 * @throws PolicyViolation with every finding.
 */
export function enforce(chain: readonly Check[], input: PolicyInput): VerifiedManifests {
  const findings = evaluate(chain, input);
  if (findings.length > 0) throw new PolicyViolation(findings);
  return input.objects as VerifiedManifests;
}
