import "reflect-metadata"; // asked for by the certificate library
import { generateKeyPairSync, KeyObject, type webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** Who a certificate is for: `O=` is the Kubernetes group, `CN=` the user. */
export interface Subject {
  readonly user: string;
  readonly group?: string;
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
  /** Ended yesterday. */
  readonly expired?: boolean;
}

/** A certificate authority that lives in memory; what it signs is valid for 30 days. */
export interface Authority extends KeyPair {
  issue(subject: Subject): Promise<KeyPair>;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

function validity(expired = false) {
  const now = Date.now();
  if (expired) return { notBefore: new Date(now - 30 * DAY_MS), notAfter: new Date(now - DAY_MS) };
  // Long enough ago for a program whose clock is behind.
  return { notBefore: new Date(now - HOUR_MS), notAfter: new Date(now + 30 * DAY_MS) };
}

function pem(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: "pkcs8", format: "pem" }).toString();
}

/** Makes the authority that the API server, its clients and the proxy of a test bed trust. */
export async function createAuthority(): Promise<Authority> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=test-bed",
    keys,
    signingAlgorithm: algorithm,
    ...validity(),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  const issue = async ({ user, group, dnsNames = [], addresses = [], expired }: Subject): Promise<KeyPair> => {
    const own = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const names = [
      ...dnsNames.map((value) => ({ type: "dns" as const, value })),
      ...addresses.map((value) => ({ type: "ip" as const, value })),
    ];
    const certificate = await x509.X509CertificateGenerator.create({
      subject: new x509.Name([...(group === undefined ? [] : [{ O: [group] }]), { CN: [user] }]).toString(),
      issuer: root.subject,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: algorithm,
      ...validity(expired),
      extensions: [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth, x509.ExtendedKeyUsage.serverAuth]),
        ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
      ],
    });
    return { cert: certificate.toString("pem"), key: pem(own.privateKey) };
  };
  return { cert: root.toString("pem"), key: pem(keys.privateKey), issue };
}

/** A key pair to sign ServiceAccount tokens with; `cert` of the result is the public key. */
export function tokenKeys(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
}
