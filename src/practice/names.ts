import { hash } from "node:crypto";
import { textHash } from "../text-hash.ts";

/** Pods of a practice, by role. There are six, because pods decide how many practices a node can host. */
export const ROLES = ["front", "signalling", "bridge", "synapse", "postgres", "entry"] as const;
/** Pods that come and go, by role. */
export const JOB_ROLES = ["pruner", "backup", "trial", "probe"] as const;
export type Role = (typeof ROLES | typeof JOB_ROLES)[number];

/** Secrets that are born once. A rotation makes the next number, so pods roll because a name changed. */
export const BORN_SECRETS = ["signalling", "rooms", "database", "synapse", "entry", "fingerprint"] as const;
export type BornSecret = (typeof BORN_SECRETS)[number];

export type Names = ReturnType<typeof namesOf>;

/** Every object name of a practice. `name` is at most 40 characters, the longest suffix 23, so all fit in 63. */
export function namesOf(name: string) {
  return {
    front: `${name}-front`,
    signalling: `${name}-signalling`,
    bridge: `${name}-bridge`,
    synapse: `${name}-synapse`,
    postgres: `${name}-postgres`,
    entry: `${name}-entry`,
    pruner: `${name}-pruner`,
    backup: `${name}-backup`,
    trial: `${name}-trial`,
    probe: `${name}-probe`,

    /** What is born once and is not secret. */
    identity: `${name}-identity`,
    /** The UDP Service that carries media. */
    media: `${name}-media`,
    messagesVolume: `${name}-synapse-media`,
    databaseVolume: `${name}-postgres-data`,

    defaultDeny: `${name}-default-deny`,
    solverPolicy: `${name}-acme-solver`,

    issuer: `${name}-issuer`,
    hostsCertificate: `${name}-hosts`,
    hostsTls: `${name}-hosts-tls`,
    internalRootIssuer: `${name}-internal-root`,
    internalCa: `${name}-internal-ca`,
    internalIssuer: `${name}-internal`,
    signallingTls: `${name}-signalling-tls`,

    gateway: `${name}-gateway`,
    redirectRoute: `${name}-redirect`,

    /** A NetworkPolicy per role. */
    walls: (role: Role) => `${name}-${role}`,
    /** A route per host. */
    route: (host: string) => `${name}-${host}`,
    bornSecret: (secret: BornSecret, version = 1) => `${name}-${secret}-${version}`,
    /** A Job named after what it tries, so that nothing is tried twice. */
    trialOf: (tried: string) => `${name}-trial-${contentHash({ tried })}`,
    /** The same for what tries the walls. */
    probeOf: (tried: string) => `${name}-probe-${contentHash({ tried })}`,
    /** A ConfigMap named after its content, so that it can be immutable and a roll-out can wait. */
    configuration: (component: string, files: Readonly<Record<string, string>>) =>
      `${name}-${component}-${contentHash(files)}`,
  };
}

/**
 * 8 hex digits over file names and contents, independent of key order. What is live is judged by them: a release that counts them in
 * another way takes every running configuration for a forged one.
 */
export function contentHash(files: Readonly<Record<string, string>>): string {
  const entries = Object.entries(files)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([file, text]) => [file, textHash(text)]);
  return hash("sha256", JSON.stringify(entries)).slice(0, 8);
}
