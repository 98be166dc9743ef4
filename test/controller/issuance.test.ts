import { describe, expect, it } from "vitest";
import { obstacle } from "../../src/controller/issuance.ts";
import { ApiError } from "../../src/runtime/errors.ts";
import type { Cluster } from "../../src/runtime/cluster.ts";
import { somePractice } from "../support/practice.ts";

const practice = somePractice({
  certificates: { kind: "issuerRef", name: "ca", issuerKind: "Issuer", group: "cert-manager.io" },
});
const annotations = { "cert-manager.io/certificate-name": practice.names.hostsCertificate };

/** Only what is asked for here. */
function clusterWith(objects: Readonly<Record<string, readonly object[]>>, issuer?: object): Cluster {
  const list = async ({ kind }: { readonly kind: string }) => objects[kind] ?? [];
  return { list, get: async () => issuer } as unknown as Cluster;
}

function request(reason: string, message: string, creationTimestamp = "2026-01-01T00:00:00Z") {
  const conditions = [{ type: "Ready", status: "False", reason, message }];
  return { metadata: { annotations, creationTimestamp }, status: { conditions } };
}

function challenge(dnsName: string, state: string, reason: string) {
  return { spec: { dnsName }, status: { state, reason } };
}

describe("what keeps a certificate from being issued", () => {
  it("is nothing that cert-manager tells, when it tells nothing", async () => {
    expect(await obstacle(clusterWith({}), practice)).toBeUndefined();
  });

  it("is what its latest request says, not an older one or another certificate's", async () => {
    const other = { ...request("Failed", "another's", "2026-03-01T00:00:00Z"), metadata: { annotations: {} } };
    const requests = [request("Failed", "older"), other, request("Failed", "newest", "2026-02-01T00:00:00Z")];
    expect(await obstacle(clusterWith({ CertificateRequest: requests }), practice)).toEqual({
      reason: "CertificateFailed",
      message: "cert-manager says: newest.",
    });
  });

  it("is an issuer that is missing or not ready, by name and with its own words", async () => {
    const missing = request("Pending", 'Referenced "Issuer" not found: issuer.cert-manager.io "ca" not found');
    expect(await obstacle(clusterWith({ CertificateRequest: [missing] }), practice)).toEqual({
      reason: "IssuerNotReady",
      message: "There is no Issuer ca.",
    });
    const unready = request("Pending", "Referenced issuer does not have a Ready status condition");
    const conditions = [{ type: "Ready", status: "False", message: 'secrets "ca" not found' }];
    expect(
      await obstacle(clusterWith({ CertificateRequest: [unready] }, { status: { conditions } }), practice),
    ).toEqual({
      reason: "IssuerNotReady",
      message: 'The Issuer ca is not ready. It says: secrets "ca" not found.',
    });
  });

  it("is told per host, and once for hosts that share it", async () => {
    const { meet, chat, entry } = practice.hosts;
    const waiting = (host: string) =>
      `Waiting for HTTP-01 challenge propagation: dial tcp: lookup ${host}: no such host`;
    const challenges = [
      challenge(meet, "pending", waiting(meet)),
      challenge(chat, "pending", waiting(chat)),
      challenge(entry, "valid", "Successfully authorized domain"),
      challenge("elsewhere.example", "pending", waiting("elsewhere.example")),
    ];
    expect(await obstacle(clusterWith({ Challenge: challenges }), practice)).toEqual({
      reason: "CertificateIssuing",
      message:
        `About ${chat}, ${meet} cert-manager says: Waiting for HTTP-01 challenge propagation: ` +
        "dial tcp: lookup the host: no such host.",
    });
    const refused = [challenge(meet, "invalid", "Error accepting authorization")];
    expect((await obstacle(clusterWith({ Challenge: refused }), practice))?.reason).toBe("CertificateFailed");
  });

  it("is told without tokens, keys and what changes with every try", async () => {
    const token = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";
    const said =
      `did not get expected response "${token}.nP1qzpXGymHBrUEepNY9HCsQk7K8KhOypzEt62jcerQ" from ` +
      `http://meet.greenriver.example/.well-known/acme-challenge/${token}: ` +
      "read tcp 10.0.0.5:43210->203.0.113.7:80: connection reset by peer";
    const found = await obstacle(
      clusterWith({ Challenge: [challenge(practice.hosts.meet, "pending", said)] }),
      practice,
    );
    expect(found?.message).not.toMatch(/evaGx|nP1qz|43210/);
    expect(found?.message).toContain("203.0.113.7:80: connection reset by peer");
  });

  it("is nothing that is known, for an operator without the rights to look", async () => {
    const refuse = async () => Promise.reject(new ApiError(403, "no", { reason: "Forbidden" }));
    expect(await obstacle({ list: refuse } as unknown as Cluster, practice)).toBeUndefined();
  });
});
