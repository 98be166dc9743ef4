import { ANNOTATION, LABEL } from "../api/group.ts";
import type { ConditionType, ReasonName } from "../api/reasons.ts";
import { CONDITION_TYPES, REASONS } from "../api/reasons.ts";
import type { Condition, PracticeStatus } from "../api/status.ts";
import { canonical } from "../practice/canonical.ts";
import { advertised, stunPort } from "../components/bridge/addresses.ts";
import { PolicyViolation } from "../policy/enforce.ts";
import { mergeConditions } from "../runtime/conditions.ts";
import { ApiError, Stalled, Waiting } from "../runtime/errors.ts";
import { standingVerdicts, verdicts } from "./conditions.ts";
import type { Context } from "./context.ts";
import { doubts } from "./doubts.ts";
import { keyOf } from "./kinds.ts";
import type { Report } from "./report.ts";
import { dnsRecords } from "./dns.ts";
import type { Role } from "../practice/names.ts";
import { RESOURCES } from "../runtime/resources.ts";
import { roleStates } from "./roles.ts";
import { applyStatus } from "./status-apply.ts";
import { appliedDigest, isEdited } from "./spare.ts";
import { troublesOfRole } from "./told.ts";
import { isComplete, type Verdict } from "./verdict.ts";

/** Verdicts that `Ready` needs, most telling first: the first that is False gives `Ready` its reason. */
const NEEDED: readonly ConditionType[] = [
  "NamespaceHardened",
  "CertificatesReady",
  "MediaAddressKnown",
  "ComponentsReady",
  "RecordingDisabled",
  "NetworkIsolated",
  "EndToEndEncryptionEnforced",
];

/**
 * The one exit of a reconcile into the practice's status: one write, and only if it says something new.
 * A status that cannot be written because the practice is gone is a success, and its successor's is left alone.
 */
export async function writeStatus(context: Context, report: Report): Promise<void> {
  const before = context.statuses.latest(report.resource);
  const status = statusOf(context, report);
  if (await wrote(context, report, before, status)) announce(context, report, before, status);
}

/**
 * What was done and found stands in no other place, so it is noted even by a reconcile that has to tell nothing else: which
 * templates were applied, and what a try of the walls came to.
 */
export async function noteFacts(context: Context, report: Report): Promise<void> {
  const before = context.statuses.latest(report.resource);
  if (!before?.conditions) return;
  const components = (before.components ?? []).map((component) => {
    const applied = appliedTo(context, report, component.name as Role);
    return { ...component, ...(applied !== undefined && { applied }) };
  });
  await wrote(context, report, before, { ...before, components, ...(report.probe && { probe: report.probe }) });
}

/** @returns whether it was written: not when it says nothing new, nor when the practice is gone or another one of its name. */
async function wrote(
  context: Context,
  { resource }: Report,
  before: PracticeStatus | undefined,
  status: PracticeStatus,
): Promise<boolean> {
  if (canonical(before) === canonical(status)) return false;
  const written = await applyStatus(context, resource, status);
  if (written) context.statuses.wrote(written);
  return written !== undefined;
}

/** The status that a report amounts to. What was not reached keeps what was last known. */
function statusOf(context: Context, report: Report): PracticeStatus {
  const { resource, practice } = report;
  const before: Partial<PracticeStatus> = context.statuses.latest(resource) ?? {};
  const generation = resource.metadata.generation ?? 0;
  const found = isComplete(report) ? verdicts(context, report) : earlyVerdicts(context, report);
  const all = [...found, ...summary(report, found, heldEdit(context, report))];
  const judged = mergeConditions(
    before.conditions ?? [],
    all.map((verdict) => ({ ...verdict, observedGeneration: generation })),
    context.now().toISOString(),
  ) as Condition[];
  const kept = (before.conditions ?? []).filter(({ type }) => !judged.some((condition) => condition.type === type));
  const order: readonly string[] = CONDITION_TYPES;
  const conditions = [...judged, ...kept].toSorted((a, b) => order.indexOf(a.type) - order.indexOf(b.type));
  return {
    ...before,
    observedGeneration: generation,
    operatorVersion: context.version,
    conditions,
    ...(practice && addresses(context, report, practice)),
    ...(report.probe && { probe: report.probe }),
    nextStep: nextStep(conditions),
  };
}

