import type { PracticeSpec } from "../api/practice.ts";
import { ANNOTATION, FIELD_MANAGER, LABEL } from "../api/group.ts";
import type { LiveObject } from "../manifest.ts";
import { BORN_SECRETS, type BornSecret, namesOf } from "../practice/names.ts";
import type { Identity } from "../practice/practice.ts";
import { defaultIdentity } from "../practice/resolve.ts";
import { phaseOf } from "../render/order.ts";
import { ApiError, Stalled } from "../runtime/errors.ts";
import type { Cache } from "../runtime/cluster.ts";
import { RESOURCES } from "../runtime/resources.ts";
import { BIRTHS, outlivesPractice } from "./born-secrets.ts";
import type { Context, PracticeResource } from "./context.ts";
import { assertUsable, makeFirst, makeIdentity, readIdentity, updateIdentity, type Versions } from "./identity.ts";
import { liveChildren } from "./live.ts";
import { freeMediaPort } from "./media-ports.ts";
import { adopt, assertOurs, bornMetadata, findAndAdopt, findOurs, isOurs } from "./ownership.ts";
import { adoptVolumes, type Volumes, volumesOf } from "./volumes.ts";

/** What exists once for a practice and is never made anew while its data exists. */
export interface Born {
  readonly identity: Identity;
  /** Names of the current Secrets. */
  readonly secrets: Readonly<Record<BornSecret, string>>;
}

/**
 * Sees to it that identity and Secrets of a practice exist, and adopts those that a former practice left.
 * Creates with POST, never apply: what is there is never overwritten.
 * @throws Stalled `SecretLost` when a Secret is gone while its data exists, `ServerNameMismatch` when the kept data
 *   belongs to another server name, `NameTaken` when a foreign object stands in a name.
 */
export async function birth(context: Context, resource: PracticeResource, spec: PracticeSpec): Promise<Born> {
  const wanted = defaultIdentity(resource.metadata.namespace, resource.metadata.name, spec);
  const isExternal = spec.messaging.database.external !== undefined;
  const volumes = await volumesOf(context, resource, isExternal);
  // Beside data no identity is made before its keys are known to be there.
  const hasData = volumes.size > 0 || isExternal;
  const first = hasData ? undefined : await makeFirst(context, resource, () => chosen(context, wanted, spec));
  const { identity: name } = namesOf(resource.metadata.name);
  const found = first ?? (await findOurs(context, resource, RESOURCES.ConfigMap, name));
  if (found) assertUsable(resource, found, wanted);
  // Adopted only now: whose data it is must be clear before a deletion of this practice could take it along.
  const kept = found && readIdentity(await adopt(context, resource, RESOURCES.ConfigMap, found));
  const versions = first ? {} : { ...kept?.versions };
  for (const secret of BORN_SECRETS) {
    versions[secret] = await ensureSecret(context, resource, secret, versions[secret], volumes);
  }
  await adoptVolumes(context, resource, volumes);
  const identity = kept ? { ...wanted, ...kept.identity } : chosen(context, wanted, spec);
  await (kept
    ? updateIdentity(context, identity, versions, kept.object)
    : makeIdentity(context, resource, identity, versions));
  return { identity, secrets: secretNames(resource.metadata.name, versions) };
}

/** A port that nobody has asked for is one that nobody has. */
function chosen({ cache }: Context, wanted: Identity, { video: { media } }: PracticeSpec): Identity {
  return media.port === undefined ? { ...wanted, mediaPort: freeMediaPort(cache, wanted.mediaPort) } : wanted;
}

/** What was born, as far as a cache tells; makes nothing. */
export function knownBirth(
  cache: Cache,
  namespace: string,
  name: string,
): { identity?: Identity; secrets: Born["secrets"] } {
  const names = namesOf(name);
  const object = cache.get(RESOURCES.ConfigMap, { namespace, name: names.identity });
  // Without its data when somebody gave it a label for which a start leaves it out.
  const kept = object?.["data"] ? readIdentity(object) : undefined;
  return { ...(kept && { identity: kept.identity }), secrets: secretNames(name, kept?.versions ?? {}) };
}

function secretNames(name: string, versions: Versions): Born["secrets"] {
  const names = namesOf(name);
  const entries = BORN_SECRETS.map((secret) => [secret, names.bornSecret(secret, versions[secret])]);
  return Object.fromEntries(entries) as Record<BornSecret, string>;
}

