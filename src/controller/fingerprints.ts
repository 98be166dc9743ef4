import { createHmac } from "node:crypto";
import type { LiveObject } from "../manifest.ts";
import type { Observed, Practice } from "../practice/practice.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Born } from "./birth.ts";
import type { Sources } from "./observe.ts";

/** Fingerprints by the version of a Secret that the cache has: its content is read once per version. */
const known = new WeakMap<LiveObject, string>();

/**
 * HMACs over Secrets that others make and pods mount, so that new content rolls the pods, a label on the Secret does
 * not, and a weak password cannot be guessed from an annotation. A Secret that is not there yet has none.
 */
export async function secretFingerprints(
  sources: Sources,
  practice: Practice,
  born: Born,
): Promise<Observed["secretFingerprints"]> {
  const { names, messaging, staff } = practice;
  const found: Record<string, string> = {};
  const add = async (name: string) => {
    const fingerprint = await fingerprintOf(sources, practice.namespace, name, born.secrets.fingerprint);
    if (fingerprint) found[name] = fingerprint;
  };
  // cert-manager's Secret carries our label, so it is in the cache as soon as it exists; a user's may not be.
  const made = sources.cache.get(RESOURCES.Secret, { namespace: practice.namespace, name: names.signallingTls });
  if (made) await add(names.signallingTls);
  if (messaging.database.kind === "external") await add(messaging.database.secretName);
  if (staff.oidc) await add(staff.oidc.clientSecret.name);
  return found;
}

async function fingerprintOf({ cluster, cache }: Sources, namespace: string, name: string, keyName: string) {
  const cached = cache.get(RESOURCES.Secret, { namespace, name });
  const before = cached && known.get(cached);
  if (before) return before;
  const [key, secret] = await Promise.all(
    [keyName, name].map((n) => cluster.get(RESOURCES.Secret, { namespace, name: n })),
  );
  if (!key || !secret) return undefined;
  const fingerprint = hmacOf(dataOf(secret), dataOf(key)["key"] ?? "");
  if (cached) known.set(cached, fingerprint);
  return fingerprint;
}

function hmacOf(data: Readonly<Record<string, string>>, key: string): string {
  const hmac = createHmac("sha256", key);
  for (const field of Object.keys(data).toSorted()) hmac.update(JSON.stringify([field, data[field]]));
  return hmac.digest("hex").slice(0, 16);
}

function dataOf(secret: LiveObject): Record<string, string> {
  return (secret["data"] ?? {}) as Record<string, string>;
}
