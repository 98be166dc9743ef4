import { BIRTHS } from "../controller/born-secrets.ts";
import { readIdentity } from "../controller/identity.ts";
import { BORN_SECRETS, type BornSecret, namesOf } from "../practice/names.ts";
import type { Identity } from "../practice/practice.ts";
import type { Cluster } from "../runtime/cluster.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Keys } from "./backup-set.ts";

/** Secrets without which the kept data is worth nothing. The others are born anew with a restored practice. */
const GUARDING: readonly BornSecret[] = BORN_SECRETS.filter((secret) => BIRTHS[secret].guards !== undefined);

/**
 * What a practice was born with, as it must be again beside its data.
 * @throws Error with the next step when something of it is gone.
 */
export async function knownIdentity(
  cluster: Cluster,
  namespace: string,
  name: string,
): Promise<{ identity: Identity; keys: Keys }> {
  const names = namesOf(name);
  const object = await cluster.get(RESOURCES.ConfigMap, { namespace, name: names.identity });
  if (!object)
    throw new Error(
      `ConfigMap ${names.identity} is not there, so the practice was not born yet. Please wait until it is ready.`,
    );
  const { identity, versions } = readIdentity(object);
  const secrets: Record<string, Record<string, string>> = {};
  for (const secret of GUARDING) {
    const ref = { namespace, name: names.bornSecret(secret, versions[secret]) };
    const data = (await cluster.get(RESOURCES.Secret, ref))?.["data"] as Record<string, string> | undefined;
    if (!data) throw new Error(`Secret ${ref.name} is gone. Restore it first; \`telehealth status ${name}\` says how.`);
    secrets[ref.name] = data;
  }
  const guarded = Object.fromEntries(GUARDING.map((secret) => [`secret.${secret}`, String(versions[secret] ?? 1)]));
  return {
    identity,
    keys: { secrets, identity: { serverName: identity.serverName, mediaPort: String(identity.mediaPort), ...guarded } },
  };
}
