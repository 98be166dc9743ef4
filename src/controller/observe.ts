import { namesOf } from "../practice/names.ts";
import type { Observed, Practice } from "../practice/practice.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Born } from "./birth.ts";
import { secretFingerprints } from "./fingerprints.ts";
import type { Lookup } from "./lookup.ts";
import { mediaOf } from "./media.ts";
import type { Cache, Cluster } from "../runtime/cluster.ts";

/** Where facts are read. */
export type Sources = { readonly cluster: Cluster; readonly cache: Cache; readonly lookup: Lookup };

/** Reads what rendering needs from the caches, and what no cache holds from the cluster. The only reader. */
export async function observe(context: Sources, practice: Practice, born: Born): Promise<Observed> {
  return {
    secrets: born.secrets,
    apis: {
      certManager: context.cache.serves(RESOURCES.Certificate) && context.cache.serves(RESOURCES.Issuer),
      gateway: context.cache.serves(RESOURCES.HTTPRoute),
      cloudNativePG: false,
    },
    ...(await mediaOf(context, practice)),
    storageClasses: storageClasses(context, practice),
    ...(await secretFingerprints(context, practice, born)),
  };
}

/** A live claim keeps its class: it is immutable, and a changed default must move nothing. */
function storageClasses(context: Sources, practice: Practice): Observed["storageClasses"] {
  const { databaseVolume, messagesVolume } = namesOf(practice.name);
  const classes: Record<string, string> = {};
  for (const name of [databaseVolume, messagesVolume]) {
    const claim = context.cache.get(RESOURCES.PersistentVolumeClaim, { namespace: practice.namespace, name });
    const { storageClassName } = (claim?.["spec"] ?? {}) as { storageClassName?: string };
    if (storageClassName) classes[name] = storageClassName;
  }
  return classes;
}