/** What a reconcile that ended early can say. */
function earlyVerdicts(context: Context, report: Report): Verdict[] {
  const standing = standingVerdicts(context, report);
  const told = new Set(standing.map(({ type }) => type));
  return [...standing, ...doubts(context, report).filter(({ type }) => !told.has(type))];
}

/** `Ready`, `Reconciling` and `Stalled`, as kstatus reads them: never Ready beside Reconciling or Stalled. */
function summary(
  { error, resource }: Report,
  found: readonly Verdict[],
  editHeld: SparingReason | undefined,
): Verdict[] {
  const say = (
    ready: Verdict["status"],
    reconciling: boolean,
    stalled: boolean,
    reason: ReasonName,
    message: string,
  ) => [
    { type: "Ready", status: ready, reason, message } as const,
    verdictOf("Reconciling", reconciling, reason, message),
    verdictOf("Stalled", stalled, reason, message),
  ];
  if (error instanceof Stalled) return say("False", false, true, error.reason as ReasonName, error.message);
  if (error instanceof PolicyViolation) return say("False", false, true, "PolicyViolated", error.message);
  if (error instanceof Waiting) return say("False", true, false, error.reason as ReasonName, error.message);
  if (error !== undefined) return say("False", true, false, ...failure(error));
  if (resource.metadata.deletionTimestamp)
    return say("False", true, false, "Deleting", "The practice is being taken down.");

  const missing = NEEDED.flatMap((type) => found.filter((v) => v.type === type && v.status === "False"))[0];
  if (!missing && editHeld) {
    const refused = editHeld === "ConfigurationRefused";
    return say("False", !refused, refused, editHeld, HELD[editHeld]);
  }
  if (!missing) return say("True", false, false, "Ready", "The practice is ready.");
  const moving = editHeld !== undefined || found.some((v) => v.status === "False" && MOVING.has(v.reason));
  return say("False", moving, false, missing.reason, missing.message);
}

/** What a practice says while an edit of its manifest is held back; the first is the most telling. */
const HELD = {
  ConfigurationRefused: "The manifest was changed, and a check refuses what follows from it. UpdatePending tells more.",
  ConfigurationUntried:
    "The manifest was changed, and what follows from it could not be tried. UpdatePending tells more.",
  ConfigurationOnTrial: "The manifest was changed; what follows from it is tried first.",
  WaitingForQuietMoment: "The manifest was changed; that is rolled out as soon as nobody is in a call.",
} as const satisfies Partial<Record<ReasonName, string>>;
type SparingReason = keyof typeof HELD;

/** Why an edit of the manifest is held back. An update that comes with the operator is none. */
function heldEdit({ cache }: Context, { plan, resource }: Report): SparingReason | undefined {
  const { namespace } = resource.metadata;
  const held = plan?.later.filter(({ object }) =>
    isEdited(object, cache.get(RESOURCES.StatefulSet, { namespace, name: object.metadata.name })),
  );
  return (Object.keys(HELD) as SparingReason[]).find((reason) => held?.some((object) => object.reason === reason));
}

/** Reasons that pass without anybody doing something. */
const MOVING: ReadonlySet<ReasonName> = new Set(["ComponentsStarting", "CertificateIssuing", "AddressAwaited"]);

function verdictOf(type: ConditionType, on: boolean, reason: ReasonName, message: string): Verdict {
  return on
    ? { type, status: "True", reason, message }
    : { type, status: "False", reason: "Settled", message: "Nothing to report." };
}

/** How the API server words a quota's refusal; its status and reason are those of a missing right. */
const QUOTA = /exceeded quota|failed quota|status unknown for quota/;

