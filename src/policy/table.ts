import { FOREIGN_CHAIN, RENDER_CHAIN } from "./index.ts";
import type { Check, PromiseName } from "./policy.ts";

const PROMISES: Readonly<Record<PromiseName, string>> = {
  e2ee: "End-to-end encryption",
  recording: "No recording",
  isolation: "Isolation",
  metadata: "Metadata",
  hardening: "Hardening",
};

/** `docs/reference/policy.md`: every check with its reason. */
export function policyTable(): string {
  const chapters = Object.entries(PROMISES).map(([promise, title]) => {
    const rendered = RENDER_CHAIN.filter((check) => check.promise === promise).map((check) => row(check, "both"));
    const live = FOREIGN_CHAIN.filter((check) => check.promise === promise).map((check) => row(check, "live"));
    return `## ${title}\n\n| check | looks at | why |\n|---|---|---|\n${[...rendered, ...live].join("")}`;
  });
  return `# Policy checks

Each check of \`src/policy\` runs on what is rendered, before anything is applied, and again on what is live. What breaks
one while it is rendered is not applied. A broken promise of the first three chapters on live objects closes the
practice's routes until it holds again.

${chapters.join("\n")}`;
}

function row({ name, because }: Check, looksAt: "both" | "live"): string {
  const what = looksAt === "both" ? "rendered and live objects" : "what others put into the namespace";
  return `| \`${name}\` | ${what} | ${because} |\n`;
}
