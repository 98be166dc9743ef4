import { revealingWord } from "../api/domain.ts";
import { isProven } from "../practice/app-versions.ts";
import type { Finding } from "../policy/policy.ts";
import type { Practice } from "../practice/practice.ts";
import type { Context } from "./context.ts";
import { SPARING } from "./gate.ts";
import { brokenIsolation, isolation } from "./isolation.ts";
import { mediaAddress } from "./media-known.ts";
import { type RoleState, roleStates } from "./roles.ts";
import { sentence as sentenceOf, troublesOfRoles } from "./told.ts";
import { unjudgedPolicies } from "./unjudged.ts";
import { asFarAsRead, unreadKinds, unreadPolicies } from "./unread.ts";
import { updatePending } from "./update-pending.ts";
import type { Report } from "./report.ts";
import { type Complete, type Verdict, verdict } from "./verdict.ts";

/** One verdict per promise and per precondition, from what is live. `Ready` is drawn from them. */
export function verdicts(context: Context, report: Complete): Verdict[] {
  const { practice } = report;
  const probe = report.probe ?? context.statuses.latest(report.resource)?.probe;
  const unread = unreadKinds(context, practice.namespace);
  const broken = firstOf(report.findings, "isolation");
  const walls = isolation(practice, broken, probe, context.now(), unjudgedPolicies(context, report));
  return [
    asFarAsRead(encryption(report), unread),
    asFarAsRead(recording(report), unread),
    asFarAsRead(walls, [...unread, ...unreadPolicies(context, practice.namespace)]),
    report.certificates.verdict,
    mediaAddress(context, report),
    components(context, report, roleStates(context, practice)),
    asFarAsRead(namespaceHardened(report), unread),
    domainNeutral(practice),
    suspended(practice),
    updatePending(context, report),
  ];
}

/** What a reconcile that ended early can say: which promise does not hold, and no more that one does not which may. */
export function standingVerdicts({ statuses }: Context, { findings, door, resource }: Report): Verdict[] {
  if (!findings) return [];
  const [unencrypted, open] = [firstOf(findings, "e2ee"), firstOf(findings, "isolation")];
  const told = statuses.latest(resource)?.conditions?.find(({ type }) => type === "NetworkIsolated");
  const wasForeign = told?.status === "False" && told.reason.startsWith("Foreign");
  return [
    ...(unencrypted ? [brokenEncryption(unencrypted)] : []),
    ...(open ? [brokenIsolation(open)] : []),
    ...(!open && wasForeign ? [verdict("NetworkIsolated", "Unknown", "NotProbed", UNJUDGED)] : []),
    ...(door?.closed ? [doorClosed()] : []),
  ];
}

const UNJUDGED = "Nobody widens the walls; everything else is judged when the practice goes on.";

function brokenEncryption(finding: Finding): Verdict {
  return verdict("EndToEndEncryptionEnforced", "False", "PolicyViolated", sentence(finding));
}

function doorClosed(): Verdict {
  const message = "The routes are withdrawn until the broken promise holds.";
  return verdict("ComponentsReady", "False", "DoorClosed", message);
}

function encryption({ findings, practice }: Complete): Verdict {
  const broken = firstOf(findings, "e2ee");
  if (broken) return brokenEncryption(broken);
  if (!isProven(practice.images.jitsiWeb)) {
    return verdict(
      "EndToEndEncryptionEnforced",
      "False",
      "AppVersionUnproven",
      `The guard was not yet seen to work with ${practice.images.jitsiWeb}, so the meeting page starts no call. ` +
        "Remove images.jitsiWeb from the operator's options, or wait for a release that knows this version.",
    );
  }
  return verdict(
    "EndToEndEncryptionEnforced",
    "True",
    "Enforced",
    "Stock clients cannot hold an unencrypted call and clients that do not signal E2EE are refused; protection against " +
      "a malicious operator of the web origin or of Prosody rests on pinned images and on the participants comparing " +
      "the safety symbols.",
  );
}

