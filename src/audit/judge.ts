import { DUTIES } from "./duties.ts";
import { exceptions } from "./exceptions.ts";
import { others } from "./others.ts";
import { promises } from "./promises.ts";
import type { Evidence, Report } from "./report.ts";

const STATEMENT =
  "This report says what was found on live objects at one moment. It certifies nothing: no program can say that you " +
  "comply with a law.";

/** Draws the report. Pure: the same evidence gives the same report. */
export function reportOn(evidence: Evidence): Report {
  const { practice, status, version, now, objects, unread } = evidence;
  const kinds = [...new Set(objects.map(({ kind }) => kind))].toSorted();
  const named = (kind: string) => objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name);
  return {
    practice: practice.name,
    namespace: practice.namespace,
    at: now.toISOString(),
    versions: { audit: version, operator: status.operatorVersion },
    statement: STATEMENT,
    promises: promises(evidence),
    others: others(evidence),
    exceptions: [...exceptions(evidence), ...otherVersion(evidence)],
    duties: DUTIES,
    objects: Object.fromEntries(kinds.map((kind) => [kind, named(kind).toSorted()])),
    unread,
  };
}

function otherVersion({ status, version }: Evidence): string[] {
  const { operatorVersion } = status;
  if (operatorVersion === undefined || operatorVersion === version) return [];
  return [
    `The operator at work is ${operatorVersion} and this program is ${version}: where they differ in what they render, ` +
      "this report takes the difference for a break. Use the operator's own version.",
  ];
}
