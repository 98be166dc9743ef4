import type { MediaAddress, Practice } from "../../practice/practice.ts";
import { merged, type Settings } from "../merge.ts";
import { fromEnvironment, hocon } from "./hocon.ts";
import { brewery, BRIDGE_USER, xmppDomains, XMPP_PORT } from "./xmpp.ts";

/** Where the bridge answers over HTTP, inside its pod only. */
export const JVB_HTTP_PORT = 8080;

/** The port on which the bridge listens in its pod: the one everybody knows, unless only root could. */
export function bridgePort(practice: Pick<Practice, "video">): number {
  const { port } = practice.video.media;
  return port >= 1024 ? port : 10_000;
}

/**
 * `jvb.conf`, whole. Read with `POD_IP`, `POD_NAME` and `JVB_PASSWORD` in the environment.
 * `addresses` are advertised to clients, all of them.
 */
export function jvbConf(practice: Practice, addresses: readonly MediaAddress[]): string {
  return hocon({
    videobridge: merged(bridgeDefaults(practice), bridgeEnforced(practice)),
    ice4j: merged({ harvest: { mapping: { "static-mappings": staticMappings(practice, addresses) } } }, iceEnforced()),
  });
}

function bridgeDefaults(practice: Practice): Settings {
  return {
    // All five of the connection's values are needed: an incomplete one is dropped without a word.
    apis: {
      "xmpp-client": {
        configs: {
          signalling: {
            HOSTNAME: practice.names.signalling,
            PORT: XMPP_PORT,
            DOMAIN: xmppDomains(practice).bridge,
            USERNAME: BRIDGE_USER,
            PASSWORD: fromEnvironment("JVB_PASSWORD"),
            MUC_JIDS: brewery(practice),
            MUC_NICKNAME: fromEnvironment("POD_NAME"),
          },
        },
      },
    },
    // With a private load balancer the bridge would otherwise never be healthy.
    health: { "require-valid-address": false },
  };
}

/** No pod address reaches a client, nothing dumps calls or packets, and HTTP answers inside the pod only. */
function bridgeEnforced(practice: Practice): Settings {
  return {
    apis: {
      "xmpp-client": {
        configs: { signalling: { DISABLE_CERTIFICATE_VERIFICATION: false, SECURITY_MODE: "required" } },
      },
      rest: { enabled: false },
    },
    ice: {
      udp: { port: bridgePort(practice) },
      "advertise-private-candidates": false,
      // A client could otherwise make the bridge look up names.
      "resolve-remote-candidates": false,
    },
    "http-servers": {
      private: { host: "127.0.0.1", port: JVB_HTTP_PORT, "send-server-version": false },
      public: { port: -1, "tls-port": -1 },
    },
    rest: {
      debug: { enabled: false },
      rtcstats: { enabled: false },
      shutdown: { enabled: false },
      version: { enabled: false },
      // Reaches nobody but the pod itself, which needs it to wait for the end of a call.
      drain: { enabled: true },
    },
    "redact-colibri-http-headers": true,
    "redact-remote-addresses": true,
    relay: { enabled: false },
    // The only way between client and bridge.
    sctp: { enabled: true },
    websockets: { enabled: false },
  };
}

/** Nobody outside is asked for our address, and no log tells anybody else's. */
function iceEnforced(): Settings {
  return {
    harvest: { mapping: { aws: { enabled: false, force: false }, stun: { addresses: [] } } },
    "redact-remote-addresses": true,
  };
}

function staticMappings(practice: Practice, addresses: readonly MediaAddress[]) {
  return addresses.map(({ ip, port }) => ({
    "local-address": fromEnvironment("POD_IP"),
    "local-port": bridgePort(practice),
    "public-address": ip,
    "public-port": port,
  }));
}