function recording(report: Complete): Verdict {
  const broken = firstOf(report.findings, "recording");
  if (broken) return verdict("RecordingDisabled", "False", "PolicyViolated", sentence(broken));
  return verdict(
    "RecordingDisabled",
    "True",
    "Verified",
    "No recorder, transcriber, gateway or exporter is part of the practice, and recording in the browser is off. " +
      `A participant's own device can always record.${pinning(report.practice)}`,
  );
}

/** What an image contains is only known for certain by its digest. */
function pinning({ images }: Practice): string {
  const unpinned = Object.entries(images).flatMap(([name, image]) => (image.includes("@sha256:") ? [] : [name]));
  return unpinned.length > 0 ? ` Not pinned by digest: ${unpinned.join(", ")}.` : "";
}

function components(
  context: Context,
  { practice, rendering, plan, findings }: Complete,
  roles: readonly RoleState[],
): Verdict {
  if (plan.withdraw) return doorClosed();
  // A configuration that tells more than it must has no condition of its own.
  const telling = firstOf(findings, "metadata");
  if (telling) return verdict("ComponentsReady", "False", "PolicyViolated", sentence(telling));
  const [missing] = rendering.awaits;
  const awaited = [...new Set(rendering.awaits.map(({ message }) => message))].join(" ");
  const unready = roles.filter(({ ready }) => !ready);
  if (unready.length === 0) {
    // All pods can be ready while nobody can reach them.
    if (missing) return verdict("ComponentsReady", "False", missing.reason, awaited);
    return verdict("ComponentsReady", "True", "AllReady", "All pods of the practice are ready.");
  }
  const names = unready.map(({ role }) => role).join(", ");
  const held = plan.later.find(({ reason }) => reason !== "ComponentsStarting" && !SPARING.has(reason));
  if (held) return verdict("ComponentsReady", "False", held.reason, `Held back: ${names}.`);
  if (missing) return verdict("ComponentsReady", "False", missing.reason, `${awaited} Not ready: ${names}.`);
  const [trouble] = troublesOfRoles(context, practice, unready);
  if (trouble) return verdict("ComponentsReady", "False", trouble.reason, sentenceOf(trouble));
  return verdict("ComponentsReady", "False", "ComponentsStarting", unready.map(({ message }) => message).join(" "));
}

function namespaceHardened({ practice, plan, findings }: Complete): Verdict {
  const soft = firstOf(findings, "hardening");
  if (soft) return verdict("NamespaceHardened", "False", "PolicyViolated", sentence(soft));
  if (plan.later.some(({ reason }) => reason === "NamespaceNotRestricted")) {
    return verdict(
      "NamespaceHardened",
      "False",
      "NamespaceNotRestricted",
      `Workloads wait until the namespace enforces Pod Security "restricted". Run: kubectl label namespace ${practice.namespace} pod-security.kubernetes.io/enforce=restricted`,
    );
  }
  return verdict("NamespaceHardened", "True", "Restricted", 'The namespace enforces Pod Security "restricted".');
}

function domainNeutral(practice: Practice): Verdict {
  const revealing = revealingWord([practice.domain, ...Object.values(practice.hosts)]);
  if (revealing) {
    return verdict(
      "DomainNeutral",
      "False",
      "RevealingDomain",
      `"${revealing}" in a host name tells what this is about: it stands in public certificate logs and on patients' devices. It was acknowledged in spec.privacy.`,
    );
  }
  return verdict("DomainNeutral", "True", "Neutral", "The host names do not tell what the practice is.");
}

function suspended(practice: Practice): Verdict {
  return practice.suspend
    ? verdict("Suspended", "True", "Suspended", "No roll-outs and no clean-up; walls, guards and their checks go on.")
    : verdict("Suspended", "False", "Active", "Changes are rolled out.");
}

function firstOf(findings: readonly Finding[], promise: Finding["promise"]): Finding | undefined {
  return findings.find((finding) => finding.promise === promise);
}

function sentence(finding: Finding): string {
  return `${finding.object}: ${finding.message}`;
}
