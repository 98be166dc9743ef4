import type { ReasonName } from "../api/reasons.ts";
import { hostsTlsSecret, ordersHostsCertificate } from "../components/tls.ts";
import type { LiveObject } from "../manifest.ts";
import type { Observed, Practice } from "../practice/practice.ts";
import type { Cache, Cluster, Ref } from "../runtime/cluster.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Context } from "./context.ts";
import { obstacle } from "./issuance.ts";
import { dayOf, examine, type Flaw, readTlsSecret, type TlsSecret } from "./tls-secret.ts";
import { type Verdict, verdict } from "./verdict.ts";

/** What is known about the certificate of a practice's hosts. */
export interface CertificateReport {
  readonly verdict: Verdict;
  /** When it may have changed without any watch telling so. */
  readonly lookAgainSeconds?: number;
}

/** How soon to look again at what stands in the way: neither orders nor Secrets of others are watched. */
const LOOK_AGAIN_SECONDS = 5;
const LOOK_AGAIN_AT_LAST_SECONDS = 60;

/** How long after the time of its renewal a certificate is called overdue: an order may need a while. */
const OVERDUE_MS = 24 * 3600 * 1000;

interface Status {
  readonly conditions?: readonly { readonly type: string; readonly lastTransitionTime?: string }[];
  readonly failedIssuanceAttempts?: number;
  readonly renewalTime?: string;
}

/**
 * Judges the certificate that the edge shows for the four hosts by the Secret itself, so that it is also known when
 * cert-manager is not running; and, where it is not there, what stands in the way.
 */
export async function certificates(
  { cluster, cache, now }: Pick<Context, "cluster" | "cache" | "now">,
  practice: Practice,
  { apis }: Pick<Observed, "apis">,
): Promise<CertificateReport> {
  const { namespace, names } = practice;
  const secretName = hostsTlsSecret(practice);
  if (secretName === undefined) {
    return { verdict: say("True", "External", "Certificates come from outside the practice, as its manifest says.") };
  }
  if (ordersHostsCertificate(practice) && !apis.certManager) {
    const message = "cert-manager is not installed. Install version 1.10 or newer; the practice goes on by itself.";
    return { verdict: say("False", "CertManagerMissing", message) };
  }
  const hosts = Object.values(practice.hosts);
  const secret = await tlsSecret(cluster, cache, { namespace, name: secretName }, ordersHostsCertificate(practice));
  const examined = examine(secretName, secret, hosts, now());
  if (!ordersHostsCertificate(practice)) {
    if (examined.flaw)
      return {
        verdict: say("False", examined.flaw.reason, examined.flaw.message),
        lookAgainSeconds: LOOK_AGAIN_SECONDS,
      };
    const message = `The certificate in Secret ${secretName} covers all four hosts until ${dayOf(examined.until)}.`;
    return { verdict: say("True", "External", message), lookAgainSeconds: secondsUntil(examined.until, now()) };
  }
  const certificate = cache.get(RESOURCES.Certificate, { namespace, name: names.hostsCertificate });
  if (examined.flaw) {
    const verdict = await ordered(cluster, practice, certificate, secret && examined.flaw);
    return { verdict, lookAgainSeconds: untilNextLook(certificate, now()) };
  }
  const { until } = examined;
  return {
    verdict: await issued(cluster, practice, certificate, until, now()),
    lookAgainSeconds: secondsUntil(until, now()),
  };
}

/** There is none yet, or one that is worth nothing: what cert-manager makes of that. */
async function ordered(
  cluster: Cluster,
  practice: Practice,
  certificate: LiveObject | undefined,
  flaw: Flaw | undefined,
): Promise<Verdict> {
  // Before cert-manager has looked at it there is nothing to ask for.
  const found = lastTold(certificate) === undefined ? undefined : await obstacle(cluster, practice);
  if (flaw) {
    const why = found ? ` ${found.message}` : " cert-manager has been asked for another one.";
    return say("False", flaw.reason, `${flaw.message}${why}`);
  }
  const { names, hosts } = practice;
  const missing = `The certificate ${names.hostsCertificate} for ${Object.values(hosts).join(", ")} is not issued yet.`;
  return say("False", found?.reason ?? "CertificateIssuing", found ? `${missing} ${found.message}` : missing);
}

/** A good certificate, which may be about to end without a successor. */
async function issued(
  cluster: Cluster,
  practice: Practice,
  certificate: LiveObject | undefined,
  until: Date,
  now: Date,
): Promise<Verdict> {
  const { failedIssuanceAttempts = 0, renewalTime } = (certificate?.["status"] ?? {}) as Status;
  const due = renewalTime === undefined ? undefined : Date.parse(renewalTime);
  const overdue = due !== undefined && now.getTime() > due + OVERDUE_MS;
  if (failedIssuanceAttempts === 0 && !overdue) {
    return say(
      "True",
      "Issued",
      `The certificate covers all four hosts until ${dayOf(until)}; it is renewed by itself.`,
    );
  }
  const found = await obstacle(cluster, practice);
  const why = found ? ` ${found.message}` : "";
  const all = Object.values(practice.hosts).join(", ");
  return say("True", "RenewalFailing", `The certificate for ${all} ends on ${dayOf(until)} and is not renewed.${why}`);
}

/** By the version of a Secret that the cache has: its content is read once per version. */
const known = new WeakMap<LiveObject, TlsSecret>();

/** One that cert-manager makes for us has our labels, so the cache knows it. One of others is read each time. */
async function tlsSecret(cluster: Cluster, cache: Cache, ref: Ref, isOurs: boolean): Promise<TlsSecret | undefined> {
  const cached = cache.get(RESOURCES.Secret, ref);
  if (isOurs && !cached) return undefined;
  const before = cached && known.get(cached);
  if (before) return before;
  const secret = await cluster.get(RESOURCES.Secret, ref);
  const read = secret && readTlsSecret(secret);
  if (cached && read) known.set(cached, read);
  return read;
}

function say(status: Verdict["status"], reason: ReasonName, message: string): Verdict {
  return verdict("CertificatesReady", status, reason, message);
}

/** When cert-manager last told something new of a certificate, in milliseconds since 1970. */
function lastTold(certificate: LiveObject | undefined): number | undefined {
  const { conditions = [] } = (certificate?.["status"] ?? {}) as Status;
  const times = conditions.flatMap(({ lastTransitionTime }) =>
    lastTransitionTime ? Date.parse(lastTransitionTime) : [],
  );
  return times.length > 0 ? Math.max(...times) : undefined;
}

/** Soon while it is new, and ever less often while nothing changes: a failed order is tried again after an hour. */
function untilNextLook(certificate: LiveObject | undefined, now: Date): number {
  const age = (now.getTime() - (lastTold(certificate) ?? 0)) / 1000;
  return Math.min(LOOK_AGAIN_AT_LAST_SECONDS, Math.max(LOOK_AGAIN_SECONDS, age / 10));
}

function secondsUntil(until: Date, now: Date): number {
  return Math.max(1, Math.ceil((until.getTime() - now.getTime()) / 1000));
}
