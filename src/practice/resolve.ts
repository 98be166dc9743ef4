import { hash } from "node:crypto";
import type { CertificatesSpec, ExposureSpec } from "../api/edge.ts";
import type { PeerSpec } from "../api/peer.ts";
import type { Issue, PracticeSpec } from "../api/practice.ts";
import { effectiveHosts, endsTlsElsewhere } from "../api/spec-rules.ts";
import type { Images } from "../versions.ts";
import { INGRESS_ANNOTATIONS, MEDIA_ANNOTATIONS, refusedAnnotations } from "./annotations.ts";
import { frontDoorOf } from "./front-door.ts";
import { isTimeZone } from "./maintenance.ts";
import { namesOf } from "./names.ts";
import type {
  Certificates,
  Database,
  Exposure,
  Identity,
  Media,
  Network,
  NetworkPeer,
  Peer,
  Practice,
  Staff,
} from "./practice.ts";
import { SIZING } from "./sizing.ts";

/** What the cluster's operator has decided for all practices; a part of `Config`. */
export interface ClusterOptions {
  readonly images: Images;
  /** Absent: what the exposure's class tells. */
  readonly frontDoor?: readonly NetworkPeer[] | undefined;
  /** The operator's own pods, as NetworkPolicy peers. */
  readonly operatorPeers: readonly NetworkPeer[];
  readonly dns: Network["dns"];
  readonly defaults: {
    readonly certificates?: CertificatesSpec | undefined;
    readonly exposure?: ExposureSpec | undefined;
    readonly storageClassName?: string | undefined;
  };
  readonly allowedAnnotations: readonly string[];
}

/** A spec that is well formed, but cannot be used with this cluster's options. */
export class InvalidPractice extends Error {
  readonly issues: readonly Issue[];

  constructor(issues: readonly Issue[]) {
    super(issues.map(({ path, message }) => `${path}: ${message}`).join(" "));
    this.name = "InvalidPractice";
    this.issues = issues;
  }
}

/**
 * Decides everything that a practice leaves open: spec first, then the operator's options.
 * @throws InvalidPractice naming every field that is missing or refused.
 */
export function resolve(input: {
  readonly resource: {
    readonly metadata: {
      readonly name: string;
      readonly namespace: string;
      readonly uid?: string;
      readonly generation?: number;
    };
  };
  readonly spec: PracticeSpec;
  readonly options: ClusterOptions;
  readonly identity: Identity;
}): Practice {
  const { resource, spec, options, identity } = input;
  const { name, namespace, uid, generation } = resource.metadata;
  const certificates = certificatesOf(spec.certificates ?? options.defaults.certificates ?? {});
  const exposure = exposureOf(spec.exposure ?? options.defaults.exposure ?? {});
  const issues = issuesOf(spec, options, certificates, exposure);
  if (issues.length > 0 || !certificates || !exposure) throw new InvalidPractice(issues);

  const { placement, legal, imagePullSecrets, video, messaging } = spec;
  return {
    name,
    namespace,
    ...given("uid", uid),
    ...given("generation", generation),
    domain: spec.domain,
    hosts: effectiveHosts(spec),
    serverName: identity.serverName,
    locale: spec.locale,
    legal: { ...given("imprintUrl", legal?.imprintUrl), ...given("privacyUrl", legal?.privacyUrl) },
    sizing: SIZING[spec.size],
    certificates,
    exposure,
    video: { ...video, media: mediaOf(video.media, identity) },
    messaging: {
      database: databaseOf(messaging.database),
      mediaStorage: messaging.media.storage,
      ...given("retentionDays", messaging.retention?.days),
    },
    entry: { ...given("receiptDays", spec.entry.consent.store?.retentionDays) },
    staff: staffOf(spec.staff),
    maintenance: { windows: spec.maintenance.windows ?? [], timeZone: spec.maintenance.timeZone },
    placement: {
      nodeSelector: placement?.nodeSelector ?? {},
      tolerations: placement?.tolerations ?? [],
      ...given("priorityClassName", placement?.priorityClassName),
    },
    imagePullSecrets: (imagePullSecrets ?? []).map((secret) => secret.name),
    ...given("storageClassName", spec.storageClassName ?? options.defaults.storageClassName),
    deletionPolicy: spec.deletionPolicy,
    suspend: spec.suspend,
    names: namesOf(name),
    images: options.images,
    network: {
      frontDoor: options.frontDoor ?? frontDoorOf(exposure),
      operator: options.operatorPeers,
      dns: options.dns,
    },
  };
}

/** What is born with a practice when no identity is kept from a former one. */
export function defaultIdentity(namespace: string, name: string, spec: PracticeSpec): Identity {
  return {
    serverName: effectiveHosts(spec).matrix,
    mediaPort: spec.video.media.port ?? mediaPort(namespace, name),
    postgresMajor: 17,
  };
}

/**
 * Leaves the band from 30000 to 30085 to people: Kubernetes keeps it for node ports that are asked for (KEP-3668). Always
 * even, because the next one is the practice's as well.
 */
