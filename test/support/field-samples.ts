import { STRUCTURAL_SPEC } from "../../src/api/practice.ts";
import type { StructuralSchema } from "../../src/api/structural.ts";

type Spec = Readonly<Record<string, unknown>>;

/** One field of the spec: how a manifest is without it, with it, and with another value. */
export interface FieldSample {
  /** What else must be there for the field to have a meaning; nothing when absent. */
  readonly without?: Spec;
  readonly set: Spec;
  readonly changed: Spec;
  /** Of a field that cannot be changed back in a practice that is: the next step that the API server's refusal names. */
  readonly fixed?: string;
  /** Why nothing that is rendered shows it. */
  readonly silent?: string;
}

/** Paths of all fields that hold a value, `[]` for any item of a list: from the schema that users' manifests pass. */
export function fieldPaths(schema: StructuralSchema = STRUCTURAL_SPEC, path: readonly string[] = []): string[] {
  const { type, properties, items } = schema as {
    readonly type?: string;
    readonly properties?: Readonly<Record<string, StructuralSchema>>;
    readonly items?: StructuralSchema;
  };
  const inner = Object.entries(properties ?? {});
  if (type === "object" && inner.length > 0)
    return inner.flatMap(([name, field]) => fieldPaths(field, [...path, name]));
  if (type === "array" && items && "properties" in items) return fieldPaths(items, [...path, "[]"]);
  return [path.join(".")];
}

/** What a spec has at such a path. */
export function valueAt(spec: unknown, path: string): unknown {
  const [step, ...rest] = path.split(".");
  if (step === undefined || step === "") return spec;
  if (typeof spec !== "object" || spec === null) return undefined;
  const next = step === "[]" ? (spec as readonly unknown[])[0] : (spec as Spec)[step];
  return rest.length === 0 ? next : valueAt(next, rest.join("."));
}

/** How a refusal to make a volume smaller ends. */
const GROWS = "Ask for at least what it has.";
const PROCESS = "It says what the operator does and when, not what there is.";

const external = (more: object) => ({
  messaging: {
    database: {
      external: { host: "db.example.org", secretRef: { name: "login" }, to: { cidrs: ["10.1.0.0/16"] }, ...more },
    },
  },
});
const oidc = (more: object) => ({
  staff: {
    oidc: {
      issuer: "https://id.example.org/realm",
      clientId: "practice",
      clientSecretRef: { name: "id", key: "secret" },
      requiredClaim: { name: "groups", value: "staff" },
      to: { cidrs: ["10.2.0.0/16"] },
      ...more,
    },
  },
});
const media = (more: object) => ({ video: { media: more } });
const toleration = (more: object) => ({ placement: { tolerations: [more] } });
const window = (more: object) => ({
  maintenance: { windows: [{ days: ["Sun"], from: "02:00", to: "05:00", ...more }] },
});
const parent = (more: object) => ({
  exposure: { parentRef: { name: "public", namespace: "gateways", ...more } },
  certificates: { external: {} },
});
const gateway = { exposure: { parentRef: { name: "public", namespace: "gateways", listenerSet: true } } };

const field = (set: Spec, changed: Spec, more: Omit<FieldSample, "set" | "changed"> = {}): FieldSample => ({
  set,
  changed,
  ...more,
});

