import { parseArgs } from "node:util";

export interface DemoOptions {
  /** A context of the user's kubeconfig; absent: a control plane of our own. */
  readonly context?: string;
  /** End when everything is there, instead of staying up until Ctrl-C. */
  readonly once: boolean;
}

/** @throws Error with a sentence for an unknown flag. */
export function demoOptions(argv: readonly string[]): DemoOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: { context: { type: "string" }, once: { type: "boolean" } },
    strict: true,
  });
  return { once: values.once ?? false, ...(values.context && { context: values.context }) };
}
