import type { Weekday } from "../api/maintenance.ts";
import type { Images } from "../versions.ts";
import type { IpFamily } from "./addresses.ts";
import type { BornSecret, Names } from "./names.ts";
import type { Sizing } from "./sizing.ts";

/**
 * A practice with nothing left to decide: spec, operator options and identity resolved into one value.
 * Nothing downstream handles `undefined` except where absence is a meaning of its own.
 */
export interface Practice {
  readonly name: string;
  readonly namespace: string;
  /** Absent when rendered without a cluster; then no owner references are written. */
  readonly uid?: string;
  /** Which edit of the manifest this is; absent when rendered without a cluster. */
  readonly generation?: number;

  readonly domain: string;
  readonly hosts: Hosts;
  /** Synapse's `server_name`; equals `hosts.matrix` and never changes. */
  readonly serverName: string;
  readonly locale: "de" | "en";
  readonly legal: { readonly imprintUrl?: string; readonly privacyUrl?: string };
  readonly sizing: Sizing;

  readonly certificates: Certificates;
  readonly exposure: Exposure;
  readonly video: Video;
  readonly messaging: Messaging;
  readonly entry: Entry;
  readonly staff: Staff;

  readonly maintenance: Maintenance;
  readonly placement: Placement;
  readonly imagePullSecrets: readonly string[];
  readonly storageClassName?: string;
  readonly deletionPolicy: "Retain" | "Delete";
  readonly suspend: boolean;

  readonly names: Names;
  readonly images: Images;
  readonly network: Network;
}

/** The four hosts of a practice. */
export interface Hosts {
  readonly entry: string;
  readonly meet: string;
  readonly matrix: string;
  readonly chat: string;
}
export type Host = keyof Hosts;

export type Certificates =
  | {
      readonly kind: "issuerRef";
      readonly name: string;
      readonly issuerKind: "Issuer" | "ClusterIssuer";
      readonly group: string;
    }
  | { readonly kind: "acme"; readonly email: string; readonly server: string }
  | { readonly kind: "secretRef"; readonly name: string }
  | { readonly kind: "external" };

export type Exposure =
  | { readonly kind: "ingress"; readonly className?: string; readonly annotations: Annotations }
  | { readonly kind: "gateway"; readonly className: string }
  | {
      readonly kind: "parentRef";
      readonly name: string;
      readonly namespace: string;
      readonly sectionName?: string;
      readonly listenerSet: boolean;
    }
  | { readonly kind: "service"; readonly type: "ClusterIP" | "NodePort" };

export type Annotations = Readonly<Record<string, string>>;

export interface Video {
  readonly maxParticipants: number;
  readonly verification: "prompt" | "required";
  readonly sessions: { readonly earlyMinutes: number; readonly graceMinutes: number };
  readonly media: Media;
}

export interface Media {
  readonly service: "LoadBalancer" | "NodePort";
  /** The UDP port: Service port, node port (when 30000–32767) and the bridge's own port. The next one is for trying. */
  readonly port: number;
  /** Given by the practice, overrides what the cluster tells. */
  readonly addresses: readonly MediaAddress[];
  readonly loadBalancerClass?: string;
  readonly externalTrafficPolicy: "Local" | "Cluster";
  readonly annotations: Annotations;
}

export interface MediaAddress {
  readonly ip: string;
  readonly port: number;
}

export interface Messaging {
  readonly database: Database;
  /** Size of the volume for uploads, as a Kubernetes quantity. */
  readonly mediaStorage: string;
  /** Absent: messages are kept. */
  readonly retentionDays?: number;
}

export interface Entry {
  /** Absent: receipts of consent are patients' own, and none is kept. */
  readonly receiptDays?: number;
}

export type Database =
  | { readonly kind: "managed"; readonly storage: string }
  | {
      readonly kind: "external";
      readonly host: string;
      readonly port: number;
      readonly name: string;
      readonly secretName: string;
      readonly caSecretName?: string;
      readonly to: Peer;
    };

