import { createPrivateKey, X509Certificate } from "node:crypto";
import type { ReasonName } from "../api/reasons.ts";
import type { LiveObject } from "../manifest.ts";

/** What is kept of a Secret of type `kubernetes.io/tls`: nothing that is secret. */
export interface TlsSecret {
  readonly lacks: readonly string[];
  /** Absent when `tls.crt` is none. */
  readonly certificate?: X509Certificate;
  readonly key: "fits" | "of another certificate" | "no key";
}

/** Why browsers would refuse a certificate. */
export interface Flaw {
  readonly reason: ReasonName;
  /** A sentence that names the hosts and what is wrong. */
  readonly message: string;
}

/** Either a flaw, or until when the certificate is good. */
export type Examined = { readonly flaw: Flaw } | { readonly flaw?: undefined; readonly until: Date };

/** Reads a Secret of type `kubernetes.io/tls`. Of a chain it is the first certificate that servers show as theirs. */
export function readTlsSecret(secret: LiveObject): TlsSecret {
  const data = (secret["data"] ?? {}) as Readonly<Record<string, string>>;
  const lacks = ["tls.crt", "tls.key"].filter((field) => !data[field]);
  const bytes = (field: string) => Buffer.from(data[field] ?? "", "base64");
  const certificate = attempt(() => new X509Certificate(bytes("tls.crt")));
  const key = attempt(() => createPrivateKey(bytes("tls.key")));
  const fits = key !== undefined && certificate?.checkPrivateKey(key) === true;
  return {
    lacks,
    ...(certificate && { certificate }),
    key: key === undefined ? "no key" : fits ? "fits" : "of another certificate",
  };
}

/**
 * Looks at a certificate as a browser would: there, in its time, for every one of `hosts`, and with its key. Who signed
 * it is not judged: that is known to browsers alone.
 */
export function examine(name: string, secret: TlsSecret | undefined, hosts: readonly string[], now: Date): Examined {
  const all = hosts.join(", ");
  const flaw = (reason: ReasonName, message: string): Examined => ({ flaw: { reason, message } });
  if (!secret) return flaw("CertificateMissing", `Secret ${name}, with the certificate for ${all}, is not there.`);
  const { lacks, certificate, key } = secret;
  if (lacks.length > 0) {
    return flaw("CertificateMissing", `Secret ${name} lacks ${lacks.join(" and ")} for ${all}.`);
  }
  if (!certificate) return flaw("CertificateUnusable", `tls.crt of Secret ${name}, for ${all}, is no certificate.`);
  if (key !== "fits") {
    const what = key === "no key" ? "no private key" : "not the key of its certificate";
    return flaw("CertificateUnusable", `tls.key of Secret ${name}, for ${all}, is ${what}.`);
  }
  const uncovered = hosts.filter((host) => certificate.checkHost(host, { subject: "never" }) === undefined);
  if (uncovered.length > 0) {
    return flaw(
      "CertificateForOtherHosts",
      `The certificate in Secret ${name} is not for ${uncovered.join(", ")}; it is for ${namesOf(certificate)}.`,
    );
  }
  const { validFromDate: from, validToDate: until } = certificate;
  if (until <= now) {
    return flaw("CertificateExpired", `The certificate in Secret ${name} for ${all} expired on ${dayOf(until)}.`);
  }
  if (from > now) {
    return flaw("CertificateUnusable", `The certificate in Secret ${name} for ${all} begins only on ${dayOf(from)}.`);
  }
  return { until };
}

/** A day as conditions write it: nobody acts on the hour, and it is the same sentence all day. */
export function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

function namesOf({ subjectAltName }: X509Certificate): string {
  const names = (subjectAltName ?? "").split(", ").flatMap((entry) => /^DNS:(.+)$/.exec(entry)?.[1] ?? []);
  return names.length > 0 ? names.join(", ") : "no host name at all";
}
