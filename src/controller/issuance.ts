import type { ReasonName } from "../api/reasons.ts";
import type { LiveObject } from "../manifest.ts";
import type { Practice } from "../practice/practice.ts";
import type { Cluster } from "../runtime/cluster.ts";
import { ApiError } from "../runtime/errors.ts";
import { type Resource, RESOURCES } from "../runtime/resources.ts";

/** Why a certificate is not issued, and a sentence about it. */
export interface Obstacle {
  readonly reason: ReasonName;
  readonly message: string;
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}
interface Request extends LiveObject {
  readonly status?: { readonly conditions?: readonly Condition[] };
}
interface Challenge extends LiveObject {
  readonly spec: { readonly dnsName: string };
  readonly status?: { readonly state?: string; readonly reason?: string };
}

const FAILED = new Set(["invalid", "errored", "expired"]);

/**
 * Asks cert-manager's own objects why the certificate of a practice's hosts is not there: its latest request, and the
 * challenges of an ACME order, which are per host. `undefined` when they say nothing.
 */
export async function obstacle(cluster: Cluster, practice: Practice): Promise<Obstacle | undefined> {
  const challenges = (await listed(cluster, RESOURCES.Challenge, practice.namespace)) as readonly Challenge[];
  const open = challenges.filter(
    ({ spec, status }) =>
      Object.values(practice.hosts).includes(spec.dnsName) && status?.reason && status.state !== "valid",
  );
  if (open.length > 0) return fromChallenges(open);
  const latest = await latestRequest(cluster, practice);
  const ready = latest?.status?.conditions?.find(({ type }) => type === "Ready");
  if (!ready?.message) return undefined;
  if (ready.reason === "Failed" || ready.reason === "Denied") {
    return { reason: "CertificateFailed", message: `cert-manager says: ${plain(ready.message)}` };
  }
  const issuer = /^Referenced (?:"\w+" not found|issuer does not have)/.test(ready.message);
  if (issuer) return { reason: "IssuerNotReady", message: await aboutIssuer(cluster, practice, ready.message) };
  return { reason: "CertificateIssuing", message: `cert-manager says: ${plain(ready.message)}` };
}

/** One sentence for all hosts that share a reason. */
function fromChallenges(challenges: readonly Challenge[]): Obstacle {
  const byReason = new Map<string, string[]>();
  for (const { spec, status } of challenges) {
    const said = plain(status?.reason ?? "").replaceAll(spec.dnsName, "the host");
    byReason.set(said, [...(byReason.get(said) ?? []), spec.dnsName]);
  }
  const sentences = [...byReason].map(
    ([said, hosts]) => `About ${hosts.toSorted().join(", ")} cert-manager says: ${said}`,
  );
  const failed = challenges.some(({ status }) => FAILED.has(status?.state ?? ""));
  return { reason: failed ? "CertificateFailed" : "CertificateIssuing", message: sentences.toSorted().join(" ") };
}

async function latestRequest(cluster: Cluster, { namespace, names }: Practice): Promise<Request | undefined> {
  const requests = (await listed(cluster, RESOURCES.CertificateRequest, namespace)) as readonly Request[];
  const ours = requests.filter(
    ({ metadata }) => metadata.annotations?.["cert-manager.io/certificate-name"] === names.hostsCertificate,
  );
  const time = ({ metadata }: Request) => metadata.creationTimestamp ?? "";
  return ours.toSorted((a, b) => (time(a) < time(b) ? 1 : -1))[0];
}

/** A ClusterIssuer is not the practice's to look at; an Issuer in its namespace tells why itself. */
async function aboutIssuer(cluster: Cluster, { certificates, names, namespace }: Practice, said: string) {
  const own = certificates.kind === "acme" ? names.issuer : undefined;
  const { name, kind } =
    certificates.kind === "issuerRef"
      ? { name: certificates.name, kind: certificates.issuerKind }
      : { name: own ?? "", kind: "Issuer" };
  if (said.includes("not found")) return `There is no ${kind} ${name}.`;
  const issuer = kind === "Issuer" ? await cluster.get(RESOURCES.Issuer, { namespace, name }) : undefined;
  const { conditions = [] } = (issuer?.["status"] ?? {}) as { conditions?: readonly Condition[] };
  const why = conditions.find(({ type, status }) => type === "Ready" && status !== "True")?.message;
  return `The ${kind} ${name} is not ready.${why ? ` It says: ${plain(why)}` : ""}`;
}

/** Whoever has not the rights, or an older cert-manager, is told less, not stopped. */
async function listed(cluster: Cluster, resource: Resource, namespace: string): Promise<readonly LiveObject[]> {
  try {
    return await cluster.list(resource, { namespace });
  } catch (error) {
    if (error instanceof ApiError && (error.status === 403 || error.status === 404)) return [];
    throw error;
  }
}

/**
 * Another program's sentence, fit for a status: without tokens and keys of challenges, and without what differs from
 * one try to the next (the own end of a connection), else each try would be a write.
 */
function plain(said: string): string {
  const text = said
    .replaceAll(/\/acme-challenge\/[\w-]+/g, "/acme-challenge/…")
    .replaceAll(/[\w-]{40,}(\.[\w-]{40,})?/g, "…")
    .replaceAll(/[\d.]+:\d+->|\[[\da-f:]+\]:\d+->/gi, "")
    .replaceAll(/\s+/g, " ")
    .trim();
  const short = text.length > 500 ? `${text.slice(0, 499)}…` : text;
  return /[.!?…]$/.test(short) ? short : `${short}.`;
}
