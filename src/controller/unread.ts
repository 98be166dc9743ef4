import { type Resource, RESOURCES } from "../runtime/resources.ts";
import type { Context } from "./context.ts";
import { PLUGIN_POLICIES } from "./kinds.ts";
import { CHILD_RESOURCES } from "./live.ts";
import { type Verdict, verdict } from "./verdict.ts";

/** A kind that the operator may not read now, by the name that its roles have for it, and the API server's words. */
export interface Unread {
  readonly kind: string;
  readonly problem: string;
}

/** Kinds that promises are judged by. */
const JUDGED: readonly Resource[] = [RESOURCES.Namespace, RESOURCES.Pod, ...CHILD_RESOURCES];

/** Kinds that the promises of a practice are judged by, of which nobody knows what the cluster has now. */
export const unreadKinds = (context: Pick<Context, "cache">, namespace: string) => unreadOf(JUDGED, context, namespace);

/** Kinds without which nothing can be made of a practice, nor judged. */
export const unreadNeeded = (context: Pick<Context, "cache">, namespace: string) =>
  unreadOf([...JUDGED, RESOURCES.Secret], context, namespace);

/** Policies of network plugins, of which nobody knows what the cluster has now. */
export const unreadPolicies = (context: Pick<Context, "cache">, namespace: string) =>
  unreadOf(PLUGIN_POLICIES, context, namespace);

function unreadOf(kinds: readonly Resource[], { cache }: Pick<Context, "cache">, namespace: string): Unread[] {
  return kinds.flatMap((resource) => {
    const problem = cache.unread(resource, namespace);
    const { plural, group } = resource;
    return problem === undefined ? [] : [{ kind: group ? `${plural}.${group}` : plural, problem }];
  });
}

/** A promise that seems to hold is not known to hold while something that it is judged by may not be read. */
export function asFarAsRead(found: Verdict, unread: readonly Unread[]): Verdict {
  const [first] = unread;
  // What is known to be wrong is told first.
  if (!first || found.status === "False" || found.reason === "ForeignPolicyKind") return found;
  const kinds = unread.map(({ kind }) => kind).join(", ");
  const message =
    `The operator may not read ${kinds}, so nobody knows whether this holds: ${first.problem.replace(/\.$/, "")}. ` +
    "Install its roles again; it looks again by itself.";
  return verdict(found.type, "Unknown", "Forbidden", message);
}
