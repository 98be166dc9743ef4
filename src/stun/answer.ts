import {
  ATTRIBUTE,
  attribute,
  attributesOf,
  BINDING_REQUEST,
  isIntact,
  message,
  withFingerprint,
  withIntegrity,
  words,
  xorMappedAddress,
} from "./message.ts";

const BINDING_SUCCESS = 0x0101;
const BINDING_ERROR = 0x0111;

/**
 * What a page states as the other side of a connection that it only tries. It opens nothing: it lets the browser's own
 * ICE agent take an answer for one of that other side.
 */
export const TRIAL = { ufrag: "practice", password: "thisIsNoSecretItOpensNothing" };

/** Comprehension-required attributes of questions that are understood: those of ICE (RFC 8445, section 16.1). */
const KNOWN: readonly number[] = [ATTRIBUTE.username, ATTRIBUTE.integrity, ATTRIBUTE.priority, ATTRIBUTE.useCandidate];

/**
 * The answer to a STUN Binding request (RFC 8489): the address that it came from, or which of its attributes are not
 * understood. A bare question gets a bare answer; a connectivity check of ICE that knows the password of a trial gets the
 * answer of an ICE-lite agent. Never throws.
 * @returns nothing for all else; never more than 24 bytes longer than the question.
 */
export function answerTo(
  question: Buffer,
  from: { readonly address: string; readonly port: number },
  { password }: { readonly password: string } = TRIAL,
): Buffer | undefined {
  const attributes = attributesOf(question, BINDING_REQUEST);
  const proof = attributes?.find(({ type }) => type === ATTRIBUTE.integrity);
  if (!attributes || (proof && !isIntact(question, proof, password))) return undefined;
  const id = question.subarray(4, 20);
  const unknown = attributes.map(({ type }) => type).filter((type) => type < 0x8000 && !KNOWN.includes(type));
  const told =
    unknown.length > 0
      ? message(
          BINDING_ERROR,
          id,
          attribute(ATTRIBUTE.errorCode, words(0, 0x0414)), // 420, as hundreds and the rest
          attribute(ATTRIBUTE.unknownAttributes, words(...unknown)),
        )
      : message(BINDING_SUCCESS, id, xorMappedAddress(id, from.address, from.port));
  const proven = proof ? withIntegrity(told, password) : told;
  return attributes.some(({ type }) => type === ATTRIBUTE.fingerprint) ? withFingerprint(proven) : proven;
}
