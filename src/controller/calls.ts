import { XMPP_INTERNAL_PORT } from "../components/jitsi/xmpp.ts";
import type { Practice } from "../practice/practice.ts";

/**
 * Whether somebody is, or may be, in a call of a practice. The answer is kept nowhere: not in an object, an event, a
 * metric or a log line, because together the answers would be the practice's appointment book.
 */
export type InUse = (practice: Practice) => Promise<boolean>;

const ANSWER_MS = 2000;

/**
 * Asks the practice's Prosody, which knows who is in a room or waits. No answer means yes: whatever keeps it from us, as
 * being outside of the cluster does, a call may be going on.
 */
export const askProsody: InUse = ({ names, namespace }) =>
  ask(`http://${names.signalling}.${namespace}.svc:${XMPP_INTERNAL_PORT}/practice/busy`);

/** `false` only for `{"busy": false}`. */
export async function ask(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(ANSWER_MS) });
    const answer = (await response.json()) as { readonly busy?: unknown } | null;
    return !response.ok || answer?.busy !== false;
  } catch {
    return true;
  }
}