/** What went wrong with the API server, in words for the practice's admin. */
function failure(error: unknown): [ReasonName, string] {
  if (error instanceof ApiError && (error.status === 404 || error.status === 409)) {
    return ["Progressing", "Something changed at the same moment; the practice is looked at again."];
  }
  if (error instanceof ApiError && error.causes.some(({ reason }) => reason === "NamespaceTerminating")) {
    return ["Deleting", "The namespace is being deleted."];
  }
  if (error instanceof ApiError && error.status === 403) return forbidden(error.message.replace(/\.$/, ""));
  const message = error instanceof Error ? error.message : "unknown";
  return [
    "ApiServerUnavailable",
    `The API server did not take a request: ${message}. The operator tries again by itself.`,
  ];
}

function forbidden(said: string): [ReasonName, string] {
  if (QUOTA.test(said)) {
    return [
      "QuotaExceeded",
      `The namespace's quota refuses an object: ${said}. Raise the quota; the operator tries again by itself.`,
    ];
  }
  if (said.includes("ValidatingAdmissionPolicy '")) {
    return [
      "Forbidden",
      `An admission policy refuses the operator: ${said}. If it is another release's, name this operator in that one's ` +
        "admission.exempt; it tries again by itself.",
    ];
  }
  return ["Forbidden", `The operator lacks a right: ${said}. Install its roles again; it tries again by itself.`];
}

function addresses(
  context: Context,
  report: Report,
  practice: NonNullable<Report["practice"]>,
): Partial<PracticeStatus> {
  const media = report.observed ? advertised(report.observed) : [];
  const urls = Object.fromEntries(Object.entries(practice.hosts).map(([host, name]) => [host, `https://${name}`]));
  return {
    urls,
    serverName: practice.serverName,
    dns: dnsRecords(context.cache, practice),
    media: { addresses: media.map(({ ip, port }) => ({ ip, port, stunPort: stunPort(port) })), protocol: "UDP" },
    components: roleStates(context, practice).map(({ role, ready, exists }) => {
      const applied = appliedTo(context, report, role);
      const [trouble] = ready ? [] : troublesOfRole(context, practice, role);
      const reason = ready ? "Ready" : exists ? (trouble?.reason ?? "Starting") : "Absent";
      return { name: role, ready, reason, ...(applied !== undefined && { applied }) };
    }),
  };
}

/** What was applied of a role that carries calls: now, or by the reconcile that was the last to do it. */
function appliedTo(context: Context, { resource, changes, plan }: Report, role: Role): string | undefined {
  const now =
    changes &&
    plan?.now.find(
      ({ metadata }) =>
        metadata.labels?.[LABEL.component] === role && ANNOTATION.template in (metadata.annotations ?? {}),
    );
  if (now) return appliedDigest(now);
  return context.statuses.latest(resource)?.components?.find(({ name }) => name === role)?.applied;
}

/** The next thing that somebody has to do, from the condition that holds the practice back. */
function nextStep(conditions: readonly Condition[]): string {
  const ready = conditions.find(({ type }) => type === "Ready");
  if (!ready || ready.status === "True") return "";
  return REASONS[ready.reason as ReasonName]?.nextStep ?? "";
}

/** An event for each condition that changed to a reason worth one. */
function announce(
  context: Context,
  { resource }: Report,
  before: Partial<PracticeStatus> | undefined,
  after: PracticeStatus,
): void {
  for (const condition of after.conditions) {
    const { event } = REASONS[condition.reason as ReasonName] ?? {};
    const same = before?.conditions?.some((c) => c.type === condition.type && c.reason === condition.reason);
    if (!event || same || condition.type === "Reconciling" || condition.type === "Stalled") continue;
    const { reason, message: note } = condition;
    context.events.emit({ regarding: resource, type: event, reason, action: "Reconcile", note });
  }
  context.logger.info(
    { practice: keyOf(resource), ready: after.conditions.find((c) => c.type === "Ready")?.reason },
    "Status changed",
  );
}
