import { entry } from "../../src/components/entry/entry.ts";
import { type EntryOptions, entryOptions } from "../../src/entry/options.ts";
import type { IDeployment } from "kubernetes-models/apps/v1";
import { someParams } from "../support/practice.ts";

/** What a rendered Deployment tells the entry page. */
function told(params = someParams()): Readonly<Record<string, string | undefined>> {
  const deployment = entry.build(params).find(({ kind }) => kind === "Deployment") as unknown as IDeployment;
  const [container] = deployment.spec?.template.spec?.containers ?? [];
  return Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
}

export function someOptions(changes: Partial<EntryOptions> = {}): EntryOptions {
  return { ...entryOptions(told()), ...changes };
}
