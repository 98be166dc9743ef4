import { describe, expect, it } from "vitest";
import { certificates } from "../../src/controller/certificates.ts";
import type { Cache, Cluster } from "../../src/runtime/cluster.ts";
import { createAuthority } from "../bed/pki.ts";
import { somePractice } from "../support/practice.ts";

const practice = somePractice({
  certificates: { kind: "issuerRef", name: "ca", issuerKind: "Issuer", group: "cert-manager.io" },
});
const authority = await createAuthority();
const { cert, key } = await authority.issue({ user: "hosts", dnsNames: Object.values(practice.hosts) });
const HOUR_MS = 3_600_000;

const encode = (text: string) => Buffer.from(text).toString("base64");
const GOOD = { data: { "tls.crt": encode(cert), "tls.key": encode(key) } };
const NOTHING = {};
const asked: string[] = [];

/** What is in the Secret, a good certificate if not told otherwise, and what cert-manager says about it. */
function look(status: object, secret: object = GOOD) {
  asked.length = 0;
  const annotations = { "cert-manager.io/certificate-name": practice.names.hostsCertificate };
  const conditions = [{ type: "Ready", status: "False", reason: "Failed", message: "order is invalid" }];
  const request = { metadata: { annotations, creationTimestamp: "2026-01-01T00:00:00Z" }, status: { conditions } };
  const list = async ({ kind }: { kind: string }) => {
    asked.push(kind);
    return kind === "CertificateRequest" ? [request] : [];
  };
  const cluster = { get: async () => secret, list } as unknown as Cluster;
  const cached = ({ kind }: { kind: string }) =>
    kind === "Certificate" ? { status } : secret === NOTHING ? undefined : { ...secret };
  const cache = { get: cached } as unknown as Cache;
  const apis = { certManager: true, gateway: false, cloudNativePG: false };
  return certificates({ cluster, cache, now: () => new Date() }, practice, { apis });
}

const notThere = (status: object) => look(status, NOTHING);

const inHours = (hours: number) => new Date(Date.now() + hours * HOUR_MS).toISOString();

describe("a certificate that is good", () => {
  it("is issued, and looked at again when it ends", async () => {
    const { verdict, lookAgainSeconds } = await look({ renewalTime: inHours(24) });
    expect(verdict).toMatchObject({ status: "True", reason: "Issued" });
    expect(lookAgainSeconds).toBeGreaterThan(29 * 24 * 3600);
  });

  it.each([
    ["fails", { failedIssuanceAttempts: 1 }],
    ["is overdue by a day", { renewalTime: inHours(-25) }],
  ])("is told with its last day and the reason while its renewal %s", async (_, status) => {
    const { verdict } = await look(status);
    expect(verdict).toMatchObject({ status: "True", reason: "RenewalFailing" });
    expect(verdict.message).toMatch(
      /ends on \d{4}-\d\d-\d\d and is not renewed\. cert-manager says: order is invalid\.$/,
    );
    for (const host of Object.values(practice.hosts)) expect(verdict.message).toContain(host);
  });

  it("is not told so within a day of the time of its renewal", async () => {
    expect((await look({ renewalTime: inHours(-23) })).verdict.reason).toBe("Issued");
  });
});

describe("a certificate that is not there yet", () => {
  const issuing = (secondsAgo: number) => ({
    conditions: [{ type: "Issuing", status: "True", lastTransitionTime: inHours(-secondsAgo / 3600) }],
  });

  it("costs no question before cert-manager has looked at it", async () => {
    expect((await notThere({})).verdict.reason).toBe("CertificateIssuing");
    expect(asked).toEqual([]);
  });

  it.each([
    [0, 5],
    [200, 20],
    [86_400, 60],
  ])("is asked about %d s after its last news in %d s", async (age, seconds) => {
    const { verdict, lookAgainSeconds } = await notThere(issuing(age));
    expect(verdict.reason).toBe("CertificateFailed");
    expect(lookAgainSeconds).toBeCloseTo(seconds, 0);
  });
});
