import { LABEL } from "../api/group.ts";
import type { Practice } from "../practice/practice.ts";
import { ROLES, type Role } from "../practice/names.ts";
import { readiness } from "../runtime/readiness.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Context } from "./context.ts";
import { isDraining } from "./spare.ts";

/** How one of the six pods is doing. */
export interface RoleState {
  readonly role: Role;
  readonly exists: boolean;
  readonly ready: boolean;
  /** A whole sentence when it is not ready. */
  readonly message: string;
}

/** The state of every pod that this practice has; an external database leaves `postgres` out. */
export function roleStates(context: Context, practice: Practice): RoleState[] {
  const roles = ROLES.filter((role) => role !== "postgres" || practice.messaging.database.kind === "managed");
  return roles.map((role) => {
    const ref = { namespace: practice.namespace, name: practice.names[role] };
    const live = context.cache.get(RESOURCES.StatefulSet, ref) ?? context.cache.get(RESOURCES.Deployment, ref);
    if (!live || live.metadata.labels?.[LABEL.practice] !== practice.name) {
      return { role, exists: false, ready: false, message: `${role} does not exist yet.` };
    }
    const { ready, message } = readiness(live);
    // While it waits for its calls to end, the former pod serves as before.
    return { role, exists: true, ready: ready || isDraining(live), message };
  });
}
