import type { Manifest } from "../manifest.ts";
import { directives, readNginx } from "./nginx.ts";
import { type Check, violation } from "./policy.ts";
import { running } from "./programs.ts";
import { isObject, keysOf, readHocon, readJson, unmet } from "./settings.ts";

const CLOSED = { enabled: false };

export const adminOnLoopback: Check = {
  name: "admin-on-loopback",
  promise: "isolation",
  because:
    "The bridge and jicofo answer over HTTP to whoever reaches them, and their node always does, policies or not. " +
    "So they listen inside their pod only, with nothing that shows or moves calls; and so does what makes accounts.",
  violations: ({ objects }) => [
    ...loopback(objects, "jvb", {
      videobridge: {
        "http-servers": { private: { host: "127.0.0.1" }, public: { port: -1 } },
        apis: { rest: CLOSED },
        rest: { debug: CLOSED, rtcstats: CLOSED, shutdown: CLOSED, version: CLOSED },
      },
    }),
    ...loopback(objects, "jicofo", {
      jicofo: {
        rest: { host: "127.0.0.1", debug: CLOSED, pin: CLOSED, "move-endpoints": CLOSED, "conference-request": CLOSED },
      },
    }),
    ...running(objects, "nginx").flatMap(({ pod, configuration }) =>
      directives(configuration(readNginx) ?? [], "listen")
        .filter(({ args: [address = ""] }) => address !== "8080" && !address.startsWith("127.0.0.1:"))
        .map(() => violation(pod.workload, "nginx listens somewhere else than on port 8080 or inside the pod.")),
    ),
    ...running(objects, "synapse")
      .filter(({ configuration }) => !administrationInside(configuration(readJson)))
      .map(({ pod }) => violation(pod.workload, "People can be administered from outside Synapse's pod.")),
  ],
};

function administrationInside(homeserver: unknown): boolean {
  const listeners = isObject(homeserver) ? homeserver["listeners"] : undefined;
  return (Array.isArray(listeners) ? listeners : []).filter(isObject).every((listener) => {
    const inside = JSON.stringify(listener["bind_addresses"]) === '["127.0.0.1"]';
    return inside || !JSON.stringify(listener["additional_resources"] ?? {}).includes("PracticeAdministration");
  });
}

function loopback(objects: readonly Manifest[], program: "jvb" | "jicofo", expected: object) {
  return running(objects, program).flatMap(({ pod, configuration }) =>
    unmet(configuration(readHocon), expected).map((setting) =>
      violation(pod.workload, `${program}.conf does not keep its own HTTP inside the pod: ${setting}.`),
    ),
  );
}

export const daemonsKnowSignallingAlone: Check = {
  name: "daemons-know-signalling-alone",
  promise: "isolation",
  because:
    "Whoever the bridge or jicofo logs in to can start calls on them and have sound sent anywhere. They know the " +
    "practice's own Prosody, prove that it is it, and no other bridge. Former names of settings win over today's, so " +
    "none is there.",
  violations: ({ objects, practice }) => {
    const { meet } = practice.hosts;
    const brewery = `jvbbrewery@internal-muc.${meet}`;
    return [
      ...only(objects, "jvb", ["videobridge", "ice4j"], {
        videobridge: {
          apis: {
            "xmpp-client": {
              configs: {
                signalling: {
                  HOSTNAME: practice.names.signalling,
                  DOMAIN: `jvb.${meet}`,
                  MUC_JIDS: brewery,
                  DISABLE_CERTIFICATE_VERIFICATION: false,
                  SECURITY_MODE: "required",
                },
              },
            },
          },
          relay: CLOSED,
          websockets: CLOSED,
          octo: undefined,
        },
      }),
      ...only(objects, "jicofo", ["jicofo"], {
        jicofo: {
          bridge: { "brewery-jid": brewery },
          conference: { "enable-auto-owner": false },
          octo: CLOSED,
          visitors: CLOSED,
          xmpp: {
            client: {
              hostname: "127.0.0.1",
              domain: `auth.${meet}`,
              "client-proxy": `focus.${meet}`,
              "disable-certificate-verification": false,
              "use-tls": true,
            },
            service: CLOSED,
            visitors: undefined,
            "trusted-domains": [],
          },
        },
      }),
    ];
  },
};

/** Violations where a daemon's file has other sections, another connection, or is not what is expected. */
function only(objects: readonly Manifest[], program: "jvb" | "jicofo", sections: readonly string[], expected: object) {
  return running(objects, program).flatMap(({ pod, configuration }) => {
    const settings = configuration(readHocon);
    const foreign = keysOf(settings).filter(({ path }) => {
      const connection = /^videobridge\.apis\.xmpp-client\.configs\.([^.]+)$/.exec(path)?.[1];
      return path.includes(".") ? connection !== undefined && connection !== "signalling" : !sections.includes(path);
    });
    return [...foreign.map(({ path }) => path), ...unmet(settings, expected)].map((path) =>
      violation(pod.workload, `${program}.conf leads somewhere else than to the practice's signalling: ${path}.`),
    );
  });
}
