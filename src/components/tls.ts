import { LABEL } from "../api/group.ts";
import type { Manifest } from "../manifest.ts";
import type { Practice } from "../practice/practice.ts";
import type { Await, Component, Params } from "./component.ts";

const CERT_MANAGER = "cert-manager.io";

/** Certificates: one for all hosts, unless somebody else brings it, and those inside the practice. */
export const tls: Component = { name: "tls", build, awaits };

function build(params: Params): readonly Manifest[] {
  if (!params.observed.apis.certManager) return [];
  return [...hosts(params.practice), ...inside(params)];
}

function awaits({ practice, observed }: Params): readonly Await[] {
  if (observed.apis.certManager || !ordersHostsCertificate(practice)) return [];
  return [
    {
      component: "tls",
      reason: "CertManagerMissing",
      message: "The certificate of the practice's hosts waits for cert-manager. Please install version 1.10 or newer.",
    },
  ];
}

/** Whether cert-manager makes the certificate of the four hosts. */
export function ordersHostsCertificate({ certificates }: Practice): boolean {
  return certificates.kind === "acme" || certificates.kind === "issuerRef";
}

/** The Secret with the certificate of the four hosts; none where TLS ends before the practice. */
export function hostsTlsSecret({ certificates, names }: Practice): string | undefined {
  if (certificates.kind === "external") return undefined;
  return certificates.kind === "secretRef" ? certificates.name : names.hostsTls;
}

function hosts(practice: Practice): readonly Manifest[] {
  const { certificates, names } = practice;
  if (certificates.kind === "acme") {
    const acme = {
      email: certificates.email,
      server: certificates.server,
      // The account's key, kept under the issuer's name.
      privateKeySecretRef: { name: names.issuer },
      solvers: [{ http01: solver(practice) }],
    };
    return [
      issuer(names.issuer, { acme }),
      hostsCertificate(practice, { name: names.issuer, kind: "Issuer", group: CERT_MANAGER }),
    ];
  }
  if (certificates.kind === "issuerRef") {
    const { name, issuerKind, group } = certificates;
    return [hostsCertificate(practice, { name, kind: issuerKind, group })];
  }
  return [];
}

/** HTTP-01 through the practice's own exposure, and through nothing that opens a port of the nodes. */
function solver({ exposure, names, namespace }: Practice) {
  const serviceType = "ClusterIP";
  if (exposure.kind === "gateway") {
    return { gatewayHTTPRoute: { serviceType, parentRefs: [parent(names.gateway, namespace, "http")] } };
  }
  if (exposure.kind === "parentRef") {
    return { gatewayHTTPRoute: { serviceType, parentRefs: [parent(exposure.name, exposure.namespace)] } };
  }
  const className = exposure.kind === "ingress" ? exposure.className : undefined;
  return { ingress: { serviceType, ...(className && { ingressClassName: className }) } };
}

function parent(name: string, namespace: string, sectionName?: string) {
  return { group: "gateway.networking.k8s.io", kind: "Gateway", name, namespace, ...(sectionName && { sectionName }) };
}

function hostsCertificate(practice: Practice, issuerRef: object): Manifest {
  const { entry, meet, matrix, chat } = practice.hosts;
  return certificate(practice, practice.names.hostsCertificate, practice.names.hostsTls, {
    dnsNames: [entry, meet, matrix, chat],
    privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
    usages: ["digital signature", "server auth"],
    issuerRef,
  });
}

/**
 * Inside, an authority of the practice's own: Prosody shows a certificate, jicofo and the bridge verify it. The
 * authority keeps its key when it is renewed, else its clients would distrust everything it signed.
 */
function inside({ practice, observed }: Params): readonly Manifest[] {
  const { names, hosts } = practice;
  const own = (name: string) => ({ name, kind: "Issuer", group: CERT_MANAGER });
  return [
    issuer(names.internalRootIssuer, { selfSigned: {} }),
    certificate(practice, names.internalCa, names.internalCa, {
      isCA: true,
      commonName: names.internalCa,
      duration: "87600h0m0s",
      privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Never" },
      usages: ["cert sign", "crl sign"],
      issuerRef: own(names.internalRootIssuer),
    }),
    issuer(names.internalIssuer, { ca: { secretName: names.internalCa } }),
    certificate(practice, names.signallingTls, names.signallingTls, {
      dnsNames: [`auth.${hosts.meet}`, `jvb.${hosts.meet}`],
      duration: "8760h0m0s",
      renewBefore: "720h0m0s",
      privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
      usages: ["digital signature", "server auth"],
      // Java reads the authority from this trust store.
      keystores: {
        pkcs12: {
          create: true,
          passwordSecretRef: { name: observed.secrets.signalling, key: "truststore-password" },
        },
      },
      issuerRef: own(names.internalIssuer),
    }),
  ];
}

function issuer(name: string, spec: object): Manifest {
  return { apiVersion: "cert-manager.io/v1", kind: "Issuer", metadata: metadata(name), spec };
}

/** The Secrets that cert-manager makes carry the practice's labels, so that they are found when it goes. */
function certificate(practice: Practice, name: string, secretName: string, spec: object): Manifest {
  const labels = { [LABEL.practice]: practice.name, ...(practice.uid && { [LABEL.practiceUid]: practice.uid }) };
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: metadata(name),
    spec: { secretName, secretTemplate: { labels }, revisionHistoryLimit: 1, ...spec },
  };
}

function metadata(name: string) {
  return { name, labels: { [LABEL.component]: "tls" } };
}
