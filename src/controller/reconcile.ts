import { FIELD_MANAGER, FINALIZER } from "../api/group.ts";
import type { PracticeSpec } from "../api/practice.ts";
import type { Practice } from "../practice/practice.ts";
import { effectiveHosts } from "../api/spec-rules.ts";
import { InvalidPractice, resolve } from "../practice/resolve.ts";
import { ApiError, Stalled, Waiting } from "../runtime/errors.ts";
import { ownTurn } from "../runtime/turns.ts";
import { applyPlan, logChanges, prune } from "./apply-plan.ts";
import { birth } from "./birth.ts";
import { certificates } from "./certificates.ts";
import {
  assertDomainsAreGranted,
  assertHostsAreOurs,
  assertNamespaceIsDedicated,
  assertNamespaceStays,
} from "./claims.ts";
import { planFor } from "./circumstances.ts";
import type { Context, PracticeResource } from "./context.ts";
import { finalize, forgetObjects } from "./finalize.ts";
import { closingFindings, isSpared } from "./gate.ts";
import { assertGatewayFits } from "./gateway-class.ts";
import { keyOf, PRACTICES } from "./kinds.ts";
import { judge } from "./live.ts";
import { withMediaService } from "./media-service.ts";
import { replaceMisled } from "./misled.ts";
import { observe } from "./observe.ts";
import { parsedPractice } from "./parsed.ts";
import { probeRun } from "./probe-run.ts";
import type { Report } from "./report.ts";
import { resumeRollOuts } from "./roll-outs.ts";
import { replaceStaleFront } from "./stale-front.ts";
import { assertSeen, Unseen } from "./seen.ts";
import { judgeAllTheSame } from "./standing.ts";
import { noteFacts, writeStatus } from "./status.ts";
import { unreadNeeded } from "./unread.ts";

/** How soon to look again at a practice that has all it needs: whatever matters is watched. */
const LOOK_AGAIN_SECONDS = 300;

/** How soon to look for what no watch tells: a kind that is now served, an address behind a name, a foreign object. */
const LOOK_FOR_AWAITED_SECONDS = 10;

/** How soon to see whether the cache shows our last writes. */
const LOOK_FOR_UNSEEN_SECONDS = 1;

/** How soon to ask again whether calls are over. */
const ASK_AGAIN_SECONDS = 30;

/** What the controller is told: see `Reconcile`. */
interface Outcome {
  readonly requeueAfterSeconds?: number;
  readonly error?: unknown;
}

/**
 * Brings one practice to what its manifest says, as far as the cluster allows now, and reports in its status.
 * Level-triggered: it may be called at any time, and calling it twice changes nothing.
 * @returns when to come back at the latest, in seconds; `undefined` when only a change matters. With an `error` it has failed.
 */
export async function reconcile(context: Context, key: string): Promise<Outcome> {
  const [namespace = "", name = ""] = key.split("/");
  const resource = context.cache.get(PRACTICES, { namespace, name }) as PracticeResource | undefined;
  if (!resource || !context.shard.has(resource)) return forget(context, key);
  const report: Report = { resource, done: [] };
  if (!context.cache.synced || !context.shard.isComplete(namespace)) return waitForCache(context, report);

  try {
    if (resource.metadata.deletionTimestamp) await finalize(context, resource);
    else await progress(context, resource, report);
  } catch (error) {
    report.error = error;
  }
  const last = report.error ? { ...context, ...context.afterwards() } : context;
  if (report.error) await judgeAllTheSame(last, report);
  try {
    await replaceMisled(last, resource, report.done);
  } catch (error) {
    report.error ??= error;
  }
  logChanges(context, report.done);
  // Whatever else would be told now could be of before.
  if (report.error instanceof Unseen) {
    await noteFacts(last, report);
    return { requeueAfterSeconds: LOOK_FOR_UNSEEN_SECONDS };
  }
  await writeStatus(last, report);
  return next(report);
}

/** What is not known whole would be taken for what was never made. A status that nobody can stand for any more is taken back. */
async function waitForCache(context: Context, report: Report): Promise<{ requeueAfterSeconds: number }> {
  const [unread] = unreadNeeded(context, report.resource.metadata.namespace);
  if (unread) {
    report.error = new Waiting("Forbidden", `The operator may not read ${unread.kind}: ${unread.problem}`, 1);
    await writeStatus(context, report);
  }
  return { requeueAfterSeconds: 1 };
}

