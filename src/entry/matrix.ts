import { z } from "zod";
import { Away } from "./away.ts";

/** Who shows a token, as our module of Synapse says it. */
export interface Person {
  readonly userId: string;
  readonly staff: boolean;
  /** Whether they are in the room that was asked about. */
  readonly member: boolean;
  /** Their power there, 0 to 100. */
  readonly level: number;
  /** What can ask again later who they are, and nothing else. */
  readonly ticket: string;
}

/** Why nobody is signed in. Never which half was wrong. */
export type SignInFailure = "refused" | "locked";

/** The practice's homeserver. Every question throws `Away` when it gets no answer. */
export interface Matrix {
  /** Checks name and password by a login that is ended at once and leaves no device. */
  readonly signIn: (user: string, password: string) => Promise<Person | SignInFailure>;
  /** Who shows an OpenID token or a ticket; nothing for a token that is nobody's, or whose owner is locked out. */
  readonly who: (token: string, room?: string) => Promise<Person | undefined>;
}

const PATIENCE_MS = 10_000;
/**
 * The one name of the device that a login makes, for the second that it lasts: should the entry page end in between,
 * the next sign-in replaces it, so that no list of devices grows.
 */
const DEVICE = "PRACTICEENTRY";

const LOGIN = z.object({ user_id: z.string(), access_token: z.string() });
const OPENID = z.object({ access_token: z.string() });
const WHO = z.object({
  user_id: z.string(),
  staff: z.boolean(),
  member: z.boolean(),
  level: z.number(),
  ticket: z.string(),
});

export function matrixAt(synapseUrl: string, answersUrl: string): Matrix {
  async function ask(url: string, token: string | undefined, body?: object): Promise<Response> {
    let answer;
    try {
      answer = await fetch(url, {
        method: body ? "POST" : "GET",
        headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
        ...(body && { body: JSON.stringify(body) }),
        redirect: "error",
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
    } catch (error) {
      throw new Away("accounts", error);
    }
    if (answer.status >= 500) throw new Away("accounts");
    return answer;
  }

  async function read<T>(schema: z.ZodType<T>, answer: Response): Promise<T> {
    const parsed = schema.safeParse(await answer.json().catch(() => undefined));
    if (!parsed.success) throw new Away("accounts");
    return parsed.data;
  }

  const client = `${synapseUrl}/_matrix/client/v3`;

  const who: Matrix["who"] = async (token, room) => {
    const query = room === undefined ? "" : `?room=${encodeURIComponent(room)}`;
    const answer = await ask(`${answersUrl}/practice/who${query}`, token);
    if (!answer.ok) return undefined;
    const { user_id: userId, ...said } = await read(WHO, answer);
    return { userId, ...said };
  };

  /** An identity token of somebody who is logged in; the login is over when this returns, or throws. */
  async function identity({ user_id, access_token }: z.output<typeof LOGIN>): Promise<string> {
    try {
      const path = `${client}/user/${encodeURIComponent(user_id)}/openid/request_token`;
      return (await read(OPENID, await ask(path, access_token, {}))).access_token;
    } finally {
      const ended = await ask(`${client}/logout`, access_token, {});
      await ended.body?.cancel();
    }
  }

  return {
    who,
    signIn: async (user, password) => {
      const answer = await ask(`${client}/login`, undefined, {
        type: "m.login.password",
        identifier: { type: "m.id.user", user },
        password,
        device_id: DEVICE,
      });
      if (answer.status === 429) return "locked";
      if (!answer.ok) return "refused";
      const person = await who(await identity(await read(LOGIN, answer)));
      return person?.staff ? person : "refused";
    },
  };
}
