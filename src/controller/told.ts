import { LABEL } from "../api/group.ts";
import { REASONS } from "../api/reasons.ts";
import type { LiveObject } from "../manifest.ts";
import type { Role } from "../practice/names.ts";
import type { Practice } from "../practice/practice.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Context } from "./context.ts";
import type { RoleState } from "./roles.ts";
import type { Trouble } from "./troubles.ts";

/** A trouble with the pod that has it. */
export interface PodTrouble extends Trouble {
  readonly pod: LiveObject;
}

/**
 * What keeps the pods of these roles from running. A homeserver whose database is still starting is not blamed for it:
 * it is tried again until the database is there.
 */
export function troublesOfRoles(context: Context, practice: Practice, unready: readonly RoleState[]): PodTrouble[] {
  const waitsForDatabase = unready.some(({ role }) => role === "postgres");
  return unready
    .filter(({ role }) => !(waitsForDatabase && role === "synapse"))
    .flatMap(({ role }) => troublesOfRole(context, practice, role));
}

/** What keeps pods of one role from running. */
export function troublesOfRole({ cache }: Context, { name, namespace }: Practice, role: Role): PodTrouble[] {
  return cache
    .list(RESOURCES.Pod, namespace)
    .filter(({ metadata: { labels = {} } }) => labels[LABEL.practice] === name && labels[LABEL.role] === role)
    .flatMap((pod) => {
      const { troubles = [] } = (pod["status"] ?? {}) as { readonly troubles?: readonly Trouble[] };
      return troubles.map((trouble) => ({ ...trouble, pod }));
    });
}

/** Where it is, what it means, what to do. */
export function sentence({ pod, container, reason }: PodTrouble): string {
  const { name, namespace } = pod.metadata;
  const place = container === undefined ? name : `${name}, container ${container}`;
  const { meaning, nextStep } = REASONS[reason];
  const former = pod.metadata.labels?.[LABEL.role] === "trial" ? "" : " --previous";
  const log = `kubectl -n ${namespace} logs ${name} -c ${container}${former}`;
  return `${place}: ${meaning} ${reason === "ProgramFails" ? `Read its log: ${log}` : nextStep}`;
}
