import { z } from "zod";

const text = z.string().min(1);
const whole = z.coerce.number().int().nonnegative();

/** The environment of the entry page, and what each part of it is for. */
const environmentSchema = z.object({
  ENTRY_PORT: whole.default(8080).describe("Where it listens."),
  ENTRY_LISTEN: text.optional().describe("The address to listen on; every address when absent."),
  ENTRY_HOST: text.describe("The entry host, as links name it. The Host header of a request is never believed."),
  ENTRY_MEET_HOST: text,
  ENTRY_CHAT_HOST: text,
  ENTRY_MATRIX_HOST: text,
  ENTRY_LOCALE: text.default("de"),
  ENTRY_TIME_ZONE: text.default("UTC").describe("An IANA name: the clocks by which staff makes links."),
  ENTRY_IMPRINT_URL: text.optional(),
  ENTRY_PRIVACY_URL: text.optional(),
  ENTRY_MAX_PARTICIPANTS: whole.default(2).describe("People in one call at most, staff included."),
  ENTRY_EARLY_MINUTES: whole.default(10),
  ENTRY_GRACE_MINUTES: whole.default(15),
  ENTRY_RECEIPT_DAYS: whole.optional().describe("How long receipts of consent are kept; none is when absent."),
  ENTRY_KEYS: text.describe("The folder of <number>.key."),
  ENTRY_ROOM_KEYS: text.describe("The folder of <number>.pem, private keys that sign room tokens."),
  ENTRY_SIGNALLING_URL: text.describe("Prosody's internal interface."),
  ENTRY_SYNAPSE_URL: text.describe("Where clients sign in at Synapse."),
  ENTRY_ANSWERS_URL: text.describe("Where our module of Synapse says who somebody is."),
  ENTRY_DATABASE_HOST: text,
  ENTRY_DATABASE_PORT: whole.default(5432),
  ENTRY_DATABASE_FOLDER: text.describe(
    "Files `username`, `password` and `name`; where they are missing nobody is let in.",
  ),
  ENTRY_DATABASE_NAME: text.optional().describe("Role and database, where both have one name."),
  ENTRY_DATABASE_TLS: z
    .enum(["off", "verify"])
    .default("verify")
    .describe("`off` inside the practice's own walls only."),
  ENTRY_DATABASE_CA: text.optional().describe("A file with the authority of the database; the system's when absent."),
  ENTRY_STUN: z.string().default("").describe("The practice's own STUN servers, with spaces between."),
  ENTRY_OIDC_ISSUER: text.optional().describe("Absent: staff signs in with their Matrix account."),
  ENTRY_OIDC_CLIENT_ID: text.default(""),
  ENTRY_OIDC_CLIENT_SECRET_FILE: text.default(""),
  ENTRY_OIDC_CLAIM_NAME: text.default(""),
  ENTRY_OIDC_CLAIM_VALUE: text.default(""),
});

/** What the entry page is told by its Deployment. */
export interface EntryOptions {
  readonly port: number;
  readonly listen?: string;
  readonly hosts: { readonly entry: string; readonly meet: string; readonly chat: string; readonly matrix: string };
  readonly locale: string;
  readonly timeZone: string;
  readonly imprintUrl?: string;
  readonly privacyUrl?: string;
  readonly maxParticipants: number;
  readonly sessions: { readonly earlyMinutes: number; readonly graceMinutes: number };
  /** Absent: no receipt of consent is kept. */
  readonly receiptDays?: number;
  readonly keys: string;
  readonly roomKeys: string;
  readonly signallingUrl: string;
  readonly synapseUrl: string;
  readonly answersUrl: string;
  readonly database: DatabaseOptions;
  readonly stun: readonly string[];
  readonly oidc?: OidcOptions;
}

export interface DatabaseOptions {
  readonly host: string;
  readonly port: number;
  /** Role and database in one, unless the files of the folder say otherwise. */
  readonly name?: string;
  readonly folder: string;
  readonly tls: "off" | "verify";
  readonly ca?: string;
}

/** The practice's provider of identities, and the claim that makes somebody staff. */
export interface OidcOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecretFile: string;
  readonly claim: { readonly name: string; readonly value: string };
}

/**
 * Reads the options of the entry page: the only reader of its environment.
 * @throws ZodError that names what is missing; never a value.
 */
export function entryOptions(environment: Readonly<Record<string, string | undefined>>): EntryOptions {
  const given = environmentSchema.parse(environment);
  return {
    port: given.ENTRY_PORT,
    ...(given.ENTRY_LISTEN && { listen: given.ENTRY_LISTEN }),
    hosts: {
      entry: given.ENTRY_HOST,
      meet: given.ENTRY_MEET_HOST,
      chat: given.ENTRY_CHAT_HOST,
      matrix: given.ENTRY_MATRIX_HOST,
    },
    locale: given.ENTRY_LOCALE,
    timeZone: given.ENTRY_TIME_ZONE,
    ...(given.ENTRY_IMPRINT_URL && { imprintUrl: given.ENTRY_IMPRINT_URL }),
    ...(given.ENTRY_PRIVACY_URL && { privacyUrl: given.ENTRY_PRIVACY_URL }),
    maxParticipants: given.ENTRY_MAX_PARTICIPANTS,
    sessions: { earlyMinutes: given.ENTRY_EARLY_MINUTES, graceMinutes: given.ENTRY_GRACE_MINUTES },
    ...(given.ENTRY_RECEIPT_DAYS && { receiptDays: given.ENTRY_RECEIPT_DAYS }),
    keys: given.ENTRY_KEYS,
    roomKeys: given.ENTRY_ROOM_KEYS,
    signallingUrl: given.ENTRY_SIGNALLING_URL,
    synapseUrl: given.ENTRY_SYNAPSE_URL,
    answersUrl: given.ENTRY_ANSWERS_URL,
    database: {
      host: given.ENTRY_DATABASE_HOST,
      port: given.ENTRY_DATABASE_PORT,
      ...(given.ENTRY_DATABASE_NAME && { name: given.ENTRY_DATABASE_NAME }),
      folder: given.ENTRY_DATABASE_FOLDER,
      tls: given.ENTRY_DATABASE_TLS,
      ...(given.ENTRY_DATABASE_CA && { ca: given.ENTRY_DATABASE_CA }),
    },
    stun: given.ENTRY_STUN.split(" ").filter(Boolean),
    ...(given.ENTRY_OIDC_ISSUER && { oidc: oidcOf(given.ENTRY_OIDC_ISSUER, given) }),
  };
}

function oidcOf(issuer: string, given: z.output<typeof environmentSchema>): OidcOptions {
  return {
    issuer,
    clientId: given.ENTRY_OIDC_CLIENT_ID,
    clientSecretFile: given.ENTRY_OIDC_CLIENT_SECRET_FILE,
    claim: { name: given.ENTRY_OIDC_CLAIM_NAME, value: given.ENTRY_OIDC_CLAIM_VALUE },
  };
}
