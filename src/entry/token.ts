import { type KeyObject, sign } from "node:crypto";
import { z } from "zod";

/**
 * The contract of a room token: what the entry page signs and Prosody checks (`mod_auth_room_token.lua`). ES256, so
 * that whoever reads Prosody's files can mint nothing. `docs/reference/room-token.md` is made from this schema.
 */

const ROOM_TOKEN_TYPE = "JWT";
/** A token never spans more than a day. Seconds. */
const LONGEST_WINDOW_SECONDS = 86_400;

/** 128 random bits or more, in the spelling that an address of a room has. */
const ROOM_NAME = /^[a-z0-9]{26,64}$/;
/** Opaque: says nothing about a person. */
const HOLDER = /^[A-Za-z0-9_-]{22,64}$/;
/** The number of the Secret that holds the key. */
const KEY_ID = z.string().regex(/^[1-9][0-9]{0,8}$/);

/** What upstream plugins would allow a moderator who says nothing about them. */
const FEATURES = [
  "recording",
  "livestreaming",
  "transcription",
  "outbound-call",
  "sip-outbound-call",
  "inbound-call",
  "file-upload",
  "send-groupchat",
  "create-polls",
  "list-visitors",
] as const;

/** A token names a word by its number in `src/entry/texts/words.ts`, so that it can hold no name. */
const MOST_WORDS = 99;

const OFF = Object.fromEntries(FEATURES.map((feature) => [feature, false]));

const off = () => z.literal(false);
const seconds = () => z.int().positive();

const NO_FEATURES = z
  .strictObject(Object.fromEntries(FEATURES.map((feature) => [feature, off()])))
  .describe("Every feature of upstream that leads out of the encryption, off.");

export const roomClaimsSchema = z
  .strictObject({
    iss: z.string().min(1).describe("The practice's entry host, which signs."),
    aud: z.string().min(1).describe("The practice's meeting host, as text; never a list."),
    sub: z
      .string()
      .regex(HOLDER)
      .describe("Who holds it: 22 to 64 opaque characters. Revoked by it; one session at a time."),
    room: z.string().regex(ROOM_NAME).describe("The one room: 26 to 64 of `a-z0-9`, at least 128 random bits."),
    nbf: seconds().describe("When the window begins, in seconds."),
    exp: seconds().describe("When the window ends, in seconds; a day after its beginning at the latest."),
    context: z
      .strictObject({
        user: z.strictObject({ moderator: z.boolean().describe("Staff, if and only if true.") }),
        features: NO_FEATURES,
      })
      .describe("Whether the holder is staff, in the place where the stock client reads it."),
    word: z
      .int()
      .min(1)
      .max(MOST_WORDS)
      .optional()
      .describe("The number of the neutral word that a guest of a group chose, shown to staff while they wait."),
  })
  .refine(({ nbf, exp }) => nbf < exp && exp <= nbf + LONGEST_WINDOW_SECONDS, {
    path: ["exp"],
    message: "A window ends after it begins, a day later at most.",
  });

/** The key that signs, and the number of the Secret it comes from. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
}

/** The two hosts that a token is between. */
export interface Parties {
  readonly entry: string;
  readonly meet: string;
}

/** What differs from token to token. */
export interface Admission {
  readonly room: string;
  /** Opaque id of whoever holds the token. */
  readonly holder: string;
  readonly staff: boolean;
  /** The number of the neutral word by which staff tells who waits. */
  readonly word?: number;
  /** Beginning and end of the window, in seconds since 1970. */
  readonly from: number;
  readonly until: number;
}

/**
 * Signs a room token: a compact JWS (RFC 7515) with ECDSA on P-256 and SHA-256 (RFC 7518 §3.4).
 * @throws ZodError for an admission outside of the contract; nothing is signed then.
 */
export async function mintRoomToken(key: SigningKey, parties: Parties, admission: Admission): Promise<string> {
  const claims = roomClaimsSchema.parse({
    iss: parties.entry,
    aud: parties.meet,
    sub: admission.holder,
    room: admission.room,
    nbf: admission.from,
    exp: admission.until,
    context: {
      user: { moderator: admission.staff },
      features: OFF,
    },
    ...(admission.word !== undefined && { word: admission.word }),
  });
  const header = { alg: "ES256", typ: ROOM_TOKEN_TYPE, kid: KEY_ID.parse(key.kid) };
  const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  // In this thread, and with the key itself instead of an object around it: so an exchange takes half of the processor's
  // time that it does with jose, which signs through the Web Crypto API (npm run bench:entry).
  const signature = sign("sha256", Buffer.from(input), Object.assign(key.privateKey, { dsaEncoding: "ieee-p1363" }));
  return `${input}.${signature.toString("base64url")}`;
}
