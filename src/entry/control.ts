import { randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import type { Parties, SigningKey } from "./token.ts";

/**
 * What the entry page asks of Prosody's internal interface (`mod_practice_control.lua`). Every request is one signed
 * token that holds the whole request, is good for 30 s and for one use.
 */
export type ControlAct =
  /** From now until `until` (seconds) no token of this holder opens anything; a session that has one ends. */
  | { readonly act: "revoke"; readonly sub: string; readonly until: number }
  /** Who waits to be let in. */
  | { readonly act: "waiting"; readonly room: string }
  /** Lets one holder in before staff is there. */
  | { readonly act: "admit"; readonly room: string; readonly sub: string }
  /** Moves the end of a room, in seconds. */
  | { readonly act: "extend"; readonly room: string; readonly until: number }
  /** When the token whose slot ends at `until` (seconds) is over in a room: staff there may have made it last longer. */
  | { readonly act: "ends"; readonly room: string; readonly until: number }
  /** Ends a room for all. */
  | { readonly act: "end"; readonly room: string };

export const CONTROL_TYPE = "practice-control+jwt";
export const CONTROL_PATH = "/practice/control";
const GOOD_FOR_SECONDS = 30;

/** The body of `POST /practice/control`. @param now seconds since 1970. */
export async function signControl(key: SigningKey, parties: Parties, act: ControlAct, now: number): Promise<string> {
  return new SignJWT({ ...act, jti: randomUUID() })
    .setProtectedHeader({ alg: "ES256", typ: CONTROL_TYPE, kid: key.kid })
    .setIssuer(parties.entry)
    .setAudience(`control.${parties.meet}`)
    .setIssuedAt(now)
    .setExpirationTime(now + GOOD_FOR_SECONDS)
    .sign(key.privateKey);
}