/** @returns the version whose Secret exists. */
async function ensureSecret(
  context: Context,
  resource: PracticeResource,
  secret: BornSecret,
  recorded: number | undefined,
  volumes: Volumes,
): Promise<number> {
  const names = namesOf(resource.metadata.name);
  const version = recorded ?? 1;
  const name = names.bornSecret(secret, version);
  const find = () => findAndAdopt(context, resource, RESOURCES.Secret, name);
  // What was never recorded is hardly there: making it tells, and overwrites nothing.
  const isCached = context.cache.get(RESOURCES.Secret, { namespace: resource.metadata.namespace, name }) !== undefined;
  const found = isCached || recorded !== undefined ? await find() : undefined;
  if (found) {
    const { overlaps } = BIRTHS[secret];
    if (outlivesPractice(secret)) await disown(context, found);
    if (overlaps && version > 1) await adoptFormer(context, resource, names.bornSecret(secret, version - 1));
    if (!overlaps || found.metadata.annotations?.[ANNOTATION.replace] === undefined) return version;
    await make(context, resource, secret, version + 1, await kept(context, found, overlaps.keeps));
    return version + 1;
  }

  const { guards } = BIRTHS[secret];
  const guarded = guards && volumes.get(names[guards]);
  if (guarded) {
    assertOurs(context, resource, guarded);
    if (await find()) return version;
    throw new Stalled(
      "SecretLost",
      `Secret ${name} is gone, but the volume ${guarded.metadata.name} that needs it exists. ` +
        "Restore the Secret from your backup; running pods are left alone, and no new one is made.",
    );
  }
  // A lost Secret without data gets a new name, so that every pod that mounted the old one rolls.
  const next = recorded === undefined || !hasLived(context, resource, volumes) ? version : version + 1;
  await make(context, resource, secret, next);
  return next;
}

/** Whether anything of the practice was made that may have read a Secret: a volume, a pod, or what makes one. */
function hasLived({ cache }: Context, { metadata: { namespace, name, uid } }: PracticeResource, volumes: Volumes) {
  const pods = cache.list(RESOURCES.Pod, namespace);
  return (
    volumes.size > 0 ||
    pods.some(({ metadata }) => metadata.labels?.[LABEL.practice] === name) ||
    liveChildren(cache, { namespace, uid }).some((child) => phaseOf(child) === "workloads")
  );
}

/** Takes the practice's ownership from what outlives it: former releases made some of it owned. */
async function disown(context: Context, { metadata }: LiveObject): Promise<void> {
  if (metadata.ownerReferences === undefined) return;
  const ref = { namespace: metadata.namespace ?? "", name: metadata.name };
  await context.cluster.mergePatch(RESOURCES.Secret, ref, { metadata: { ownerReferences: null } }, FIELD_MANAGER);
}

/** The one before, as long as it is there: what it made stays good, and it goes or stays with the current one. */
async function adoptFormer(context: Context, resource: PracticeResource, name: string): Promise<void> {
  const { namespace } = resource.metadata;
  const former = context.cache.get(RESOURCES.Secret, { namespace, name });
  if (former === undefined || !isOurs(context, resource, former)) return;
  await disown(context, await adopt(context, resource, RESOURCES.Secret, former));
}

/** Makes a Secret with new content, but for what it keeps of the one before. */
async function make(
  context: Context,
  resource: PracticeResource,
  secret: BornSecret,
  version: number,
  keeps: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { content } = BIRTHS[secret];
  const name = namesOf(resource.metadata.name).bornSecret(secret, version);
  const object = {
    apiVersion: "v1",
    kind: "Secret",
    type: "Opaque",
    metadata: bornMetadata(resource, name, !outlivesPractice(secret)),
    immutable: true,
    stringData: { ...content(), ...keeps },
  };
  try {
    await context.cluster.create(RESOURCES.Secret, object, FIELD_MANAGER);
  } catch (error) {
    if (!(error instanceof ApiError && error.reason === "AlreadyExists")) throw error;
    // Made by a predecessor that ended before our cache saw it, or by somebody else.
    await findAndAdopt(context, resource, RESOURCES.Secret, name);
  }
}

/** What a next Secret has in common with this one. The cache has no contents, so the server is asked. */
async function kept(context: Context, { metadata }: LiveObject, keys: readonly string[]) {
  const { namespace = "", name } = metadata;
  const live = await context.cluster.get(RESOURCES.Secret, { namespace, name });
  const data = (live?.["data"] ?? {}) as Readonly<Record<string, string>>;
  return Object.fromEntries(
    keys.flatMap((key) => (data[key] === undefined ? [] : [[key, Buffer.from(data[key], "base64").toString()]])),
  );
}
