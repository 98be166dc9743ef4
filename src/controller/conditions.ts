import { revealingWord } from "../api/domain.ts";
import { type ConditionType, type ReasonName, REASONS } from "../api/reasons.ts";
import { advertised, unusable } from "../components/bridge/addresses.ts";
import { isProven } from "../components/jitsi/app-versions.ts";
import type { Finding } from "../policy/policy.ts";
import type { Practice } from "../practice/practice.ts";
import { RESOURCES } from "../runtime/resources.ts";
import { readiness } from "../runtime/readiness.ts";
import type { Context } from "./context.ts";
import type { Report } from "./report.ts";
import { type RoleState, roleStates } from "./roles.ts";
import { isDraining } from "./spare.ts";

/** What a condition says, before it is dated. */
export interface Verdict {
  readonly type: ConditionType;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: ReasonName;
  readonly message: string;
}

function verdict(type: ConditionType, status: Verdict["status"], reason: ReasonName, message: string): Verdict {
  return { type, status, reason, message };
}

/** A report of a reconcile that got as far as judging what is live. */
export type Complete = Report &
  Required<Pick<Report, "practice" | "observed" | "rendering" | "plan" | "findings" | "door">>;

export function isComplete(report: Report): report is Complete {
  return report.findings !== undefined && report.door !== undefined;
}

/** One verdict per promise and per precondition, from what is live. `Ready` is drawn from them. */
export function verdicts(context: Context, report: Complete): Verdict[] {
  const { practice } = report;
  return [
    encryption(report),
    recording(report),
    isolation(report),
    certificates(context, report),
    mediaAddress(context, report),
    components(report, roleStates(context, practice)),
    namespaceHardened(report),
    domainNeutral(practice),
    suspended(practice),
    updatePending(context, report),
  ];
}

