import { LABEL } from "../api/group.ts";
import { environment } from "../config.ts";
import { RESTORING } from "../controller/identity.ts";
import { PRACTICES } from "../controller/kinds.ts";
import type { LiveObject } from "../manifest.ts";
import { namesOf } from "../practice/names.ts";
import type { Cluster } from "../runtime/cluster.ts";
import { ApiError } from "../runtime/errors.ts";
import { type Resource, RESOURCES } from "../runtime/resources.ts";
import { argumentsOf } from "./arguments.ts";
import { BadInput } from "./bad-input.ts";
import { connectTo } from "./connect.ts";

/** What `deletionPolicy: Retain` keeps, in the order in which it goes: a volume before the keys without which it is noise. */
const KINDS = [RESOURCES.PersistentVolumeClaim, RESOURCES.Secret, RESOURCES.ConfigMap] as const;

const VOLUME: Resource = {
  group: "",
  version: "v1",
  kind: "PersistentVolume",
  plural: "persistentvolumes",
  namespaced: false,
};

/** A volume goes as soon as no pod uses it. */
const GONE_SECONDS = 60;

interface Found {
  readonly resource: Resource;
  readonly object: LiveObject;
}

/**
 * `telehealth purge`: erases what a deleted practice left in its namespace, and prints what was erased, a line each.
 * Without `--yes` it prints what it would erase, and touches nothing. Interrupted, it goes on when it is run again.
 */
export async function purge(argv: readonly string[]): Promise<number> {
  const { values, positionals } = argumentsOf(argv, {
    namespace: { type: "string", short: "n" },
    context: { type: "string" },
    yes: { type: "boolean" },
  });
  const [name] = positionals;
  const { namespace } = values;
  if (!name || !namespace)
    throw new BadInput("Name the practice and its namespace: telehealth purge NAME -n NAMESPACE --yes");
  const { cluster, transport } = await connectTo(values.context, environment());
  try {
    const kept = await leftBehind(cluster, namespace, name);
    for (const found of kept) {
      const line = `${await described(cluster, found)}\n`;
      if (values.yes) {
        await assertNobodyUses(cluster, namespace, name);
        await erase(cluster, found);
      }
      process.stdout.write(values.yes ? `erased ${line}` : line);
    }
    process.stderr.write(
      values.yes
        ? `What ${namespace}/${name} had left is erased, ${kept.length} objects. Backups and snapshots of volumes are not touched.\n`
        : `This would be erased for ever: messages, files and the keys to them. Add --yes if that is so.\n`,
    );
    return values.yes ? 0 : 2;
  } finally {
    await transport.close();
  }
}

/** @throws BadInput while a practice of this name lives, or is being restored. */
async function assertNobodyUses(cluster: Cluster, namespace: string, name: string): Promise<void> {
  if (await cluster.get(PRACTICES, { namespace, name })) {
    throw new BadInput(
      `The practice ${namespace}/${name} is there. Delete it first: kubectl -n ${namespace} delete telehealthpractice ${name}`,
    );
  }
  const { identity } = namesOf(name);
  const kept = await cluster.get(RESOURCES.ConfigMap, { namespace, name: identity });
  const { [RESTORING]: isRestoring } = (kept?.["data"] ?? {}) as Readonly<Record<string, string>>;
  if (isRestoring !== undefined) {
    throw new BadInput(
      `${namespace}/${name} is being restored from a backup. If that was given up: ` +
        `kubectl -n ${namespace} delete configmap ${identity}, and run this again.`,
    );
  }
}

/** @throws BadInput as above, and when nothing is left of one. */
async function leftBehind(cluster: Cluster, namespace: string, name: string): Promise<Found[]> {
  await assertNobodyUses(cluster, namespace, name);
  const labelSelector = `${LABEL.practice}=${name},${LABEL.retainedFrom}`;
  const lists = await Promise.all(
    KINDS.map(async (resource) =>
      (await cluster.list(resource, { namespace, labelSelector })).map((object) => ({ resource, object })),
    ),
  );
  const kept = lists.flat();
  if (kept.length === 0) {
    throw new BadInput(
      `Nothing is left of a practice ${namespace}/${name}. Look for others with\n` +
        `  kubectl get pvc,secret,configmap -A -l ${LABEL.retainedFrom}`,
    );
  }
  // By its server name a practice of this name would find out that other data was here, so it goes last.
  const isIdentity = ({ object }: Found) => object.metadata.name === namesOf(name).identity;
  return kept.toSorted((a, b) => Number(isIdentity(a)) - Number(isIdentity(b)));
}

/** One line for the receipt; of a volume also what becomes of the disk under it. */
async function described(cluster: Cluster, { resource, object }: Found): Promise<string> {
  const line = `${resource.kind}/${object.metadata.name} of ${object.metadata.creationTimestamp} (uid ${object.metadata.uid})`;
  const { volumeName } = (object["spec"] ?? {}) as { volumeName?: string };
  if (resource !== RESOURCES.PersistentVolumeClaim || !volumeName) return line;
  const policy = await reclaimPolicy(cluster, volumeName);
  if (policy === "Delete") return `${line}; its storage deletes the volume ${volumeName}`;
  return `${line}; the volume ${volumeName} ${policy ? `is kept by its reclaim policy ${policy}` : "may be kept by its storage"}, see kubectl get pv ${volumeName}`;
}

/** `undefined` where the user may not look at volumes, which belong to no namespace. */
async function reclaimPolicy(cluster: Cluster, name: string): Promise<string | undefined> {
  try {
    const volume = await cluster.get(VOLUME, { name });
    return (volume?.["spec"] as { persistentVolumeReclaimPolicy?: string } | undefined)?.persistentVolumeReclaimPolicy;
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return undefined;
    throw error;
  }
}

/** @throws Error when it is not gone after a minute. */
async function erase(cluster: Cluster, { resource, object }: Found): Promise<void> {
  const { namespace = "", name, uid, resourceVersion } = object.metadata;
  // As it was found: a practice that is made meanwhile takes up what it finds.
  await cluster.delete(resource, { namespace, name }, { uid, resourceVersion });
  for (let looks = 0; looks < GONE_SECONDS; looks += 1) {
    const live = await cluster.get(resource, { namespace, name });
    if (live?.metadata.uid !== uid) return;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  throw new Error(
    `${resource.kind}/${name} is not gone after ${GONE_SECONDS} s: a pod may still use it. ` +
      `See kubectl -n ${namespace} get pods, and run this again.`,
  );
}
