import { BIRTHS } from "../controller/born-secrets.ts";
import { readIdentity } from "../controller/identity.ts";
import { BORN_SECRETS, type BornSecret, namesOf } from "../practice/names.ts";
import type { Identity } from "../practice/practice.ts";
import type { Cluster } from "../runtime/cluster.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Keys } from "./backup-set.ts";
import { BadInput } from "./bad-input.ts";

/** Secrets without which the kept data is worth nothing. The others are born anew with a restored practice. */
const GUARDING: readonly BornSecret[] = BORN_SECRETS.filter((secret) => BIRTHS[secret].guards !== undefined);

/**
 * What a backup's keys must be: those Secrets that guard data, as the identity numbers them, and no other one. A Secret
 * more would be taken up by the restored practice like one of its own.
 */
export function keysOf(keys: Keys, name: string): Keys {
  const names = namesOf(name);
  const { serverName = "", mediaPort = "" } = keys.identity;
  const numbers = GUARDING.map((secret) => [secret, keys.identity[`secret.${secret}`] ?? ""] as const);
  const wanted = numbers.map(([secret, number]) => names.bornSecret(secret, Number(number)));
  const isWhole =
    [mediaPort, ...numbers.map(([, number]) => number)].every((number) => /^[1-9]\d{0,8}$/.test(number)) &&
    Object.keys(keys.secrets).toSorted().join() === wanted.toSorted().join();
  if (!isWhole) throw new BadInput("keys.json does not hold the keys of this practice. Use another backup.");
  const guarded = Object.fromEntries(numbers.map(([secret, number]) => [`secret.${secret}`, number]));
  return { secrets: keys.secrets, identity: { serverName, mediaPort, ...guarded } };
}

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
