import { generateKeyPairSync, randomBytes } from "node:crypto";
import type { PracticeSpec } from "../api/practice.ts";
import { API_VERSION, FIELD_MANAGER, KIND, LABEL } from "../api/group.ts";
import type { LiveObject, Manifest } from "../manifest.ts";
import { BORN_SECRETS, type BornSecret, namesOf } from "../practice/names.ts";
import type { Identity } from "../practice/practice.ts";
import { defaultIdentity } from "../practice/resolve.ts";
import { ApiError, Stalled } from "../runtime/errors.ts";
import type { Cache } from "../runtime/cluster.ts";
import { type Resource, RESOURCES } from "../runtime/resources.ts";
import type { Context, PracticeResource } from "./context.ts";
import { adopt, isOurs } from "./ownership.ts";

/** What exists once for a practice and is never made anew while its data exists. */
export interface Born {
  readonly identity: Identity;
  /** Names of the current Secrets. */
  readonly secrets: Readonly<Record<BornSecret, string>>;
}

interface Birth {
  /** Makes the content: the only randomness in the operator. */
  readonly content: () => Record<string, string>;
  /** The volume whose data is lost without this Secret. Such a Secret outlives the practice with its volume. */
  readonly guards?: "databaseVolume" | "messagesVolume";
}

const hex = (bytes: number) => randomBytes(bytes).toString("hex");

const BIRTHS: Readonly<Record<BornSecret, Birth>> = {
  signalling: {
    content: () => ({ "focus-password": hex(24), "bridge-password": hex(24), "truststore-password": hex(12) }),
  },
  rooms: { content: roomKeys },
  database: { content: () => ({ password: hex(24) }), guards: "databaseVolume" },
  synapse: { content: synapseSecrets, guards: "messagesVolume" },
  fingerprint: { content: () => ({ key: hex(32) }) },
};

/**
 * Sees to it that identity and Secrets of a practice exist, and adopts those that a former practice left.
 * Creates with POST, never apply: what is there is never overwritten.
 * @throws Stalled `SecretLost` when a Secret is gone while its data exists, `ServerNameMismatch` when the kept data
 *   belongs to another server name, `NameTaken` when a foreign object stands in a name.
 */
export async function birth(context: Context, resource: PracticeResource, spec: PracticeSpec): Promise<Born> {
  const found = await findOurs(context, resource, RESOURCES.ConfigMap, namesOf(resource.metadata.name).identity);
  const wanted = defaultIdentity(resource.metadata.namespace, resource.metadata.name, spec);
  const former = found && readIdentity(found).identity.serverName;
  if (former !== undefined && former !== wanted.serverName) {
    const { namespace, name } = resource.metadata;
    throw new Stalled(
      "ServerNameMismatch",
      `The data kept for this practice belongs to ${former}, but the manifest asks for ${wanted.serverName}. ` +
        `Delete this practice and apply it again with spec.hosts.matrix: ${former}; or, if nobody needs that data, delete it: ` +
        `kubectl -n ${namespace} delete pvc,secret,configmap -l telehealth-operator.io/practice=${name}`,
    );
  }
  // Adopted only now: whose data it is must be clear before a deletion of this practice could take it along.
  const kept = found && readIdentity(await adopt(context, resource, RESOURCES.ConfigMap, found));
  const versions = { ...kept?.versions };
  for (const secret of BORN_SECRETS) {
    versions[secret] = await ensureSecret(context, resource, secret, versions[secret]);
  }
  await adoptVolumes(context, resource);
  const identity = { ...wanted, ...kept?.identity };
  await ensureIdentity(context, resource, identity, versions, kept?.object);
  return { identity, secrets: secretNames(resource.metadata.name, versions) };
}

/** Volumes are applied like other objects, but only here a former practice's mark is taken from them. */
async function adoptVolumes(context: Context, resource: PracticeResource): Promise<void> {
  const { namespace, name } = resource.metadata;
  const { databaseVolume, messagesVolume } = namesOf(name);
  for (const volume of [databaseVolume, messagesVolume]) {
    const live = context.cache.get(RESOURCES.PersistentVolumeClaim, { namespace, name: volume });
    if (live && isOurs(context, resource, live)) await adopt(context, resource, RESOURCES.PersistentVolumeClaim, live);
  }
}

/** Moves the media port to the next one, for a port that another Service of the cluster holds. */
export async function moveMediaPort(context: Context, resource: PracticeResource): Promise<void> {
  const found = await findOurs(context, resource, RESOURCES.ConfigMap, namesOf(resource.metadata.name).identity);
  if (!found) return;
  const kept = readIdentity(found);
  const next = kept.identity.mediaPort >= 32767 ? 30086 : kept.identity.mediaPort + 1;
  await context.cluster.mergePatch(
    RESOURCES.ConfigMap,
    refOf(kept.object),
    { metadata: { resourceVersion: kept.object.metadata.resourceVersion }, data: { mediaPort: String(next) } },
    FIELD_MANAGER,
  );
}

type Versions = Partial<Record<BornSecret, number>>;

/** What was born, as far as a cache tells; makes nothing. */
export function knownBirth(
  cache: Cache,
  namespace: string,
  name: string,
): { identity?: Identity; secrets: Born["secrets"] } {
  const names = namesOf(name);
  const object = cache.get(RESOURCES.ConfigMap, { namespace, name: names.identity });
  const kept = object && readIdentity(object);
  return { ...(kept && { identity: kept.identity }), secrets: secretNames(name, kept?.versions ?? {}) };
}

