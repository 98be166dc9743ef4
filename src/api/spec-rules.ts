import { REVEALING, revealingWord } from "./domain.ts";
import type { ChangeRule, Rule } from "./rules.ts";

/** The part of the spec that its rules read. */
interface Spec {
  readonly domain: string;
  readonly hosts?: { readonly [host in keyof EffectiveHosts]?: string | undefined } | undefined;
  readonly certificates?: { readonly external?: object | undefined } | undefined;
  readonly exposure?:
    | { readonly parentRef?: { readonly listenerSet: boolean } | undefined; readonly service?: object | undefined }
    | undefined;
  readonly video: {
    readonly media: { readonly service: string; readonly loadBalancerClass?: string | undefined };
  };
  readonly messaging: {
    readonly database: {
      readonly managed?: { readonly storage: string } | undefined;
      readonly external?: object | undefined;
    };
    readonly media: { readonly storage: string };
  };
  readonly storageClassName?: string | undefined;
  readonly privacy: { readonly acknowledgeRevealingDomain: boolean };
}

export interface EffectiveHosts {
  readonly entry: string;
  readonly meet: string;
  readonly matrix: string;
  readonly chat: string;
}

const PREFIX: EffectiveHosts = { entry: "go", meet: "meet", matrix: "matrix", chat: "chat" };

/** The four hosts: as stated, else the usual ones below the domain. */
export function effectiveHosts({ domain, hosts }: Pick<Spec, "domain" | "hosts">): EffectiveHosts {
  const host = (which: keyof EffectiveHosts) => hosts?.[which] ?? `${PREFIX[which]}.${domain}`;
  return { entry: host("entry"), meet: host("meet"), matrix: host("matrix"), chat: host("chat") };
}

/** The CEL twin of `effectiveHosts`, for one host. */
function celHost(which: keyof EffectiveHosts, self = "self"): string {
  return `(has(${self}.hosts) && has(${self}.hosts.${which}) ? ${self}.hosts.${which} : '${PREFIX[which]}.' + ${self}.domain)`;
}

const CEL_HOSTS = `[${(Object.keys(PREFIX) as (keyof EffectiveHosts)[]).map((which) => celHost(which)).join(", ")}]`;

export const SPEC_RULES: readonly Rule<Spec>[] = [
  {
    cel: `${CEL_HOSTS}.all(host, ${CEL_HOSTS}.exists_one(other, other == host))`,
    holds: (self) => new Set(Object.values(effectiveHosts(self))).size === 4,
    message: "The four hosts must differ, because each shows something else. Change one of hosts.",
    field: ["hosts"],
  },
  {
    cel: `(has(self.privacy) && has(self.privacy.acknowledgeRevealingDomain) && self.privacy.acknowledgeRevealingDomain) || !([self.domain] + ${CEL_HOSTS}).exists(host, host.matches('${REVEALING}'))`,
    holds: (self) =>
      self.privacy.acknowledgeRevealingDomain ||
      revealingWord([self.domain, ...Object.values(effectiveHosts(self))]) === undefined,
    message:
      "The host names tell what this is about: they stand in public certificate logs, in DNS and on patients' devices. " +
      "Choose a neutral domain, or set privacy.acknowledgeRevealingDomain to true.",
    field: ["domain"],
  },
  {
    cel:
      "!has(self.exposure) || !has(self.certificates) || has(self.certificates.external) || " +
      "(!has(self.exposure.service) && (!has(self.exposure.parentRef) || (has(self.exposure.parentRef.listenerSet) && self.exposure.parentRef.listenerSet)))",
    holds: ({ exposure, certificates }) =>
      !exposure || !certificates || certificates.external !== undefined || !endsTlsElsewhere(exposure),
    message:
      "TLS ends before this practice with exposure.service, and with exposure.parentRef unless listenerSet is true. " +
      "Say so with certificates: {external: {}}.",
    field: ["certificates"],
  },
];

