import { ANNOTATION, LABEL } from "../api/group.ts";
import type { ProbeResult } from "../api/status.ts";
import { wallsOf } from "../components/index.ts";
import { dialersOf, listenersOf, type Tried, waysTried } from "../components/probe.ts";
import type { Walls } from "../components/component.ts";
import type { Practice, ProbeRun } from "../practice/practice.ts";
import { toldBy } from "../probe/report.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Context, PracticeResource } from "./context.ts";
import { keyOf } from "./kinds.ts";
import { podsOfRun, type ProbePod } from "./probe-pods.ts";
import { LONGEST_RUN_MS } from "./probes.ts";
import { roleStates } from "./roles.ts";

const HOUR_MS = 3_600_000;

/** How soon it is tried again when a run came to nothing. */
const AGAIN_HOURS = 1;

/** How far a clock may be ahead that writes down when somebody asked. */
const AHEAD_MS = 60_000;

/**
 * How the run stands that tries a practice's walls: one that goes on, or is due now, and what one came to that has ended.
 * The Jobs of a run are its only note, so an operator that starts anew goes on with it.
 */
export function probeRun(
  context: Context,
  resource: PracticeResource,
  practice: Practice,
): { readonly run?: ProbeRun; readonly result?: ProbeResult } {
  const key = keyOf(resource);
  const now = context.now().getTime();
  const last = context.statuses.latest(resource)?.probe;
  const run = context.probes.current(key) ?? foundRun(context, practice, last);
  if (!run) {
    if (!isDue(context, resource, practice, last)) return {};
    const begun = { at: new Date(now).toISOString() };
    return context.probes.begin(key, begun) ? { run: begun } : {};
  }
  const walls = wallsOf(practice);
  const pods = podsOfRun(context.cache.list(RESOURCES.Pod, practice.namespace), practice.name, run.at);
  const addresses = run.addresses ?? addressesOf(walls, pods);
  const result = resultOf(run.at, walls, pods, now - Date.parse(run.at) > LONGEST_RUN_MS);
  if (result) {
    context.probes.end(key);
    // What was seen on the network stays true for its time; that somebody did not answer now says nothing about it.
    const isVain = !result.answered && !result.open && last?.answered === true;
    return { result: isVain ? { ...last, triedInVain: result.at } : result };
  }
  const known = { at: run.at, ...(addresses && { addresses }) };
  context.probes.note(key, known);
  return { run: known };
}

/** A run that a predecessor began, unless its end is told already. */
function foundRun({ cache }: Context, practice: Practice, last: ProbeResult | undefined): ProbeRun | undefined {
  const begun = cache
    .list(RESOURCES.Job, practice.namespace)
    .flatMap(({ metadata: { labels = {}, annotations = {} } }) => {
      const isOne = labels[LABEL.component] === "probe" && labels[LABEL.practiceUid] === practice.uid;
      return isOne ? (annotations[ANNOTATION.probe] ?? []) : [];
    });
  const at = begun.toSorted().at(-1);
  const isNew = at !== undefined && Date.parse(at) > lastTry(last);
  return isNew ? { at } : undefined;
}

/** When it was last tried, in milliseconds; -Infinity for never. */
function lastTry(last: ProbeResult | undefined): number {
  return last ? Date.parse(last.triedInVain ?? last.at) : Number.NEGATIVE_INFINITY;
}

function isDue(
  context: Context,
  resource: PracticeResource,
  practice: Practice,
  last: ProbeResult | undefined,
): boolean {
  const now = context.now().getTime();
  if (!isRestricted(context, practice)) return false;
  const asked = Date.parse(resource.metadata.annotations?.[ANNOTATION.probe] ?? "");
  if (asked <= now + AHEAD_MS && lastTry(last) < asked) return true;
  const { everyHours } = context.config.probe;
  if (everyHours === 0) return false;
  const wasVain = last !== undefined && (!last.answered || last.triedInVain !== undefined);
  const rest = (wasVain ? Math.min(AGAIN_HOURS, everyHours) : everyHours) * HOUR_MS;
  if (now - lastTry(last) < rest) return false;
  // Nobody's start is made longer.
  return roleStates(context, practice).every(({ ready }) => ready);
}

/** Else its pods are not let in, or nobody said how they are to be. */
function isRestricted({ cache }: Context, { namespace }: Practice): boolean {
  const labels = cache.get(RESOURCES.Namespace, { name: namespace })?.metadata.labels ?? {};
  return labels["pod-security.kubernetes.io/enforce"] === "restricted";
}

/** Where the listeners are, when all of them listen. */
function addressesOf(walls: readonly Walls[], pods: readonly ProbePod[]): ProbeRun["addresses"] {
  const ready = pods.filter(({ part, ended, ready, ip }) => part === "listen" && !ended && ready && ip !== undefined);
  const found = listenersOf(walls).map((role) => [role, ready.find((pod) => pod.role === role)?.ip] as const);
  return found.every(([, ip]) => ip !== undefined) ? (Object.fromEntries(found) as ProbeRun["addresses"]) : undefined;
}

/** `undefined` while it goes on. Nothing that a pod says gets further but names that it was told. */
function resultOf(
  at: string,
  walls: readonly Walls[],
  pods: readonly ProbePod[],
  late: boolean,
): ProbeResult | undefined {
  const heard = dialersOf(walls).map((role) => {
    const pod = pods.find((pod) => pod.part === "dial" && pod.role === role);
    return {
      role,
      ended: pod?.ended === true,
      told: pod?.ended ? toldBy(pod.said) : undefined,
      ways: waysTried(role, walls),
    };
  });
  const silent =
    heard.some(({ ended, told }) => ended && !told) || pods.some((pod) => pod.part === "listen" && pod.ended);
  const complete = heard.every(({ told }) => told !== undefined);
  if (!complete && !silent && !late) return undefined;
  const named = (pick: "open" | "shut" | "late") =>
    heard.flatMap(({ role, told, ways }) =>
      ways.flatMap((way) => (told?.[pick].includes(way.name) ? nameOf(role, way) : [])),
    );
  const tried = heard.reduce((sum, { told, ways }) => sum + (told ? ways.length : 0), 0);
  const lists = { open: named("open"), shut: named("shut"), late: named("late") };
  return { at, answered: complete, tried, ...withoutEmpty(lists) };
}

/** As many as a status holds; an empty list says what a missing one says. */
function withoutEmpty(lists: Readonly<Record<string, readonly string[]>>): object {
  const some = Object.entries(lists).filter(([, names]) => names.length > 0);
  return Object.fromEntries(some.map(([key, names]) => [key, names.slice(0, 32)]));
}

function nameOf(role: string, { name }: Tried): string {
  return `${role === "probe" ? "a pod without a role" : role} to ${name}`;
}
