import { readFileSync } from "node:fs";
import * as oidc from "openid-client";
import { Away } from "./away.ts";
import type { OidcOptions } from "./options.ts";
import type { StaffProof } from "./staff.ts";

/** The practice's own provider of identities (OpenID Connect, code flow with PKCE). */
export interface Provider {
  /** Where somebody signs in, and what has to be remembered until they come back. */
  readonly begin: () => Promise<{ readonly url: string; readonly remember: Remembered }>;
  /** Who came back; nothing for whoever the claim does not make staff, or an answer that is not to our question. */
  readonly finish: (url: URL, remembered: Remembered) => Promise<Signed | undefined>;
  /** Whether the provider still knows them: it is asked with what it gave at sign-in. */
  readonly isStill: (proof: StaffProof) => Promise<boolean>;
}

type Remembered = Readonly<Record<"state" | "nonce" | "verifier", string>>;

interface Signed {
  readonly proof: StaffProof;
  /** How many seconds that can be asked. */
  readonly lasts: number;
}

/** Where the provider sends people back to. */
export const PROVIDER_RETURN = "/staff/oidc/done";
const SCOPE = "openid profile";
const PATIENCE_SECONDS = 10;
/** Where nobody can be asked whether somebody is still staff, a session is as short as this. */
const UNASKED_SECONDS = 600;
/** Characters. Sealed into a cookie with the rest, a longer token would be dropped by browsers without a word. */
const LONGEST_TOKEN = 2000;

/** @param reach how requests reach it, instead of plainly (tests). */
export function providerOf(
  { issuer, claim, ...client }: OidcOptions,
  host: string,
  reach?: oidc.CustomFetch,
): Provider {
  let found: Promise<oidc.Configuration> | undefined;

  async function configuration(): Promise<oidc.Configuration> {
    const secret = readFileSync(client.clientSecretFile, "utf8").trim();
    found ??= oidc.discovery(new URL(issuer), client.clientId, secret, oidc.ClientSecretBasic(secret), {
      timeout: PATIENCE_SECONDS,
      ...(reach && { [oidc.customFetch]: reach }),
    });
    try {
      return await found;
    } catch (error) {
      found = undefined;
      throw new Away("accounts", error);
    }
  }

  const isClaimed = (value: unknown) => (Array.isArray(value) ? value : [value]).includes(claim.value);

  return {
    begin: async () => {
      const remember = {
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        verifier: oidc.randomPKCECodeVerifier(),
      };
      const url = oidc.buildAuthorizationUrl(await configuration(), {
        redirect_uri: `https://${host}${PROVIDER_RETURN}`,
        scope: SCOPE,
        state: remember.state,
        nonce: remember.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(remember.verifier),
        code_challenge_method: "S256",
      });
      return { url: url.href, remember };
    },
    finish: async (url, { state, nonce, verifier }) => {
      const server = await configuration();
      try {
        const tokens = await oidc.authorizationCodeGrant(server, url, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        });
        const claims = tokens.claims();
        if (!claims || !isClaimed(claims[claim.name])) return undefined;
        const { access_token: token } = tokens;
        const told = token.length <= LONGEST_TOKEN ? await toldOf(server, token, claims.sub) : undefined;
        const canBeAsked = told !== undefined && claim.name in told;
        return {
          proof: { by: "provider", account: claims.sub, proof: canBeAsked ? token : "" },
          lasts: canBeAsked ? (tokens.expiresIn() ?? UNASKED_SECONDS) : UNASKED_SECONDS,
        };
      } catch (error) {
        if (isRefusal(error)) return undefined;
        throw error instanceof Away ? error : new Away("accounts", error);
      }
    },
    isStill: async ({ account, proof }) => {
      if (proof === "") return true;
      const told = await toldOf(await configuration(), proof, account);
      return told !== undefined && isClaimed(told[claim.name]);
    },
  };
}

/** What the provider tells about an account; nothing when it refuses to, or has no place for that. */
async function toldOf(
  server: oidc.Configuration,
  token: string,
  account: string,
): Promise<oidc.UserInfoResponse | undefined> {
  if (server.serverMetadata().userinfo_endpoint === undefined) return undefined;
  try {
    return await oidc.fetchUserInfo(server, token, account);
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw new Away("accounts", error);
  }
}

/** Whether the provider, or our check of its answer, said no; anything else is no answer. */
function isRefusal(error: unknown): boolean {
  if (error instanceof oidc.WWWAuthenticateChallengeError) return error.status < 500;
  if (error instanceof oidc.ResponseBodyError) return error.status < 500;
  return error instanceof oidc.AuthorizationResponseError || (error instanceof oidc.ClientError && isMismatch(error));
}

function isMismatch({ code }: oidc.ClientError): boolean {
  return code !== undefined && /^OAUTH_(INVALID_RESPONSE|JWT_|PARSE_ERROR)/.test(code);
}
