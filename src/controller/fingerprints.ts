import { createHmac } from "node:crypto";
import type { LiveObject } from "../manifest.ts";
import type { IncompleteSecret, Observed, Practice } from "../practice/practice.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Born } from "./birth.ts";
import type { Sources } from "./observe.ts";

/** What is kept of a Secret's content. */
interface Print {
  readonly hmac: string;
  readonly keys: readonly string[];
}

/** Prints by the version of a Secret that the cache has: its content is read once per version. */
const known = new WeakMap<LiveObject, Print>();

/**
 * HMACs over Secrets that others make and pods mount, so that new content rolls the pods, a label on the Secret does
 * not, and a weak password cannot be guessed from an annotation. A Secret that is not there yet has none. And which
 * keys are missing in those that the manifest names, so that nothing is started that cannot run.
 */
export async function secretFingerprints(
  sources: Sources,
  practice: Practice,
  born: Born,
): Promise<Pick<Observed, "secretFingerprints" | "incompleteSecrets">> {
  const { names, namespace } = practice;
  const found: Record<string, string> = {};
  const print = async (name: string) => {
    const print = await printOf(sources, namespace, name, born.secrets.fingerprint);
    if (print) found[name] = print.hmac;
    return print;
  };
  // cert-manager's Secret carries our label, so it is in the cache as soon as it exists; a user's may not be.
  if (sources.cache.get(RESOURCES.Secret, { namespace, name: names.signallingTls })) await print(names.signallingTls);
  const incompleteSecrets: IncompleteSecret[] = [];
  for (const { name, keys } of givenSecrets(practice)) {
    const has = (await print(name))?.keys ?? [];
    const missing = keys.filter((key) => !has.includes(key));
    if (missing.length > 0) incompleteSecrets.push({ name, keys: missing });
  }
  return { secretFingerprints: found, ...(incompleteSecrets.length > 0 && { incompleteSecrets }) };
}

/** Secrets that the manifest names and pods need, with the keys that they have to have. */
function givenSecrets({ messaging: { database }, staff: { oidc } }: Practice): readonly IncompleteSecret[] {
  const provider = oidc ? [{ name: oidc.clientSecret.name, keys: [oidc.clientSecret.key] }] : [];
  if (database.kind !== "external") return provider;
  const { secretName, caSecretName } = database;
  return [
    ...provider,
    { name: secretName, keys: ["username", "password"] },
    ...(caSecretName === undefined ? [] : [{ name: caSecretName, keys: ["ca.crt"] }]),
  ];
}

async function printOf(
  { cluster, cache }: Sources,
  namespace: string,
  name: string,
  keyName: string,
): Promise<Print | undefined> {
  const cached = cache.get(RESOURCES.Secret, { namespace, name });
  const before = cached && known.get(cached);
  if (before) return before;
  const [key, secret] = await Promise.all(
    [keyName, name].map((n) => cluster.get(RESOURCES.Secret, { namespace, name: n })),
  );
  if (!key || !secret) return undefined;
  const data = dataOf(secret);
  // An empty value is as good as none.
  const keys = Object.keys(data).filter((field) => data[field] !== "");
  const print = { hmac: hmacOf(data, dataOf(key)["key"] ?? ""), keys };
  if (cached) known.set(cached, print);
  return print;
}

function hmacOf(data: Readonly<Record<string, string>>, key: string): string {
  const hmac = createHmac("sha256", key);
  for (const field of Object.keys(data).toSorted()) hmac.update(JSON.stringify([field, data[field]]));
  return hmac.digest("hex").slice(0, 16);
}

function dataOf(secret: LiveObject): Record<string, string> {
  return (secret["data"] ?? {}) as Record<string, string>;
}
