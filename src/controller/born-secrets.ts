import { generateKeyPairSync, randomBytes } from "node:crypto";
import type { BornSecret } from "../practice/names.ts";

/** How a Secret comes into being, and whether data depends on it. */
interface Birth {
  /** Makes the content: the only randomness in the operator. */
  readonly content: () => Record<string, string>;
  /** The volume whose data is lost without this Secret. Such a Secret outlives the practice with its volume. */
  readonly guards?: "databaseVolume" | "messagesVolume";
  /** It outlives the practice as well, but when it is lost another one is made: only a part of the data needs it. */
  readonly outlives?: true;
  /**
   * Whether another one can be asked for while this one goes on to be read; and what of it the next one keeps, because
   * it cannot overlap.
   */
  readonly overlaps?: { readonly keeps: readonly string[] };
}

const hex = (bytes: number) => randomBytes(bytes).toString("hex");

/** The Secrets that are born once with a practice. */
export const BIRTHS: Readonly<Record<BornSecret, Birth>> = {
  signalling: {
    content: () => ({ "focus-password": hex(24), "bridge-password": hex(24), "truststore-password": hex(12) }),
  },
  rooms: { content: roomKeys },
  database: { content: () => ({ password: hex(24), "pruner-password": hex(24) }), guards: "databaseVolume" },
  synapse: { content: synapseSecrets, guards: "messagesVolume" },
  // What the entry page makes links and cookies with, and its own database's password. Without it links are void, and
  // receipts that the practice keeps cannot be read any more.
  entry: {
    content: () => ({ key: hex(32), "database-password": hex(24) }),
    outlives: true,
    overlaps: { keeps: ["database-password"] },
  },
  fingerprint: { content: () => ({ key: hex(32) }) },
};

/** Whether a Secret stays when its practice goes and its data is kept. */
export function outlivesPractice(secret: BornSecret): boolean {
  const { guards, outlives = false } = BIRTHS[secret];
  return guards !== undefined || outlives;
}

/** The key pair that signs room tokens (ES256): the entry page signs, Prosody only verifies. */
function roomKeys(): Record<string, string> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    "private.pem": privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    "public.pem": publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
}

/**
 * Synapse's own secrets. The signing key's line is `ed25519 <version> <unpadded base64 of the 32-byte seed>`
 * (signedjson's format); it comes from the system's generator (CVE-2026-24044 was a chart that did otherwise).
 */
function synapseSecrets(): Record<string, string> {
  const seed = randomBytes(32).toString("base64").replace(/=+$/, "");
  return {
    "signing.key": `ed25519 a_${hex(2)} ${seed}\n`,
    "macaroon-secret": hex(32),
    "form-secret": hex(32),
  };
}
