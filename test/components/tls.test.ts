import { describe, expect, it } from "vitest";
import { tls } from "../../src/components/tls.ts";
import type { Certificates, Exposure, Practice } from "../../src/practice/practice.ts";
import { everythingObserved, someParams } from "../support/practice.ts";

const ACME: Certificates = { kind: "acme", email: "admin@greenriver.example", server: "https://ca.example/directory" };
const ISSUER: Certificates = { kind: "issuerRef", name: "main", issuerKind: "ClusterIssuer", group: "cert-manager.io" };
const WITHOUT = { apis: { certManager: false, gateway: true, cloudNativePG: false } };

const built = (practice: Partial<Practice>, observed = {}) =>
  new Map(
    tls.build(someParams({ practice, observed })).map((object) => [`${object.kind}/${object.metadata.name}`, object]),
  );
const specOf = (objects: ReturnType<typeof built>, name: string) => objects.get(name)?.["spec"];

describe("the certificate of the hosts", () => {
  it("is one for all four, from the named issuer", () => {
    const objects = built({ certificates: ISSUER, uid: "7" });
    expect(specOf(objects, "Certificate/greenriver-hosts")).toMatchObject({
      secretName: "greenriver-hosts-tls",
      dnsNames: [
        "go.greenriver.example",
        "meet.greenriver.example",
        "matrix.greenriver.example",
        "chat.greenriver.example",
      ],
      issuerRef: { name: "main", kind: "ClusterIssuer", group: "cert-manager.io" },
      privateKey: { algorithm: "ECDSA", size: 256 },
      secretTemplate: { labels: { "telehealth-operator.io/practice-uid": "7" } },
    });
    expect(objects.has("Issuer/greenriver-issuer")).toBe(false);
  });

  it.each([{ kind: "external" } as const, { kind: "secretRef", name: "wildcard" } as const])(
    "is not ordered when it is $kind",
    (certificates) => {
      expect(built({ certificates }).has("Certificate/greenriver-hosts")).toBe(false);
    },
  );

  it.each<[Exposure, object]>([
    [
      { kind: "ingress", className: "traefik", annotations: {} },
      { ingress: { serviceType: "ClusterIP", ingressClassName: "traefik" } },
    ],
    [{ kind: "ingress", annotations: {} }, { ingress: { serviceType: "ClusterIP" } }],
    [
      { kind: "gateway", className: "envoy" },
      {
        gatewayHTTPRoute: {
          serviceType: "ClusterIP",
          parentRefs: [
            {
              group: "gateway.networking.k8s.io",
              kind: "Gateway",
              name: "greenriver-gateway",
              namespace: "greenriver",
              sectionName: "http",
            },
          ],
        },
      },
    ],
    [
      { kind: "parentRef", name: "shared", namespace: "edge", listenerSet: true },
      {
        gatewayHTTPRoute: {
          serviceType: "ClusterIP",
          parentRefs: [{ group: "gateway.networking.k8s.io", kind: "Gateway", name: "shared", namespace: "edge" }],
        },
      },
    ],
  ])("is proven by HTTP-01 through the practice's own exposure %j", (exposure, http01) => {
    const objects = built({ certificates: ACME, exposure });
    expect(specOf(objects, "Issuer/greenriver-issuer")).toEqual({
      acme: {
        email: "admin@greenriver.example",
        server: "https://ca.example/directory",
        privateKeySecretRef: { name: "greenriver-issuer" },
        solvers: [{ http01 }],
      },
    });
    expect(specOf(objects, "Certificate/greenriver-hosts")).toMatchObject({
      issuerRef: { name: "greenriver-issuer", kind: "Issuer" },
    });
  });
});

describe("the certificates inside", () => {
  const objects = built({});

  it("come from an authority of the practice's own that keeps its key", () => {
    expect(specOf(objects, "Issuer/greenriver-internal-root")).toEqual({ selfSigned: {} });
    expect(specOf(objects, "Certificate/greenriver-internal-ca")).toMatchObject({
      isCA: true,
      duration: "87600h0m0s",
      privateKey: { rotationPolicy: "Never" },
      issuerRef: { name: "greenriver-internal-root" },
    });
    expect(specOf(objects, "Issuer/greenriver-internal")).toEqual({ ca: { secretName: "greenriver-internal-ca" } });
  });

  it("name Prosody's hosts for a year and bring Java its trust store", () => {
    expect(specOf(objects, "Certificate/greenriver-signalling-tls")).toMatchObject({
      secretName: "greenriver-signalling-tls",
      dnsNames: ["auth.meet.greenriver.example", "jvb.meet.greenriver.example"],
      duration: "8760h0m0s",
      keystores: {
        pkcs12: {
          create: true,
          passwordSecretRef: { name: everythingObserved().secrets.signalling, key: "truststore-password" },
        },
      },
      issuerRef: { name: "greenriver-internal" },
    });
  });
});

describe("without cert-manager", () => {
  it("nothing is made, and what waits is said", () => {
    expect(built({ certificates: ISSUER }, WITHOUT).size).toBe(0);
    const awaits = tls.awaits?.(someParams({ practice: { certificates: ISSUER }, observed: WITHOUT }));
    expect(awaits).toMatchObject([{ component: "tls", reason: "CertManagerMissing" }]);
  });

  it("nothing waits for it when the certificate comes from elsewhere", () => {
    expect(tls.awaits?.(someParams({ observed: WITHOUT }))).toEqual([]);
  });
});