export interface Staff {
  /** The provider that says who is staff; absent: staff has accounts with passwords. */
  readonly oidc?: {
    /** As the provider's own discovery document spells it. */
    readonly issuer: string;
    readonly clientId: string;
    readonly clientSecret: { readonly name: string; readonly key: string };
    /** Staff is whose ID token has this claim with this value, by itself or in a list. */
    readonly claim: { readonly name: string; readonly value: string };
    /** TCP port of the issuer. */
    readonly port: number;
    readonly to: Peer;
  };
}

/** Where an outside party is: default deny needs to know it. */
export type Peer =
  | { readonly kind: "cidrs"; readonly cidrs: readonly string[] }
  | { readonly kind: "pods"; readonly namespace: string; readonly labels: Readonly<Record<string, string>> };

/** When a change may be rolled out although somebody is in a call. */
export interface Maintenance {
  /** Each comes every week; without any, nothing is ever forced. Times are `hh:mm` on the clocks of `timeZone`. */
  readonly windows: readonly { readonly days: readonly Weekday[]; readonly from: string; readonly to: string }[];
  readonly timeZone: string;
}

export interface Placement {
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Readonly<Record<string, unknown>>[];
  readonly priorityClassName?: string;
}

/** What the cluster around the practice looks like to NetworkPolicies; from operator options. */
export interface Network {
  /** Who may knock at the front pod. Empty: nobody could say, so any source may, to the front pod only. */
  readonly frontDoor: readonly NetworkPeer[];
  /** The operator's own pods. Empty: it runs elsewhere, and nobody may ask whether a call is going on. */
  readonly operator: readonly NetworkPeer[];
  /** Where DNS answers. */
  readonly dns: { readonly peers: readonly NetworkPeer[]; readonly ports: readonly number[] };
}

/** One `from` or `to` entry of a NetworkPolicy, as Kubernetes spells it. */
export type NetworkPeer = Readonly<Record<string, unknown>>;

/** What only the cluster knows and rendering needs. The single input besides the practice. */
export interface Observed {
  readonly secrets: Readonly<Record<BornSecret, string>>;
  readonly apis: { readonly certManager: boolean; readonly gateway: boolean; readonly cloudNativePG: boolean };
  /** Where the bridge is reached; empty while the cluster has not given an address. */
  readonly mediaAddresses: readonly MediaAddress[];
  /** Which addresses the bridge's pod has, the first one's family first; as the cluster gave them to its Service. */
  readonly mediaFamilies: readonly IpFamily[];
  /** Why no address is to be expected until somebody does something; a sentence with the next step. */
  readonly mediaProblem?: { readonly reason: "AddressNeeded" | "PortTaken"; readonly message: string };
  /** Storage class of a live claim, so that a changed default moves nothing. By claim name. */
  readonly storageClasses: Readonly<Record<string, string>>;
  /** HMAC over Secrets that we did not make, by Secret name; a change rolls the pods that mount them. */
  readonly secretFingerprints: Readonly<Record<string, string>>;
  /** A run that tries the walls; absent while there is none. */
  readonly probe?: ProbeRun;
  /** Absent: every Secret that the manifest names is complete. */
  readonly incompleteSecrets?: readonly IncompleteSecret[];
}

/** A run of the probe: when it began, which is its name too, and where its listeners are, as soon as all of them are. */
export interface ProbeRun {
  readonly at: string;
  readonly addresses?: Readonly<Record<string, string>>;
}

/** A Secret that the manifest names and the keys that it lacks; all of them when it is not there. */
export interface IncompleteSecret {
  readonly name: string;
  readonly keys: readonly string[];
}

/** What is born once and is not secret; kept in the identity ConfigMap, which outlives the practice. */
export interface Identity {
  readonly serverName: string;
  readonly mediaPort: number;
  readonly postgresMajor: number;
}
