import { FIELD_MANAGER } from "../api/group.ts";
import type { LiveObject } from "../manifest.ts";
import { BORN_SECRETS, type BornSecret, namesOf } from "../practice/names.ts";
import type { Identity } from "../practice/practice.ts";
import { ApiError, Stalled, Waiting } from "../runtime/errors.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Context, PracticeResource } from "./context.ts";
import { freeMediaPort, nextMediaPort } from "./media-ports.ts";
import { bornMetadata, findOurs } from "./ownership.ts";

/** Which number of each born Secret is the current one. */
export type Versions = Partial<Record<BornSecret, number>>;

/** Stands in the identity while a backup is being put back, and holds back a practice that is applied too early. */
export const RESTORING = "restoring";

/** What the identity ConfigMap says: born once, not secret, kept when the practice goes. */
export function readIdentity(object: LiveObject) {
  const data = (object["data"] ?? {}) as Record<string, string>;
  const versions: Versions = {};
  for (const secret of BORN_SECRETS) {
    if (data[`secret.${secret}`]) versions[secret] = Number(data[`secret.${secret}`]);
  }
  return {
    object,
    versions,
    restoring: data[RESTORING] !== undefined,
    identity: {
      serverName: data["serverName"] ?? "",
      mediaPort: Number(data["mediaPort"]),
      postgresMajor: Number(data["postgresMajor"]),
    } satisfies Identity,
  };
}

/**
 * The identity of a practice of which nothing is there, before anything else: so nothing is made beside one that is somebody
 * else's, and nobody has to be asked. `undefined` when there is one already.
 */
export async function makeFirst(context: Context, resource: PracticeResource, choose: () => Identity) {
  const { namespace, name } = resource.metadata;
  if (context.cache.get(RESOURCES.ConfigMap, { namespace, name: namesOf(name).identity })) return undefined;
  try {
    return await makeIdentity(context, resource, choose(), {});
  } catch (error) {
    if (error instanceof ApiError && error.reason === "AlreadyExists") return undefined;
    throw error;
  }
}

/**
 * @throws Waiting `Restoring` while a backup is being put back, Stalled `ServerNameMismatch` when the data that it is kept with
 *   belongs to another host.
 */
export function assertUsable({ metadata }: PracticeResource, found: LiveObject, { serverName }: Identity): void {
  const { restoring, identity } = readIdentity(found);
  if (restoring) {
    throw new Waiting(
      "Restoring",
      "A backup is being put back. The practice goes on by itself when all of it is there.",
      10,
    );
  }
  if (identity.serverName === serverName) return;
  const { namespace, name } = metadata;
  throw new Stalled(
    "ServerNameMismatch",
    `The data kept for this practice belongs to ${identity.serverName}, but the manifest asks for ${serverName}. ` +
      `Delete this practice and apply it again with spec.hosts.matrix: ${identity.serverName}; or, if nobody needs that data, delete it: ` +
      `kubectl -n ${namespace} delete pvc,secret,configmap -l telehealth-operator.io/practice=${name}`,
  );
}

/** @throws ApiError `AlreadyExists` */
export function makeIdentity(
  context: Context,
  resource: PracticeResource,
  identity: Identity,
  versions: Versions,
): Promise<LiveObject> {
  const metadata = bornMetadata(resource, namesOf(resource.metadata.name).identity, false);
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata, data: dataOf(identity, versions) };
  return context.cluster.create(RESOURCES.ConfigMap, object, FIELD_MANAGER);
}

/** Writes what the identity does not say yet. Last at a birth, so that no number is raised before its Secret is there. */
export async function updateIdentity(
  context: Context,
  identity: Identity,
  versions: Versions,
  live: LiveObject,
): Promise<void> {
  const data = dataOf(identity, versions);
  const said = (live["data"] ?? {}) as typeof data;
  if (Object.entries(data).every(([key, value]) => said[key] === value)) return;
  const patch = { metadata: { resourceVersion: live.metadata.resourceVersion }, data };
  await context.cluster.mergePatch(RESOURCES.ConfigMap, refOf(live), patch, FIELD_MANAGER);
}

function dataOf(identity: Identity, versions: Versions): Readonly<Record<string, string>> {
  return {
    serverName: identity.serverName,
    mediaPort: String(identity.mediaPort),
    postgresMajor: String(identity.postgresMajor),
    ...Object.fromEntries(BORN_SECRETS.map((secret) => [`secret.${secret}`, String(versions[secret] ?? 1)])),
  };
}

/** Moves the media port and the one after it on, for a port that another Service of the cluster holds. */
export async function moveMediaPort(context: Context, resource: PracticeResource): Promise<void> {
  const found = await findOurs(context, resource, RESOURCES.ConfigMap, namesOf(resource.metadata.name).identity);
  if (!found) return;
  const kept = readIdentity(found);
  const next = freeMediaPort(context.cache, nextMediaPort(kept.identity.mediaPort));
  await context.cluster.mergePatch(
    RESOURCES.ConfigMap,
    refOf(kept.object),
    { metadata: { resourceVersion: kept.object.metadata.resourceVersion }, data: { mediaPort: String(next) } },
    FIELD_MANAGER,
  );
}

function refOf(live: LiveObject) {
  return { namespace: live.metadata.namespace ?? "", name: live.metadata.name };
}
