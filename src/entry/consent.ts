import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { flattenedVerify, FlattenedSign, errors } from "jose";
import { z } from "zod";
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

const fileSchema = z.strictObject({ payload: z.string(), protected: z.string(), signature: z.string() });

/** The texts to agree to, by language: made once, because texts come with the program. */
const consents: ReadonlyMap<string, Consent> = new Map(
  locales.map((locale) => {
    const say = textsOf(locale);
    const text = say("consent.text");
    return [locale, { text, version: say("consent.version"), hash: createHash("sha256").update(text).digest("hex") }];
  }),
);

/**
 * The text to agree to in a language.
 * @throws Error for a language that there is no file for.
 */
export function consentIn(locale: string): Consent {
  const consent = consents.get(locale);
  if (!consent) throw new Error(`There is no text to agree to in "${locale}".`);
  return consent;
}

/** The language whose text has this hash today. */
export function consentWith(hash: string): string | undefined {
  return locales.find((locale) => consents.get(locale)?.hash === hash);
}

/**
 * Signs a receipt: a JSON Web Signature (RFC 7515) in its JSON form, whose content stays readable (RFC 7797), with the
 * key that signs room tokens and a type of its own.
 */
export async function signReceipt(key: SigningKey, receipt: Receipt): Promise<string> {
  const content = JSON.stringify(contentSchema.parse(receipt));
  const signed = await new FlattenedSign(Buffer.from(content))
    .setProtectedHeader({ alg: "ES256", typ: TYPE, kid: key.kid, b64: false, crit: ["b64"] })
    .sign(key.privateKey);
  return JSON.stringify({ payload: content, protected: signed.protected, signature: signed.signature });
}

/** A function from a receipt's text to what it says, or to nothing when we did not sign it with this key. */
export function receiptReader({ privateKey }: SigningKey): (text: string) => Promise<Receipt | undefined> {
  const publicKey: KeyObject = createPublicKey(privateKey);
  return async (text) => {
    try {
      const file = fileSchema.parse(JSON.parse(text));
      const { payload, protectedHeader } = await flattenedVerify(file, publicKey, {
        algorithms: ["ES256"],
        crit: { b64: true },
      });
      if (protectedHeader?.typ !== TYPE) return undefined;
      return contentSchema.parse(JSON.parse(Buffer.from(payload).toString("utf8")));
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof z.ZodError || error instanceof SyntaxError) {
        return undefined;
      }
      throw error;
    }
  };
}