function mediaPort(namespace: string, name: string): number {
  const digest = Number.parseInt(hash("sha256", `${namespace}/${name}`).slice(0, 8), 16);
  const port = 30086 + (digest % 2682);
  return port - (port % 2);
}

function issuesOf(
  spec: PracticeSpec,
  options: ClusterOptions,
  certificates: Certificates | undefined,
  exposure: Exposure | undefined,
): Issue[] {
  const issue = (path: string, message: string): Issue => ({ path, message, reason: "InvalidSpec" });
  const annotations = (path: string, allowed: typeof INGRESS_ANNOTATIONS, given: Record<string, string> | undefined) =>
    refusedAnnotations(given ?? {}, allowed, options.allowedAnnotations).map(({ key, message }) =>
      issue(`${path}.annotations[${key}]`, message),
    );
  const exposureSpec = spec.exposure ?? options.defaults.exposure;
  const unusedCertificate = exposureSpec && endsTlsElsewhere(exposureSpec) && certificates?.kind !== "external";
  return [
    ...(certificates ? [] : [issue("spec.certificates", "is missing. Give issuerRef, acme, secretRef or external.")]),
    ...(exposure ? [] : [issue("spec.exposure", "is missing. Give ingress, gateway, parentRef or service.")]),
    ...(certificates && unusedCertificate
      ? [
          issue(
            "spec.certificates",
            "TLS ends before this practice with this exposure. Set certificates: {external: {}}.",
          ),
        ]
      : []),
    ...(isTimeZone(spec.maintenance.timeZone)
      ? []
      : [
          issue(
            "spec.maintenance.timeZone",
            `${spec.maintenance.timeZone} is not a time zone that is known here. Give its IANA name, such as Europe/Berlin.`,
          ),
        ]),
    ...annotations("spec.exposure.ingress", INGRESS_ANNOTATIONS, exposureSpec?.ingress?.annotations),
    ...annotations("spec.video.media", MEDIA_ANNOTATIONS, spec.video.media.annotations),
  ];
}

function certificatesOf({ issuerRef, acme, secretRef, external }: CertificatesSpec): Certificates | undefined {
  if (issuerRef) {
    return { kind: "issuerRef", name: issuerRef.name, issuerKind: issuerRef.kind, group: issuerRef.group };
  }
  if (acme) return { kind: "acme", ...acme };
  if (secretRef) return { kind: "secretRef", name: secretRef.name };
  return external && { kind: "external" };
}

function exposureOf({ ingress, gateway, parentRef, service }: ExposureSpec): Exposure | undefined {
  if (ingress) {
    return { kind: "ingress", ...given("className", ingress.className), annotations: ingress.annotations ?? {} };
  }
  if (gateway) return { kind: "gateway", className: gateway.className };
  if (parentRef) {
    const { name, namespace, listenerSet } = parentRef;
    return { kind: "parentRef", name, namespace, listenerSet, ...given("sectionName", parentRef.sectionName) };
  }
  return service && { kind: "service", type: service.type };
}

function mediaOf(media: PracticeSpec["video"]["media"], identity: Identity): Media {
  // A stated port wins over the kept one: it is the practice's own decision to move.
  const port = media.port ?? identity.mediaPort;
  return {
    service: media.service,
    port,
    addresses: (media.addresses ?? []).map((address) => ({ ip: address.ip, port: address.port ?? port })),
    ...given("loadBalancerClass", media.loadBalancerClass),
    externalTrafficPolicy: media.externalTrafficPolicy ?? (media.service === "LoadBalancer" ? "Local" : "Cluster"),
    annotations: media.annotations ?? {},
  };
}

function databaseOf({ managed, external }: PracticeSpec["messaging"]["database"]): Database {
  if (!external) return { kind: "managed", storage: managed?.storage ?? "10Gi" };
  const { host, port, name, secretRef, caSecretRef, to } = external;
  return {
    kind: "external",
    host,
    port,
    name,
    secretName: secretRef.name,
    ...given("caSecretName", caSecretRef?.name),
    to: peerOf(to),
  };
}

function staffOf(staff: PracticeSpec["staff"]): Staff {
  if (!staff) return {};
  const { issuer, clientId, clientSecretRef, requiredClaim, to } = staff.oidc;
  return {
    oidc: {
      issuer,
      clientId,
      clientSecret: clientSecretRef,
      claim: requiredClaim,
      port: Number(/^https:\/\/[^/:]+:(\d+)/.exec(issuer)?.[1] ?? 443),
      to: peerOf(to),
    },
  };
}

function peerOf({ namespace, podLabels, cidrs }: PeerSpec): Peer {
  return namespace === undefined
    ? { kind: "cidrs", cidrs: cidrs ?? [] }
    : { kind: "pods", namespace, labels: podLabels ?? {} };
}

/** An optional field that is there only with a value. */
function given<K extends string, V>(key: K, value: V | undefined): { readonly [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [key in K]: V });
}
