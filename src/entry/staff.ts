import { Away } from "./away.ts";
import { digest, type Keys } from "./keys.ts";
import { laneOf, type Limit, limitOf } from "./limits.ts";
import type { Matrix, Person, SignInFailure } from "./matrix.ts";
import type { Provider } from "./provider.ts";
import type { Sealer } from "./sealed.ts";

/** Who signed in, and with what can be asked again whether they are still staff. */
export interface StaffProof {
  readonly by: "matrix" | "provider";
  readonly account: string;
  readonly proof: string;
}

/** A sealed cookie, and until when it is good, in seconds since 1970. */
export interface Session {
  readonly sealed: string;
  readonly until: number;
}

/** Somebody who signed in, and what makes their device a known one of that account. */
export interface SignedIn {
  readonly session: Session;
  readonly device: Session & { readonly name: string };
}

/** Who is staff: a sealed cookie says who signed in, and whoever knows the account is asked again all along. */
export interface StaffDoor {
  /**
   * @param cookie what the browser has under a name.
   * @throws Away when accounts do not answer, or too many others want to know.
   */
  readonly signIn: (
    user: string,
    password: string,
    cookie: (name: string) => string | undefined,
  ) => Promise<SignedIn | SignInFailure>;
  /** A session of somebody whom the provider says is staff, for so many seconds at most. */
  readonly welcome: (proof: StaffProof, lasts: number) => Promise<Session>;
  /**
   * Who shows a cookie, as an opaque account; nothing when they are not staff, or no longer. An answer is kept for
   * `KEPT_SECONDS`.
   */
  readonly accountOf: (sealed: string | undefined) => Promise<string | undefined>;
}

const KIND = "staff";
const SESSION_SECONDS = 12 * 3600;
/** How long an account that was locked or removed may still act. */
const KEPT_SECONDS = 30;
const MOST_KEPT = 500;
/** No failure is told sooner, so that the time does not tell whether there is such an account. */
const FAILURE_TAKES_MS = 2_000;
const TRIES = { tries: 5, seconds: 300 };
const DEVICE_KIND = "device";
const DEVICE_SECONDS = 90 * 86_400;
/**
 * How many sign-ins Synapse is asked about, which takes 50 a second from this page. Devices on which an account was
 * signed in before have a lane and tries of their own, so strangers cannot keep them out.
 */
const LANES = { strangers: { perSecond: 25, waiting: 50 }, known: { perSecond: 15, waiting: 45 } };

export function staffDoor(parts: {
  readonly keys: Keys;
  readonly sealer: Sealer;
  readonly matrix: Matrix;
  readonly serverName: string;
  readonly provider?: Provider;
  readonly now: () => number;
}): StaffDoor {
  const { keys, sealer, matrix, serverName, provider, now } = parts;
  const tries = limitOf(keys.current.hashes, TRIES);
  const lanes = { strangers: laneOf(LANES.strangers), known: laneOf(LANES.known) };
  const kept = new Map<string, { readonly account: string | undefined; readonly until: number }>();

  async function welcome(proof: StaffProof, lasts: number): Promise<Session> {
    const until = now() + Math.min(lasts, SESSION_SECONDS);
    return { sealed: await sealer.seal(KIND, { ...proof }, until), until };
  }

  const deviceName = (user: string) =>
    `known-${digest(keys.current.hashes, "known device", user).subarray(0, 8).toString("hex")}`;

  async function isKnown(user: string, sealed: string | undefined): Promise<boolean> {
    return sealed !== undefined && (await sealer.open(DEVICE_KIND, sealed))?.["account"] === user;
  }

  async function device(user: string): Promise<SignedIn["device"]> {
    const until = now() + DEVICE_SECONDS;
    return { name: deviceName(user), sealed: await sealer.seal(DEVICE_KIND, { account: user }, until), until };
  }

  async function attempt(
    user: string,
    password: string,
    cookie: (name: string) => string | undefined,
  ): Promise<SignedIn | SignInFailure> {
    const known = await isKnown(user, cookie(deviceName(user)));
    const whose = known ? `${user} on a known device` : user;
    if (await tries.wasOver(whose)) return "locked";
    if (!(await lanes[known ? "known" : "strangers"]())) throw new Away("accounts");
    const person = await counted(tries, whose, () => matrix.signIn(user, password));
    if (typeof person === "string") return person;
    const proof = { by: "matrix", account: person.userId, proof: person.ticket } as const;
    return { session: await welcome(proof, SESSION_SECONDS), device: await device(user) };
  }

  async function ask({ by, account, proof }: StaffProof): Promise<boolean> {
    if (by === "provider") return provider !== undefined && provider.isStill({ by, account, proof });
    // With a provider nobody is staff by a password.
    if (provider !== undefined) return false;
    const person = await matrix.who(proof);
    return person?.staff === true && person.userId === account;
  }

  async function accountOf(sealed: string | undefined): Promise<string | undefined> {
    const proof = sealed === undefined ? undefined : await sealer.open(KIND, sealed);
    if (!isProof(proof)) return undefined;
    const id = digest(keys.current.hashes, "session", proof.by, proof.account, proof.proof).toString("base64url");
    const before = kept.get(id);
    if (before && now() < before.until) return before.account;
    const account = (await ask(proof)) ? `${proof.by} ${proof.account}` : undefined;
    kept.delete(id);
    kept.set(id, { account, until: now() + KEPT_SECONDS });
    for (const oldest of kept.keys()) {
      if (kept.size <= MOST_KEPT) break;
      kept.delete(oldest);
    }
    return account;
  }

  return {
    welcome,
    accountOf,
    signIn: async (typed, password, cookie) => {
      if (provider !== undefined) return "refused";
      const begun = Date.now();
      const user = userIdOf(typed, serverName);
      const result = user === undefined ? "refused" : await attempt(user, password, cookie);
      if (typeof result !== "string") return result;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, begun + FAILURE_TAKES_MS - Date.now())));
      return result;
    },
  };
}

async function counted(
  tries: Limit,
  whose: string,
  signIn: () => Promise<Person | SignInFailure>,
): Promise<Person | SignInFailure> {
  // Counted before the answer, so that many at once are not one.
  if (await tries.isOver(whose)) return "locked";
  const result = await signIn();
  if (typeof result !== "string") await tries.forget(whose);
  // Synapse was too busy to look at the password.
  else if (result === "locked") await tries.takeBack(whose);
  return result;
}

/** `ada` and `@ada:server` are one account, in one spelling; nothing for what cannot be one. */
function userIdOf(typed: string, serverName: string): string | undefined {
  const name = typed.trim().toLowerCase();
  const id = name.startsWith("@") ? name : `@${name}:${serverName}`;
  return /^@[a-z0-9._=/+-]{1,128}:/.test(id) && id.endsWith(`:${serverName}`) && id.length <= 255 ? id : undefined;
}

function isProof(
  content: Readonly<Record<string, string>> | undefined,
): content is Readonly<Record<string, string>> & StaffProof {
  return (content?.["by"] === "matrix" || content?.["by"] === "provider") && "account" in content && "proof" in content;
}
