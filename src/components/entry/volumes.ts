import type { IVolume, IVolumeMount } from "kubernetes-models/v1";
import type { Observed, Practice } from "../../practice/practice.ts";
import { providerVolumes } from "../jitsi/volumes.ts";
import { OIDC_FILES } from "../matrix/homeserver.ts";

/** Where the Secrets of the entry page are mounted. */
export const ENTRY_FILES = {
  /** `<number>.key`, the current one and its predecessor. */
  keys: "/run/secrets/entry",
  /** `<number>.pem`, the private key that signs room tokens. */
  roomKeys: "/run/secrets/rooms",
  /** `username`, `password` and `name`. */
  database: "/run/secrets/database",
  databaseCa: "/run/secrets/database-ca",
} as const;

/** Keys of an external database's Secret that are the entry page's own. */
const EXTERNAL = { "entry-username": "username", "entry-password": "password", "entry-database": "name" };

export function entryVolumes(practice: Practice, observed: Observed): IVolume[] {
  const ca = authority(practice);
  return [
    keys(practice, observed),
    roomKeys(observed),
    login(practice, observed),
    ...(ca ? [{ name: "database-ca", secret: files(ca, { "ca.crt": "ca.crt" }) }] : []),
    ...providerVolumes(practice.staff),
  ];
}

export function entryMounts(practice: Practice): IVolumeMount[] {
  const mount = (name: string, mountPath: string) => ({ name, mountPath, readOnly: true });
  return [
    mount("keys", ENTRY_FILES.keys),
    mount("rooms", ENTRY_FILES.roomKeys),
    mount("database", ENTRY_FILES.database),
    ...(authority(practice) ? [mount("database-ca", ENTRY_FILES.databaseCa)] : []),
    ...(practice.staff.oidc ? [mount("oidc", OIDC_FILES)] : []),
  ];
}

/** Links that were made with the former key stay good: it is mounted as long as it is there. */
function keys({ names }: Practice, { secrets }: Observed): IVolume {
  const current = numberOf(secrets.entry);
  const source = (version: number, optional: boolean) => ({
    secret: {
      name: names.bornSecret("entry", version),
      items: [{ key: "key", path: `${version}.key` }],
      ...(optional && { optional }),
    },
  });
  const former = current > 1 ? [source(current - 1, true)] : [];
  return { name: "keys", projected: { sources: [source(current, false), ...former], defaultMode: 0o440 } };
}

function roomKeys({ secrets }: Observed): IVolume {
  return { name: "rooms", secret: files(secrets.rooms, { "private.pem": `${numberOf(secrets.rooms)}.pem` }) };
}

/**
 * In a database of the practice's own, role and database have one name, which the init container gives them. In an
 * external one they are what its Secret says; where that says nothing the page starts, and lets nobody in.
 */
function login({ messaging }: Practice, { secrets }: Observed): IVolume {
  const { database } = messaging;
  if (database.kind === "external") {
    return { name: "database", secret: { ...files(database.secretName, EXTERNAL), optional: true } };
  }
  return { name: "database", secret: files(secrets.entry, { "database-password": "password" }) };
}

function files(secretName: string, paths: Readonly<Record<string, string>>) {
  return { secretName, items: Object.entries(paths).map(([key, path]) => ({ key, path })), defaultMode: 0o440 };
}

function numberOf(secret: string): number {
  return Number(secret.split("-").at(-1));
}

function authority({ messaging }: Practice): string | undefined {
  return messaging.database.kind === "external" ? messaging.database.caSecretName : undefined;
}