function secretNames(name: string, versions: Versions): Born["secrets"] {
  const names = namesOf(name);
  const entries = BORN_SECRETS.map((secret) => [secret, names.bornSecret(secret, versions[secret])]);
  return Object.fromEntries(entries) as Record<BornSecret, string>;
}

function readIdentity(object: LiveObject) {
  const data = (object["data"] ?? {}) as Record<string, string>;
  const versions: Versions = {};
  for (const secret of BORN_SECRETS) {
    if (data[`secret.${secret}`]) versions[secret] = Number(data[`secret.${secret}`]);
  }
  return {
    object,
    versions,
    identity: {
      serverName: data["serverName"] ?? "",
      mediaPort: Number(data["mediaPort"]),
      postgresMajor: Number(data["postgresMajor"]),
    } satisfies Identity,
  };
}

async function ensureIdentity(
  context: Context,
  resource: PracticeResource,
  identity: Identity,
  versions: Versions,
  live: LiveObject | undefined,
): Promise<void> {
  const data: Record<string, string> = {
    serverName: identity.serverName,
    mediaPort: String(identity.mediaPort),
    postgresMajor: String(identity.postgresMajor),
    ...Object.fromEntries(BORN_SECRETS.map((secret) => [`secret.${secret}`, String(versions[secret] ?? 1)])),
  };
  const name = namesOf(resource.metadata.name).identity;
  if (!live) {
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: bornMetadata(resource, name, false), data };
    await context.cluster.create(RESOURCES.ConfigMap, object, FIELD_MANAGER);
  } else if (Object.entries(data).some(([key, value]) => (live["data"] as typeof data)[key] !== value)) {
    const patch = { metadata: { resourceVersion: live.metadata.resourceVersion }, data };
    await context.cluster.mergePatch(RESOURCES.ConfigMap, refOf(live), patch, FIELD_MANAGER);
  }
}

/** @returns the version whose Secret exists. */
async function ensureSecret(
  context: Context,
  resource: PracticeResource,
  secret: BornSecret,
  recorded: number | undefined,
): Promise<number> {
  const names = namesOf(resource.metadata.name);
  const version = recorded ?? 1;
  const found = await find(context, resource, RESOURCES.Secret, names.bornSecret(secret, version));
  if (found) return version;

  const { guards, content } = BIRTHS[secret];
  if (guards && (await find(context, resource, RESOURCES.PersistentVolumeClaim, names[guards]))) {
    throw new Stalled(
      "SecretLost",
      `Secret ${names.bornSecret(secret, version)} is gone, but the volume ${names[guards]} that needs it exists. ` +
        "Restore the Secret from your backup; running pods are left alone, and no new one is made.",
    );
  }
  // A lost Secret without data gets a new name, so that every pod that mounted the old one rolls.
  const next = recorded === undefined ? version : version + 1;
  const object = {
    apiVersion: "v1",
    kind: "Secret",
    type: "Opaque",
    metadata: bornMetadata(resource, names.bornSecret(secret, next), guards === undefined),
    immutable: true,
    stringData: content(),
  };
  try {
    await context.cluster.create(RESOURCES.Secret, object, FIELD_MANAGER);
  } catch (error) {
    // Made by a predecessor that ended before its cache or ours saw it: `find` reads it again next time.
    if (!(error instanceof ApiError && error.reason === "AlreadyExists")) throw error;
  }
  return next;
}

/** The object from the cache, else from the server; adopted if a former practice left it. */
async function find(context: Context, resource: PracticeResource, kind: Resource, name: string) {
  const live = await findOurs(context, resource, kind, name);
  return live && adopt(context, resource, kind, live);
}

async function findOurs(context: Context, resource: PracticeResource, kind: Resource, name: string) {
  const ref = { namespace: resource.metadata.namespace, name };
  const live = context.cache.get(kind, ref) ?? (await context.cluster.get(kind, ref));
  if (!live) return undefined;
  if (!isOurs(context, resource, live)) {
    throw new Stalled(
      "NameTaken",
      `${live.kind}/${name} exists and does not belong to this practice. Rename or remove it, or rename the practice.`,
    );
  }
  return live;
}

function bornMetadata(resource: PracticeResource, name: string, owned: boolean): Manifest["metadata"] {
  const { uid, namespace } = resource.metadata;
  return {
    name,
    namespace,
    labels: {
      [LABEL.practice]: resource.metadata.name,
      [LABEL.practiceUid]: uid,
      [LABEL.managedBy]: "telehealth-operator",
      [LABEL.partOf]: resource.metadata.name,
    },
    ...(owned && {
      ownerReferences: [
        {
          apiVersion: API_VERSION,
          kind: KIND,
          name: resource.metadata.name,
          uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    }),
  };
}

/** The key pair that signs room tokens (ES256): the entry page signs, Prosody only verifies. */
function roomKeys(): Record<string, string> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    "private.pem": privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    "public.pem": publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
}

/**
 * Synapse's own secrets. The signing key's line is `ed25519 <version> <unpadded base64 of the 32-byte seed>`
 * (signedjson's format); it comes from the system's generator (CVE-2026-24044 was a chart that did otherwise).
 */
function synapseSecrets(): Record<string, string> {
  const seed = randomBytes(32).toString("base64").replace(/=+$/, "");
  return {
    "signing.key": `ed25519 a_${hex(2)} ${seed}\n`,
    "macaroon-secret": hex(32),
    "form-secret": hex(32),
  };
}

function refOf(live: LiveObject) {
  return { namespace: live.metadata.namespace ?? "", name: live.metadata.name };
}
