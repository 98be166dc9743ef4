import { EncryptJWT, errors, jwtDecrypt } from "jose";
import type { Keys } from "./keys.ts";

/** Values that only this practice's entry page can read or make, and that end by themselves: no list of sessions. */
export interface Sealer {
  /** @param until seconds since 1970. */
  readonly seal: (kind: string, content: Readonly<Record<string, string>>, until: number) => Promise<string>;
  /** What was sealed as this kind, unless it is over, changed, of another kind or of a key that is not read any more. */
  readonly open: (kind: string, sealed: string) => Promise<Readonly<Record<string, string>> | undefined>;
}

export function sealerOf(keys: Keys, issuer: string, now: () => number): Sealer {
  return {
    seal: (kind, content, until) =>
      new EncryptJWT({ content })
        .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid: String(keys.current.id), typ: kind })
        .setIssuer(issuer)
        .setExpirationTime(until)
        .encrypt(keys.current.cookies),
    open: async (kind, sealed) => {
      try {
        const { payload } = await jwtDecrypt(
          sealed,
          ({ kid }) => {
            const set = keys.byId.get(Number(kid));
            if (!set) throw new errors.JWEDecryptionFailed();
            return set.cookies;
          },
          {
            issuer,
            typ: kind,
            keyManagementAlgorithms: ["dir"],
            contentEncryptionAlgorithms: ["A256GCM"],
            requiredClaims: ["exp"],
            currentDate: new Date(now() * 1000),
          },
        );
        return payload["content"] as Readonly<Record<string, string>>;
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
  };
}
