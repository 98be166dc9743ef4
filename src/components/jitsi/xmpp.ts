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
/** Where Prosody answers the entry page and the operator; no front door leads there. */
export const XMPP_INTERNAL_PORT = 5281;

/** The room in which the bridge announces itself. */
export function brewery(practice: Pick<Practice, "hosts">): string {
  return `jvbbrewery@${xmppDomains(practice).internalMuc}`;
}

/** Who signs room tokens and control requests, and whom they are for; the rest of the contract is in `src/entry/`. */
export function roomTokenContract(practice: Pick<Practice, "hosts">) {
  const { entry, meet } = practice.hosts;
  return { issuer: entry, audience: meet, controlAudience: `control.${meet}` } as const;
}