/** The story of a practice, top to bottom. Each step may end it by throwing. */
async function progress(context: Context, resource: PracticeResource, report: Report): Promise<void> {
  const spec = parse(resource);
  assertNamespaceStays(context, resource);
  await assertNamespaceIsDedicated(context, resource);
  const hosts = Object.values(effectiveHosts(spec));
  assertDomainsAreGranted(context, resource, hosts);
  await assertHostsAreOurs(context, resource, hosts);
  await assertSeen(context, resource.metadata.namespace);
  await context.cache.readContents(resource.metadata.namespace, context.signal);
  await ensureFinalizer(context, resource);

  const born = await birth(context, resource, spec);
  const practice = resolved(() => resolve({ resource, spec, options: context.config, identity: born.identity }));
  report.practice = practice;
  await assertGatewayFits(context.cluster, practice);
  const { run, result } = probeRun(context, resource, practice);
  report.probing = run !== undefined;
  if (result) report.probe = result;
  const observed = { ...(await observe(context, practice, born)), ...(run && { probe: run }) };
  report.observed = observed;
  const rendering = await context.render({ practice, observed, assets: context.assets });
  report.rendering = rendering;

  const plan = await planFor(context, resource, practice, rendering);
  report.plan = plan;
  report.changes = await withMediaService(context, resource, spec, () =>
    applyPlan(context, resource, plan, report.done),
  );
  await prune(context, practice, rendering, plan, report.done);

  // What is judged and told is what was just made, not what was there before.
  await assertSeen(context, practice.namespace);
  await resumeRollOuts(context, plan);
  await replaceStaleFront(context, practice);
  report.certificates = await certificates(context, practice, observed);
  await ownTurn();
  report.findings = judge(context, practice, rendering, (object) => isSpared(plan, object));
  report.door = context.doors.judge(keyOf(resource), closingFindings(report.findings, plan));
}

function parse(resource: PracticeResource): PracticeSpec {
  const parsed = parsedPractice(resource);
  if (parsed.ok) return parsed.spec;
  throw new Stalled(
    parsed.issues[0]?.reason ?? "InvalidSpec",
    parsed.issues.map(({ path, message }) => `${path}: ${message}`).join(" "),
  );
}

/** A spec can be well formed and still not fit this cluster's options. */
function resolved(resolve: () => Practice): Practice {
  try {
    return resolve();
  } catch (error) {
    if (error instanceof InvalidPractice) throw new Stalled("InvalidSpec", error.message);
    throw error;
  }
}

/** Before anything is made, so that whatever is made is also taken down in order. */
async function ensureFinalizer(context: Context, resource: PracticeResource): Promise<void> {
  const finalizers = resource.metadata.finalizers ?? [];
  if (finalizers.includes(FINALIZER)) return;
  const { resourceVersion, namespace, name } = resource.metadata;
  const patch = { metadata: { resourceVersion, finalizers: [...finalizers, FINALIZER] } };
  try {
    await context.cluster.mergePatch(PRACTICES, { namespace, name }, patch, FIELD_MANAGER);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 409)) throw error;
    throw new Waiting("Progressing", "The practice has just changed; it is looked at again.", 0.2);
  }
}

function forget(context: Context, key: string): Outcome {
  const [namespace = "", name = ""] = key.split("/");
  forgetObjects(context, { namespace, name });
  context.doors.forget(key);
  context.misled.delete(key);
  context.probes.end(key);
  context.statuses.forget(key);
  return {};
}

function next(report: Report): Outcome {
  const { error, door, plan, rendering, certificates, changes = [] } = report;
  const doorCloses = door?.lookAgainSeconds ?? Infinity;
  if (error instanceof Waiting) return { requeueAfterSeconds: Math.min(error.seconds, doorCloses) };
  if (error instanceof Stalled) return { requeueAfterSeconds: Math.min(LOOK_FOR_AWAITED_SECONDS, doorCloses) };
  if (error) {
    if (doorCloses === Infinity) throw error;
    // A door that is to close does not wait for the back-off of what went wrong.
    return { error, requeueAfterSeconds: Math.min(LOOK_FOR_AWAITED_SECONDS, doorCloses) };
  }
  // The door was judged after the routes were applied: they follow at once.
  if (door && plan && door.closed !== plan.withdraw) return { requeueAfterSeconds: 0 };
  if (door?.lookAgainSeconds !== undefined) return { requeueAfterSeconds: door.lookAgainSeconds };
  const contested = changes.flatMap(({ waitMs }) => waitMs ?? []);
  if (contested.length > 0) return { requeueAfterSeconds: Math.min(...contested) / 1000 };
  if (rendering?.awaits.length) {
    return { requeueAfterSeconds: Math.min(LOOK_FOR_AWAITED_SECONDS, certificates?.lookAgainSeconds ?? Infinity) };
  }
  if (report.probing) return { requeueAfterSeconds: LOOK_FOR_AWAITED_SECONDS };
  const asksAgain = plan?.later.some(({ reason }) => reason === "WaitingForQuietMoment");
  const regular = spread(asksAgain ? ASK_AGAIN_SECONDS : LOOK_AGAIN_SECONDS);
  return { requeueAfterSeconds: Math.min(regular, certificates?.lookAgainSeconds ?? regular) };
}

/** Up to a fifth sooner: practices that were looked at together, as after a start, are not for ever. */
function spread(seconds: number): number {
  return seconds * (1 - Math.random() / 5);
}
