import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { KIND } from "../../src/api/group.ts";
import { parseSpec } from "../../src/api/practice.ts";
import { loadAssets } from "../../src/assets.ts";
import type { Params } from "../../src/components/component.ts";
import { loadConfig } from "../../src/config.ts";
import type { Manifest } from "../../src/manifest.ts";
import { BORN_SECRETS, type BornSecret } from "../../src/practice/names.ts";
import type { Observed, Practice } from "../../src/practice/practice.ts";
import { type ClusterOptions, defaultIdentity, resolve } from "../../src/practice/resolve.ts";
import { SIZES } from "../../src/practice/sizing.ts";

const FOLDER = join(import.meta.dirname, "../../examples");

/** The shipped examples, by file name without ending. */
export const EXAMPLES: readonly string[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".yaml"))
  .map((file) => file.replace(/\.yaml$/, ""));

export interface Choice {
  /** Which example to begin with; solo when absent. */
  readonly example?: string;
  /** Fields of the spec to put over those of the example. */
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Fields of the operator's options to put over the usual ones. */
  readonly options?: Partial<ClusterOptions>;
  /** `null`: as rendered without a cluster. */
  readonly uid?: string | null;
}

const UID = "0f9d2f6e-6f1b-4a5e-9a53-0d5f3c1d6b11";

/** A practice from an example, through the real schema and the real `resolve`. */
export function aPractice({ example = "solo", spec = {}, options = {}, uid = UID }: Choice = {}): Practice {
  const documents = parseAllDocuments(readFileSync(join(FOLDER, `${example}.yaml`), "utf8"));
  const found = documents.map((document) => document.toJS() as Manifest).find(({ kind }) => kind === KIND);
  if (!found) throw new Error(`${example} holds no practice`);
  const resource = { ...found, spec: { ...(found["spec"] as object), ...spec } };
  const parsed = parseSpec(resource);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  const { name, namespace = name } = found.metadata;
  return resolve({
    resource: { metadata: { name, namespace, ...(uid !== null && { uid }) } },
    spec: parsed.spec,
    options: { ...loadConfig({}), ...options },
    identity: defaultIdentity(namespace, name, parsed.spec),
  });
}

/** A cluster that has everything and has told everything. */
export function observed({ names, video }: Practice, changes: Partial<Observed> = {}): Observed {
  const secrets = BORN_SECRETS.map((born) => [born, names.bornSecret(born)]);
  return {
    secrets: Object.fromEntries(secrets) as Record<BornSecret, string>,
    apis: { certManager: true, gateway: true, cloudNativePG: false },
    mediaAddresses: [{ ip: "203.0.113.7", port: video.media.port }],
    mediaFamilies: ["IPv4"],
    storageClasses: {},
    secretFingerprints: {},
    ...changes,
  };
}

/** A cluster that has the usual APIs and has told nothing yet. */
export function nothingObserved(practice: Practice): Observed {
  return observed(practice, { mediaAddresses: [] });
}

export function params(choice: Choice = {}, changes: Partial<Observed> = {}): Params {
  const practice = aPractice(choice);
  return { practice, observed: observed(practice, changes), assets: loadAssets() };
}

const OPERATOR = {
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "operators" } },
  podSelector: { matchLabels: { "app.kubernetes.io/name": "telehealth-operator" } },
};

const EXTERNAL_DATABASE = {
  database: {
    external: {
      host: "db.greenriver.example",
      secretRef: { name: "db-login" },
      caSecretRef: { name: "db-ca" },
      to: { cidrs: ["0.0.0.0/0"] },
    },
  },
};

const EXPOSURES: Readonly<Record<string, Record<string, unknown>>> = {
  "ingress without class": { exposure: { ingress: {} } },
  "ingress, TLS elsewhere": { exposure: { ingress: { className: "alb" } }, certificates: { external: {} } },
  "ingress, own certificate": { certificates: { secretRef: { name: "wildcard" } } },
  gateway: { exposure: { gateway: { className: "eg" } } },
  "listener set": { exposure: { parentRef: { name: "public", namespace: "gateways", listenerSet: true } } },
  service: { exposure: { service: { type: "ClusterIP" } }, certificates: { external: {} } },
  "service on nodes": { exposure: { service: { type: "NodePort" } }, certificates: { external: {} } },
};

/** Practices over which properties must hold: examples, sizes, ways in, databases, and the extremes of names. */
export const VARIANTS: readonly (readonly [string, Params])[] = [
  ...EXAMPLES.map((example) => [`example ${example}`, params({ example })] as const),
  ...EXAMPLES.map((example) => [`example ${example} without a cluster`, params({ example, uid: null })] as const),
  ...SIZES.map((size) => [`size ${size}`, params({ spec: { size } })] as const),
  ...Object.entries(EXPOSURES).map(([name, spec]) => [`exposure ${name}`, params({ spec })] as const),
  ["external database", params({ spec: { messaging: EXTERNAL_DATABASE } })],
  ["nothing observed", params({}, { mediaAddresses: [] })],
  ["no cert-manager", params({}, { apis: { certManager: false, gateway: false, cloudNativePG: false } })],
  [
    "media at a private address",
    params({}, { mediaAddresses: [{ ip: "192.168.1.50", port: aPractice().video.media.port }] }),
  ],
  ["media on a low port", params({ spec: { video: { media: { port: 443 } } } })],
  ["an operator inside of the cluster", params({ options: { operatorPeers: [OPERATOR] } })],
  ["unknown front door", params({ options: { frontDoor: [] } })],
];
