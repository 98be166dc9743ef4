import type { Entry, Report, State } from "./report.ts";

const MARK: Readonly<Record<State, string>> = {
  met: "✓ met",
  notMet: "✗ not met",
  unknown: "? unknown",
  attested: "~ attested",
};

/** The report for a person to read, in a terminal or on paper. */
export function asText(report: Report): string {
  const { practice, namespace, at, versions, statement } = report;
  const title = `Audit of the practice ${namespace}/${practice}`;
  const head = [
    title,
    "=".repeat(title.length),
    `${at}, by telehealth ${versions.audit}; the operator at work is ${versions.operator ?? "unknown"}.`,
    statement,
  ];
  return `${[
    ...head,
    ...chapter("Promises", report.promises.flatMap(entry)),
    ...chapter("Besides", report.others.flatMap(entry)),
    ...chapter("Exceptions", listed(report.exceptions, "None.")),
    ...chapter(
      "What whoever runs the cluster has to answer",
      report.duties.flatMap(({ duty, ask }) => [`- ${duty}: ${ask}`]),
    ),
    ...chapter("Looked at", [
      ...Object.entries(report.objects).map(([kind, names]) => `- ${kind}: ${names.join(", ")}`),
      ...report.unread.map(({ kind, reason }) => `- ${kind}: not read. ${reason}`),
      "- Secret: never read.",
    ]),
  ].join("\n")}\n`;
}

function chapter(title: string, lines: readonly string[]): string[] {
  return ["", title, "-".repeat(title.length), ...lines];
}

function entry({ title, state, evidence, notCovered }: Entry): string[] {
  return [
    `${MARK[state].padEnd(11)} ${title}`,
    ...evidence.map((sentence) => `    ${sentence}`),
    ...notCovered.map((sentence) => `    Not covered: ${sentence}`),
    "",
  ];
}

function listed(lines: readonly string[], none: string): string[] {
  return lines.length > 0 ? lines.map((line) => `- ${line}`) : [none];
}
