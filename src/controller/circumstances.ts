import { LABEL } from "../api/group.ts";
import type { Manifest } from "../manifest.ts";
import { isOpen } from "../practice/maintenance.ts";
import type { Practice } from "../practice/practice.ts";
import type { Rendering } from "../render/render.ts";
import { resourceOf, RESOURCES } from "../runtime/resources.ts";
import { knownBirth } from "./birth.ts";
import type { Context, PracticeResource } from "./context.ts";
import { isOfAnotherMajor } from "./database-major.ts";
import { type ApplyPlan, type Circumstances, gate } from "./gate.ts";
import { roleStates } from "./roles.ts";
import { endsCalls } from "./spare.ts";
import { trialOf } from "./trial.ts";

/** Looks at the circumstances, and sends the rendering through the gate. */
export async function planFor(
  context: Context,
  resource: PracticeResource,
  practice: Practice,
  rendering: Rendering,
): Promise<ApplyPlan> {
  const { namespace } = practice;
  const ready = new Set(roleStates(context, practice).flatMap((state) => (state.ready ? [state.role] : [])));
  const live = (object: Manifest) => context.cache.get(resourceOf(object), { namespace, name: object.metadata.name });
  const { components = [] } = context.statuses.latest(resource) ?? {};
  const applied = ({ metadata }: Manifest) =>
    components.find(({ name }) => name === metadata.labels?.[LABEL.component])?.applied;
  const cutting = rendering.manifests.filter((object) => endsCalls(object, live(object), applied(object)));
  const waits = cutting.length > 0 && !(await mayEndCalls(context, practice));
  const bornWith = knownBirth(context.cache, namespace, practice.name).identity;
  const namespaceLabels = context.cache.get(RESOURCES.Namespace, { name: namespace })?.metadata.labels ?? {};
  const circumstances: Circumstances = {
    namespaceRestricted: namespaceLabels["pod-security.kubernetes.io/enforce"] === "restricted",
    suspended: practice.suspend,
    doorClosed: context.doors.isClosed(`${namespace}/${practice.name}`),
    trial: (object) => trialOf(object, rendering.trials, { live, applied: applied(object), now: context.now() }),
    endsCalls: (object) => waits && cutting.includes(object),
    ofAnotherMajor: (object) => isOfAnotherMajor(object, live(object), bornWith?.postgresMajor),
    exists: (object) => live(object) !== undefined,
    ready: (role) => ready.has(role),
  };
  return gate(rendering.manifests, circumstances, rendering.probes);
}

/** Asks nobody where the answer does not matter. */
async function mayEndCalls(context: Context, practice: Practice): Promise<boolean> {
  if (practice.suspend) return false;
  return isOpen(practice.maintenance, context.now()) || !(await context.inUse(practice));
}