function encryption({ findings, practice }: Complete): Verdict {
  const broken = firstOf(findings, "e2ee");
  if (broken) return verdict("EndToEndEncryptionEnforced", "False", "PolicyViolated", sentence(broken));
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

const FOREIGN: Readonly<Record<string, ReasonName>> = {
  NetworkPolicy: "ForeignPolicy",
  Service: "ForeignService",
  Ingress: "ForeignService",
  HTTPRoute: "ForeignService",
  Pod: "ForeignPod",
};

function isolation(report: Complete): Verdict {
  const broken = firstOf(report.findings, "isolation");
  if (broken) {
    const foreign = broken.check.startsWith("foreign") ? FOREIGN[broken.object.split("/")[0] ?? ""] : undefined;
    return verdict("NetworkIsolated", "False", foreign ?? "PolicyViolated", sentence(broken));
  }
  const openDoor =
    report.practice.network.frontDoor.length === 0
      ? " Any pod may reach the front pod, because the ingress controller's pods are not known; name them in the operator option frontDoor."
      : "";
  return verdict(
    "NetworkIsolated",
    "Unknown",
    "NotProbed",
    `Default deny and the declared edges are in force on the API server; whether this cluster's network obeys them has not been probed.${openDoor}`,
  );
}

function certificates(context: Context, { practice, observed }: Complete): Verdict {
  if (practice.certificates.kind === "external" || practice.certificates.kind === "secretRef") {
    return verdict(
      "CertificatesReady",
      "True",
      "External",
      "Certificates come from outside the practice, as its manifest says.",
    );
  }
  if (!observed.apis.certManager) {
    return verdict(
      "CertificatesReady",
      "False",
      "CertManagerMissing",
      "cert-manager is not installed. Install version 1.10 or newer; the practice goes on by itself.",
    );
  }
  const ref = { namespace: practice.namespace, name: practice.names.hostsCertificate };
  const certificate = context.cache.get(RESOURCES.Certificate, ref);
  const state = certificate && readiness(certificate);
  if (state?.ready)
    return verdict("CertificatesReady", "True", "Issued", "The certificate for all four hosts is issued.");
  const why = state && state.reason !== "Pending" ? ` cert-manager says: ${state.message}` : "";
  return verdict(
    "CertificatesReady",
    "False",
    "CertificateIssuing",
    `The certificate ${ref.name} for ${Object.values(practice.hosts).join(", ")} is not issued yet.${why}`,
  );
}

/** How long a load balancer may take before the condition doubts that there is one. */
const ADDRESS_MINUTES = 5;

function mediaAddress(context: Context, { observed, rendering, practice }: Complete): Verdict {
  const awaited = rendering.awaits.find(({ reason }) => REASONS[reason].conditions.includes("MediaAddressKnown"));
  const problem = observed.mediaProblem ?? awaited;
  if (problem) {
    const doubt = problem.reason === "AddressAwaited" ? doubtOf(context, practice) : "";
    return verdict("MediaAddressKnown", "False", problem.reason, problem.message + doubt);
  }
  const addresses = advertised(observed).map(({ ip, port }) => `${ip.includes(":") ? `[${ip}]` : ip}:${port}`);
  const left = unusable(observed).map(({ ip }) => ip);
  const without =
    left.length > 0 ? ` Left out, because the bridge has no address of that kind: ${left.join(", ")}.` : "";
  return verdict(
    "MediaAddressKnown",
    "True",
    "Known",
    `Clients send media to UDP ${addresses.join(", ")}. Open this in your firewall.${without}`,
  );
}

function doubtOf({ cache, now }: Context, { namespace, names, video }: Practice): string {
  const service = cache.get(RESOURCES.Service, { namespace, name: names.media });
  const minutes = service ? (now().getTime() - Date.parse(service.metadata.creationTimestamp)) / 60_000 : 0;
  if (video.media.service !== "LoadBalancer" || minutes < ADDRESS_MINUTES) return "";
  return ` That has taken more than ${ADDRESS_MINUTES} minutes: perhaps nothing here makes load balancers for UDP. Then set spec.video.media.service to NodePort.`;
}

function components({ rendering, plan, findings }: Complete, roles: readonly RoleState[]): Verdict {
  // A configuration that tells more than it must has no condition of its own.
  const telling = firstOf(findings, "metadata");
  if (telling) return verdict("ComponentsReady", "False", "PolicyViolated", sentence(telling));
  if (plan.withdraw) {
    return verdict(
      "ComponentsReady",
      "False",
      "DoorClosed",
      "The routes are withdrawn until the broken promise holds.",
    );
  }
  const [missing] = rendering.awaits;
  const awaited = [...new Set(rendering.awaits.map(({ message }) => message))].join(" ");
  const unready = roles.filter(({ ready }) => !ready);
  if (unready.length === 0) {
    // All pods can be ready while nobody can reach them.
    if (missing) return verdict("ComponentsReady", "False", missing.reason, awaited);
    return verdict("ComponentsReady", "True", "AllReady", "All pods of the practice are ready.");
  }
  const names = unready.map(({ role }) => role).join(", ");
  const held = plan.later.find(({ reason }) => reason !== "ComponentsStarting" && reason !== "WaitingForQuietMoment");
  if (held) return verdict("ComponentsReady", "False", held.reason, `Held back: ${names}.`);
  if (missing) return verdict("ComponentsReady", "False", missing.reason, `${awaited} Not ready: ${names}.`);
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

/** How long a change may wait before the condition says what to do. */
const PATIENCE_DAYS = 7;

function updatePending(context: Context, { resource, practice, plan }: Complete): Verdict {
  if (plan.later.some(({ reason }) => reason === "Suspended")) {
    return verdict("UpdatePending", "True", "Suspended", "Changes of workloads wait until spec.suspend is false.");
  }
  const waits = plan.later.some(({ reason }) => reason === "WaitingForQuietMoment");
  const sets = context.cache.list(RESOURCES.StatefulSet, practice.namespace);
  if (!waits && !sets.some(isDraining)) {
    return verdict("UpdatePending", "False", "UpToDate", "Nothing waits to be rolled out.");
  }
  const windows = practice.maintenance.windows.length > 0 ? ", or a maintenance window is open" : "";
  const message = `A change of what carries calls is rolled out as soon as nobody is in one${windows}.`;
  const { conditions = [] } = context.statuses.latest(resource) ?? {};
  const since = conditions.find(
    ({ type, status }) => type === "UpdatePending" && status === "True",
  )?.lastTransitionTime;
  const days = since ? (context.now().getTime() - Date.parse(since)) / 86_400_000 : 0;
  const advice =
    days < PATIENCE_DAYS
      ? ""
      : ` It has waited for more than ${PATIENCE_DAYS} days. Set spec.maintenance.windows to times at which a call may be ended for it; an operator outside of the cluster, or whose pods the option operatorPeers does not name, cannot know that a moment is quiet.`;
  return verdict("UpdatePending", "True", "WaitingForQuietMoment", message + advice);
}

function firstOf(findings: readonly Finding[], promise: Finding["promise"]): Finding | undefined {
  return findings.find((finding) => finding.promise === promise);
}

function sentence(finding: Finding): string {
  return `${finding.object}: ${finding.message}`;
}
