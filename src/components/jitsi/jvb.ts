import { familyOf, type IpFamily, isPrivate } from "../../practice/addresses.ts";
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
 * `addresses` are advertised to clients, all of them; `first` is the family of `POD_IP`.
 */
export function jvbConf(practice: Practice, addresses: readonly MediaAddress[], first: IpFamily): string {
  return hocon({
    videobridge: merged(bridgeDefaults(practice), bridgeEnforced(practice, addresses)),
    ice4j: merged(
      { harvest: { mapping: { "static-mappings": staticMappings(practice, addresses, first) } } },
      iceEnforced(),
    ),
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

/** No pod address reaches a client without need, nothing dumps calls or packets, and HTTP answers inside the pod only. */
function bridgeEnforced(practice: Practice, addresses: readonly MediaAddress[]): Settings {
  return {
    apis: {
      "xmpp-client": {
        configs: { signalling: { DISABLE_CERTIFICATE_VERIFICATION: false, SECURITY_MODE: "required" } },
      },
      rest: { enabled: false },
    },
    ice: {
      udp: { port: bridgePort(practice) },
      // The bridge does not tell a private address of a load balancer or a node from its pod's own.
      "advertise-private-candidates": addresses.some(({ ip }) => isPrivate(ip)),
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
      // These reach nobody but the pod itself, which needs them to wait for the end of a call.
      drain: { enabled: true },
      prometheus: { enabled: true },
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
    harvest: {
      "use-link-local-addresses": false,
      mapping: { aws: { enabled: false, force: false }, stun: { addresses: [] } },
    },
    "redact-remote-addresses": true,
  };
}

/**
 * Each public address stands for a local one of its own family. Nothing tells a pod its second address by itself, but
 * the kubelet writes both beside the pod's name into /etc/hosts, and ice4j looks names up.
 */
function staticMappings(practice: Practice, addresses: readonly MediaAddress[], first: IpFamily) {
  return addresses.map(({ ip, port }) => ({
    "local-address": fromEnvironment(familyOf(ip) === first ? "POD_IP" : "POD_NAME"),
    "local-port": bridgePort(practice),
    "public-address": ip,
    "public-port": port,
  }));
}