/** Every field of the spec. One that the schema gets is missing here until it is added: the tests say so. */
export const FIELD_SAMPLES: Readonly<Record<string, FieldSample>> = {
  domain: field(
    { domain: "blueriver.example" },
    { domain: "redriver.example" },
    {
      without: { hosts: { matrix: "matrix.greenriver.example" } },
    },
  ),
  "entry.consent.store.retentionDays": field(
    { entry: { consent: { store: { retentionDays: 365 } } } },
    { entry: { consent: { store: { retentionDays: 3650 } } } },
  ),
  "hosts.entry": field({ hosts: { entry: "in.greenriver.example" } }, { hosts: { entry: "begin.greenriver.example" } }),
  "hosts.meet": field({ hosts: { meet: "a.greenriver.example" } }, { hosts: { meet: "b.greenriver.example" } }),
  "hosts.matrix": field(
    { hosts: { matrix: "a.greenriver.example" } },
    { hosts: { matrix: "b.greenriver.example" } },
    {
      fixed: "set hosts.matrix to the present matrix host",
    },
  ),
  "hosts.chat": field({ hosts: { chat: "a.greenriver.example" } }, { hosts: { chat: "b.greenriver.example" } }),
  locale: field({ locale: "en" }, { locale: "de" }, { without: {} }),
  "legal.imprintUrl": field(
    { legal: { imprintUrl: "https://greenriver.example/imprint" } },
    { legal: { imprintUrl: "https://greenriver.example/about" } },
  ),
  "legal.privacyUrl": field(
    { legal: { privacyUrl: "https://greenriver.example/privacy" } },
    { legal: { privacyUrl: "https://greenriver.example/notice" } },
  ),
  size: field({ size: "group" }, { size: "clinic" }),
  "certificates.issuerRef.name": field(
    { certificates: { issuerRef: { name: "one" } } },
    { certificates: { issuerRef: { name: "two" } } },
  ),
  "certificates.issuerRef.kind": field(
    { certificates: { issuerRef: { name: "one", kind: "Issuer" } } },
    { certificates: { issuerRef: { name: "one", kind: "ClusterIssuer" } } },
  ),
  "certificates.issuerRef.group": field(
    { certificates: { issuerRef: { name: "one", group: "a.example.org" } } },
    { certificates: { issuerRef: { name: "one", group: "b.example.org" } } },
    { without: { certificates: { issuerRef: { name: "one" } } } },
  ),
  "certificates.acme.email": field(
    { certificates: { acme: { email: "a@greenriver.example" } } },
    { certificates: { acme: { email: "b@greenriver.example" } } },
    { without: { certificates: { external: {} } } },
  ),
  "certificates.acme.server": field(
    { certificates: { acme: { email: "a@greenriver.example", server: "https://acme.example.org/a" } } },
    { certificates: { acme: { email: "a@greenriver.example", server: "https://acme.example.org/b" } } },
    { without: { certificates: { acme: { email: "a@greenriver.example" } } } },
  ),
  "certificates.secretRef.name": field(
    { certificates: { secretRef: { name: "one" } } },
    { certificates: { secretRef: { name: "two" } } },
  ),
  "certificates.external": field({ certificates: { external: {} } }, { certificates: { secretRef: { name: "one" } } }),
  "exposure.ingress.className": field(
    { exposure: { ingress: { className: "nginx" } } },
    { exposure: { ingress: { className: "haproxy" } } },
    { without: { exposure: { ingress: {} } } },
  ),
  "exposure.ingress.annotations": field(
    { exposure: { ingress: { annotations: { "external-dns.alpha.kubernetes.io/ttl": "60" } } } },
    { exposure: { ingress: { annotations: { "external-dns.alpha.kubernetes.io/hostname": "a.example" } } } },
    { without: { exposure: { ingress: {} } } },
  ),
  "exposure.gateway.className": field(
    { exposure: { gateway: { className: "one" } } },
    { exposure: { gateway: { className: "two" } } },
  ),
  "exposure.parentRef.name": field(parent({}), parent({ name: "other" })),
  "exposure.parentRef.namespace": field(parent({}), parent({ namespace: "other" })),
  "exposure.parentRef.sectionName": field(parent({ sectionName: "one" }), parent({ sectionName: "two" }), {
    without: parent({}),
  }),
  "exposure.parentRef.listenerSet": field(gateway, parent({}), { without: { exposure: { ingress: {} } } }),
  "exposure.service.type": field(
    { exposure: { service: { type: "NodePort" } }, certificates: { external: {} } },
    { exposure: { service: { type: "ClusterIP" } }, certificates: { external: {} } },
  ),
  "video.provider": field(
    { video: { provider: "jitsi" } },
    { video: { provider: "jitsi" } },
    {
      silent: "There is one, and its name is the default.",
    },
  ),
  "video.maxParticipants": field({ video: { maxParticipants: 3 } }, { video: { maxParticipants: 5 } }),
  "video.verification": field({ video: { verification: "required" } }, { video: { verification: "prompt" } }),
  "video.sessions.earlyMinutes": field(
    { video: { sessions: { earlyMinutes: 5 } } },
    { video: { sessions: { earlyMinutes: 7 } } },
  ),
  "video.sessions.graceMinutes": field(
    { video: { sessions: { graceMinutes: 5 } } },
    { video: { sessions: { graceMinutes: 7 } } },
  ),
  "video.media.service": field(media({ service: "NodePort" }), media({ service: "LoadBalancer" })),
  // Below the ports that the server gives away by chance, for health checks as well.
  "video.media.port": field(media({ port: 30_011 }), media({ port: 30_021 })),
  "video.media.addresses.[].ip": field(
    media({ addresses: [{ ip: "203.0.113.8" }] }),
    media({ addresses: [{ ip: "203.0.113.9" }] }),
  ),
  "video.media.addresses.[].port": field(
    media({ addresses: [{ ip: "203.0.113.8", port: 10_000 }] }),
    media({ addresses: [{ ip: "203.0.113.8", port: 10_002 }] }),
    { without: media({ addresses: [{ ip: "203.0.113.8" }] }) },
  ),
  "video.media.loadBalancerClass": field(
    media({ service: "LoadBalancer", loadBalancerClass: "example.org/one" }),
    media({ service: "LoadBalancer", loadBalancerClass: "example.org/two" }),
    {
      without: media({ service: "LoadBalancer" }),
      fixed: "set service: NodePort without a class, wait until the media Service is of that type",
    },
  ),
  "video.media.externalTrafficPolicy": field(
    media({ externalTrafficPolicy: "Cluster" }),
    media({ externalTrafficPolicy: "Local" }),
  ),
  "video.media.annotations": field(
    media({ annotations: { "external-dns.alpha.kubernetes.io/ttl": "60" } }),
    media({ annotations: { "external-dns.alpha.kubernetes.io/ttl": "90" } }),
  ),
  "messaging.database.managed.storage": field(
    { messaging: { database: { managed: { storage: "20Gi" } } } },
    { messaging: { database: { managed: { storage: "30Gi" } } } },
    { fixed: GROWS },
  ),
  "messaging.database.external.host": field(external({ host: "a.example.org" }), external({ host: "b.example.org" }), {
    without: external({}),
  }),
  "messaging.database.external.port": field(external({ port: 5433 }), external({ port: 5434 }), {
    without: external({}),
  }),
  "messaging.database.external.name": field(external({ name: "one" }), external({ name: "two" }), {
    without: external({}),
  }),
  "messaging.database.external.secretRef.name": field(
    external({ secretRef: { name: "one" } }),
    external({ secretRef: { name: "two" } }),
    { without: external({}) },
  ),
  "messaging.database.external.caSecretRef.name": field(
    external({ caSecretRef: { name: "one" } }),
    external({ caSecretRef: { name: "two" } }),
    { without: external({}) },
  ),
  "messaging.database.external.to.cidrs": field(
    external({ to: { cidrs: ["10.8.0.0/16"] } }),
    external({ to: { cidrs: ["10.9.0.0/16"] } }),
    { without: external({}) },
  ),
  "messaging.database.external.to.namespace": field(
    external({ to: { namespace: "one" } }),
    external({ to: { namespace: "two" } }),
    { without: external({}) },
  ),
  "messaging.database.external.to.podLabels": field(
    external({ to: { namespace: "one", podLabels: { app: "a" } } }),
    external({ to: { namespace: "one", podLabels: { app: "b" } } }),
    { without: external({ to: { namespace: "one" } }) },
  ),
  "messaging.media.storage": field(
    { messaging: { media: { storage: "20Gi" } } },
    { messaging: { media: { storage: "30Gi" } } },
    { fixed: GROWS },
  ),
  "messaging.retention.days": field(
    { messaging: { retention: { days: 400 } } },
    { messaging: { retention: { days: 500 } } },
  ),
  "staff.oidc.issuer": field(oidc({}), oidc({ issuer: "https://id.example.org/other" })),
  "staff.oidc.clientId": field(oidc({}), oidc({ clientId: "other" })),
  "staff.oidc.clientSecretRef.name": field(oidc({}), oidc({ clientSecretRef: { name: "other", key: "secret" } })),
  "staff.oidc.clientSecretRef.key": field(oidc({}), oidc({ clientSecretRef: { name: "id", key: "other" } })),
  "staff.oidc.requiredClaim.name": field(oidc({}), oidc({ requiredClaim: { name: "roles", value: "staff" } })),
  "staff.oidc.requiredClaim.value": field(oidc({}), oidc({ requiredClaim: { name: "groups", value: "team" } })),
  "staff.oidc.to.cidrs": field(oidc({}), oidc({ to: { cidrs: ["10.3.0.0/16"] } })),
  "staff.oidc.to.namespace": field(oidc({ to: { namespace: "one" } }), oidc({ to: { namespace: "two" } })),
  "staff.oidc.to.podLabels": field(
    oidc({ to: { namespace: "one", podLabels: { app: "a" } } }),
    oidc({ to: { namespace: "one", podLabels: { app: "b" } } }),
    { without: oidc({ to: { namespace: "one" } }) },
  ),
  "maintenance.windows.[].days": field(window({}), window({ days: ["Mon"] }), { silent: PROCESS }),
  "maintenance.windows.[].from": field(window({}), window({ from: "03:00" }), { silent: PROCESS }),
  "maintenance.windows.[].to": field(window({}), window({ to: "06:00" }), { silent: PROCESS }),
  "maintenance.timeZone": field(
    { maintenance: { timeZone: "Europe/Berlin" } },
    { maintenance: { timeZone: "Europe/Vienna" } },
  ),
  // Of nodes that there are, also where they are simulated.
  "placement.nodeSelector": field(
    { placement: { nodeSelector: { "kubernetes.io/os": "linux" } } },
    { placement: { nodeSelector: { "kubernetes.io/arch": "amd64" } } },
  ),
  "placement.tolerations.[].key": field(toleration({ key: "a" }), toleration({ key: "b" })),
  "placement.tolerations.[].operator": field(
    toleration({ key: "a", operator: "Exists" }),
    toleration({ key: "a", operator: "Equal" }),
    { without: toleration({ key: "a" }) },
  ),
  "placement.tolerations.[].value": field(toleration({ key: "a", value: "x" }), toleration({ key: "a", value: "y" }), {
    without: toleration({ key: "a" }),
  }),
  "placement.tolerations.[].effect": field(
    toleration({ key: "a", effect: "NoSchedule" }),
    toleration({ key: "a", effect: "NoExecute" }),
    { without: toleration({ key: "a" }) },
  ),
  "placement.tolerations.[].tolerationSeconds": field(
    toleration({ key: "a", effect: "NoExecute", tolerationSeconds: 60 }),
    toleration({ key: "a", effect: "NoExecute", tolerationSeconds: 90 }),
    { without: toleration({ key: "a", effect: "NoExecute" }) },
  ),
  "placement.priorityClassName": field(
    { placement: { priorityClassName: "one" } },
    { placement: { priorityClassName: "two" } },
  ),
  "imagePullSecrets.[].name": field({ imagePullSecrets: [{ name: "one" }] }, { imagePullSecrets: [{ name: "two" }] }),
  storageClassName: field(
    { storageClassName: "one" },
    { storageClassName: "two" },
    {
      fixed: "restore a backup into a new namespace",
    },
  ),
  "privacy.acknowledgeRevealingDomain": field(
    { privacy: { acknowledgeRevealingDomain: true } },
    { privacy: { acknowledgeRevealingDomain: false } },
    { silent: "It is told in a condition." },
  ),
  deletionPolicy: field({ deletionPolicy: "Delete" }, { deletionPolicy: "Retain" }, { silent: PROCESS }),
  suspend: field({ suspend: true }, { suspend: false }, { silent: PROCESS }),
};
