import { describe } from "../manifest.ts";
import { mayOpen } from "../policy/plugin-policies.ts";
import { podTemplates } from "../policy/pods.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Context } from "./context.ts";
import { PLUGIN_POLICIES } from "./kinds.ts";
import type { Complete } from "./verdict.ts";

/** Policies of the cluster's network plugin that may open a practice's walls, as `Kind/name`: nobody here can judge them. */
export function unjudgedPolicies(
  { cache }: Pick<Context, "cache">,
  { practice: { namespace }, rendering }: Pick<Complete, "practice" | "rendering">,
): readonly string[] {
  // What was last known of one that may be read no more is not said: see `unreadKinds`.
  const kinds = PLUGIN_POLICIES.filter((kind) => cache.unread(kind, namespace) === undefined);
  const policies = kinds.flatMap((kind) => cache.list(kind, kind.namespaced ? namespace : undefined));
  if (policies.length === 0) return [];
  const subject = {
    namespace,
    namespaceLabels: cache.get(RESOURCES.Namespace, { name: namespace })?.metadata.labels ?? {},
    pods: podTemplates(rendering.manifests).map(({ labels }) => labels),
  };
  return policies
    .filter((policy) => mayOpen(policy, subject))
    .map(describe)
    .toSorted((a, b) => a.localeCompare(b));
}
