import { CONDITION_TYPES, type Reason, REASONS } from "../api/reasons.ts";

/** `docs/reference/conditions.md`: a section per reason, so that each has a link of its own. */
export function conditionsPage(): string {
  const reasons = Object.entries<Reason>(REASONS);
  const byType = CONDITION_TYPES.map((type) => {
    const links = reasons.filter(([, { conditions }]) => conditions.includes(type)).map(([name]) => link(name));
    return `- \`${type}\`: ${links.join(", ")}\n`;
  });
  return [
    "# Conditions and their reasons\n",
    "What a practice says in `status.conditions`. True is good, except for `Reconciling`, `Stalled`, `UpdatePending` " +
      "and `Suspended`. `Ready` also repeats the reason of the condition that holds it back. A reason that is a wait " +
      "means that nothing is wrong: something has not happened yet.\n",
    byType.join(""),
    ...reasons.map(section),
  ].join("\n");
}

function section([name, { meaning, nextStep, waiting, conditions }]: readonly [string, Reason]): string {
  const kind = waiting ? "A wait. " : "";
  const next = nextStep === "" ? "" : `\nNext: ${nextStep}\n`;
  return `## ${name}\n\n${kind}${meaning}\n${next}\nSeen in: ${conditions.map((type) => `\`${type}\``).join(", ")}\n`;
}

function link(name: string): string {
  return `[${name}](#${name.toLowerCase()})`;
}
