import { createHash, timingSafeEqual } from "node:crypto";
import { FlattenedSign } from "jose";
import { z } from "zod";
import { digest, type Keys, type KeySet } from "./keys.ts";
import type { Consent } from "./pages/views.ts";
import { locales, textsOf } from "./texts/texts.ts";
import type { SigningKey } from "./token.ts";

const TYPE = "consent+json";

const contentSchema = z.strictObject({
  practice: z.string(),
  /** SHA-256 of the text. */
  text: z.string(),
  version: z.string(),
  language: z.string(),
  /** A keyed digest of the link: says to the practice which, and to nobody else anything. */
  link: z.string(),
  /** ISO 8601, UTC. */
  agreed: z.string(),
});

/** What a receipt says. */
export type Receipt = z.output<typeof contentSchema>;

const fileSchema = z.strictObject({
  payload: z.string(),
  protected: z.string(),
  signature: z.string(),
  /** Our own mark, which others ignore: with it we know our receipts again. */
  seal: z.string(),
});

/** The texts to agree to, as one practice asks for it. */
export interface Consents {
  /**
   * The text in a language.
   * @throws Error for a language that there is no file for.
   */
  readonly in: (locale: string) => Consent;
  /** The language whose text has this hash today. */
  readonly with: (hash: string) => string | undefined;
}

/** The texts by language, made once. @param receiptDays how long the practice keeps receipts, which the text says. */
export function consentsOf(receiptDays = 0): Consents {
  const byLocale: ReadonlyMap<string, Consent> = new Map(
    locales.map((locale) => {
      const say = textsOf(locale);
      const text = say("consent.text", { days: receiptDays });
      return [locale, { text, version: say("consent.version"), hash: createHash("sha256").update(text).digest("hex") }];
    }),
  );
  return {
    in: (locale) => {
      const consent = byLocale.get(locale);
      if (!consent) throw new Error(`There is no text to agree to in "${locale}".`);
      return consent;
    },
    with: (hash) => locales.find((locale) => byLocale.get(locale)?.hash === hash),
  };
}

/**
 * Signs a receipt: a JSON Web Signature (RFC 7515) in its JSON form, whose content stays readable (RFC 7797), with the
 * key that signs room tokens and a type of its own.
 */
export async function signReceipt(key: SigningKey, { current }: Keys, receipt: Receipt): Promise<string> {
  const payload = JSON.stringify(contentSchema.parse(receipt));
  const { protected: header = "", signature } = await new FlattenedSign(Buffer.from(payload))
    .setProtectedHeader({ alg: "ES256", typ: TYPE, kid: key.kid, b64: false, crit: ["b64"] })
    .sign(key.privateKey);
  const seal = sealOf(current, payload, header, signature).toString("base64url");
  return JSON.stringify({ payload, protected: header, signature, seal });
}

/** What a receipt of ours says; nothing for any other text. */
export function readReceipt({ byId }: Keys, text: string): Receipt | undefined {
  const file = fileSchema.safeParse(parsed(text)).data;
  if (!file) return undefined;
  const seal = Buffer.from(file.seal, "base64url");
  const isOurs = [...byId.values()].some((set) => {
    const expected = sealOf(set, file.payload, file.protected, file.signature);
    return seal.length === expected.length && timingSafeEqual(seal, expected);
  });
  return isOurs ? contentSchema.safeParse(parsed(file.payload)).data : undefined;
}

function sealOf({ hashes }: KeySet, ...parts: readonly string[]): Buffer {
  return digest(hashes, "receipt file", ...parts);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
