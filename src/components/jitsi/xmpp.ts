import type { Practice } from "../../practice/practice.ts";

/** XMPP domains of a practice. None of them is in DNS: clients only ever name the meeting host. */
export function xmppDomains(practice: Pick<Practice, "hosts">) {
  const domain = practice.hosts.meet;
  return {
    /** Where participants log in. */
    domain,
    /** Where the focus (jicofo) logs in. */
    auth: `auth.${domain}`,
    /** Where the bridge logs in. A host of its own, so that a bridge never becomes the focus. */
    bridge: `jvb.${domain}`,
    /** Rooms of the participants. */
    muc: `muc.${domain}`,
    /** Where the bridge announces itself to the focus. */
    internalMuc: `internal-muc.${domain}`,
    /** The address through which participants reach the focus. */
    focus: `focus.${domain}`,
  };
}

export const FOCUS_USER = "focus";
export const BRIDGE_USER = "jvb";

/** Ports of the signalling Service. */
export const XMPP_PORT = 5222;
export const XMPP_HTTP_PORT = 5280;
/** What the practice's own programs ask Prosody. No front door leads there. */
export const XMPP_INTERNAL_PORT = 5281;

/** The room in which the bridge announces itself. */
export function brewery(practice: Pick<Practice, "hosts">): string {
  return `jvbbrewery@${xmppDomains(practice).internalMuc}`;
}

/** What a room token must say besides its room, its beginning and its end. */
export function roomTokenContract(practice: Pick<Practice, "hosts">) {
  return { algorithm: "ES256", issuer: practice.hosts.entry, audience: practice.hosts.meet } as const;
}