/** Whether somebody else shows the certificate, so that one of our own would never be used. */
export function endsTlsElsewhere({ service, parentRef }: NonNullable<Spec["exposure"]>): boolean {
  return service !== undefined || (parentRef !== undefined && !parentRef.listenerSet);
}

/** Also what the operator says when it finds a Service of another class: two edits may have come at once. */
export const CLASS_STAYS =
  "loadBalancerClass cannot be changed, because Kubernetes does not change it in a Service. When nobody is in a call set " +
  "service: NodePort without a class, wait until the media Service is of that type, then set service: LoadBalancer with the new class.";

export const SPEC_CHANGES: readonly ChangeRule<Spec>[] = [
  {
    cel: `${celHost("matrix")} == ${celHost("matrix", "oldSelf")}`,
    allows: (self, oldSelf) => effectiveHosts(self).matrix === effectiveHosts(oldSelf).matrix,
    message:
      "The matrix host cannot be changed: it is part of every account and of every message's signature. " +
      "To move to another domain, set hosts.matrix to the present matrix host.",
    field: ["hosts"],
  },
  {
    cel:
      "has(self.storageClassName) == has(oldSelf.storageClassName) && " +
      "(!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)",
    allows: (self, oldSelf) => self.storageClassName === oldSelf.storageClassName,
    message:
      "storageClassName cannot be changed: Kubernetes cannot move a volume to another class. Leave it as it is; to move, " +
      "restore a backup into a new namespace (docs/backup.md).",
    field: ["storageClassName"],
  },
  {
    cel:
      "[self, oldSelf].exists(spec, spec.video.media.service != 'LoadBalancer') || " +
      "(has(self.video.media.loadBalancerClass) ? self.video.media.loadBalancerClass : '') == " +
      "(has(oldSelf.video.media.loadBalancerClass) ? oldSelf.video.media.loadBalancerClass : '')",
    allows: ({ video: { media } }, { video: { media: old } }) =>
      [media, old].some(({ service }) => service !== "LoadBalancer") ||
      media.loadBalancerClass === old.loadBalancerClass,
    message: CLASS_STAYS,
    field: ["video", "media", "loadBalancerClass"],
  },
  {
    cel: "has(self.messaging.database.managed) == has(oldSelf.messaging.database.managed)",
    allows: ({ messaging }, { messaging: old }) =>
      (messaging.database.managed === undefined) === (old.database.managed === undefined),
    message:
      "The kind of the database cannot be changed: the messages would stay behind in the former one. Give the one that it was made with.",
    field: ["messaging", "database"],
  },
  {
    cel:
      "!has(self.messaging.database.managed) || !has(oldSelf.messaging.database.managed) || " +
      "quantity(self.messaging.database.managed.storage).compareTo(quantity(oldSelf.messaging.database.managed.storage)) >= 0",
    allows: ({ messaging }, { messaging: old }) =>
      !messaging.database.managed ||
      !old.database.managed ||
      mebibytes(messaging.database.managed.storage) >= mebibytes(old.database.managed.storage),
    message: "A volume only grows. Ask for at least what it has.",
    field: ["messaging", "database", "managed", "storage"],
  },
  {
    cel: "quantity(self.messaging.media.storage).compareTo(quantity(oldSelf.messaging.media.storage)) >= 0",
    allows: ({ messaging }, { messaging: old }) => mebibytes(messaging.media.storage) >= mebibytes(old.media.storage),
    message: "A volume only grows. Ask for at least what it has.",
    field: ["messaging", "media", "storage"],
  },
];

/** `storage` of `fields.ts` allows whole Mi, Gi and Ti only. */
function mebibytes(size: string): number {
  return Number.parseInt(size, 10) * { Mi: 1, Gi: 1024, Ti: 1024 ** 2 }[size.slice(-2) as "Mi" | "Gi" | "Ti"];
}
