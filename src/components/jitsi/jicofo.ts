import type { Practice } from "../../practice/practice.ts";
import { merged, type Settings } from "../merge.ts";
import { fromEnvironment, hocon } from "./hocon.ts";
import { brewery, FOCUS_USER, xmppDomains, XMPP_PORT } from "./xmpp.ts";

/** Where jicofo answers over HTTP, inside its pod only. */
export const JICOFO_HTTP_PORT = 8888;

/** `jicofo.conf`, whole. Read with `JICOFO_PASSWORD` in the environment. */
export function jicofoConf(practice: Practice): string {
  return hocon({ jicofo: merged(defaults(practice), enforced()) });
}

function defaults(practice: Practice): Settings {
  const xmpp = xmppDomains(practice);
  return {
    bridge: { "brewery-jid": brewery(practice) },
    xmpp: {
      client: {
        enabled: true,
        // Prosody is in the same pod.
        hostname: "127.0.0.1",
        port: XMPP_PORT,
        domain: xmpp.auth,
        "xmpp-domain": xmpp.domain,
        username: FOCUS_USER,
        password: fromEnvironment("JICOFO_PASSWORD"),
        "conference-muc-jid": xmpp.muc,
        "client-proxy": xmpp.focus,
      },
    },
    // As the image has it since May 2026; the reference configuration says otherwise.
    codec: { "rtp-extensions": { mid: { enabled: false } } },
    // Its health check makes rooms and fails while no bridge is there; the probes ask something simpler.
    health: { enabled: false },
  };
}

/**
 * No recorder, gateway or transcriber is named anywhere, so none can be asked for; who moderates comes from
 * tokens; nothing that dumps or moves calls answers.
 */
function enforced(): Settings {
  return {
    authentication: { enabled: false },
    conference: { "enable-auto-owner": false, "enable-moderator-checks": true },
    octo: { enabled: false },
    rest: {
      host: "127.0.0.1",
      port: JICOFO_HTTP_PORT,
      debug: { enabled: false },
      pin: { enabled: false },
      "move-endpoints": { enabled: false },
      "conference-request": { enabled: false },
    },
    // The only way between client and bridge: both have no websocket for it.
    sctp: { enabled: true },
    visitors: { enabled: false },
    xmpp: {
      client: { "disable-certificate-verification": false, "use-tls": true },
      service: { enabled: false },
      "trusted-domains": [],
    },
  };
}
