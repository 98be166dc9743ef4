import type { IDeployment } from "kubernetes-models/apps/v1";
import type { IService } from "kubernetes-models/v1";
import { LABEL } from "../../api/group.ts";
import type { Manifest } from "../../manifest.ts";
import type { Observed, Practice } from "../../practice/practice.ts";
import { stunUrls } from "../bridge/addresses.ts";
import type { Component, Params, Walls } from "../component.ts";
import { XMPP_INTERNAL_PORT } from "../jitsi/xmpp.ts";
import { labels, pod, probes } from "../kube.ts";
import { SYNAPSE_PORTS } from "../matrix/homeserver.ts";

export const ENTRY_PORT = 8080;

/** The page where patients and staff come in: the operator's own image, without any right in the cluster. */
export const entry: Component = { name: "entry", build, walls };

function build({ practice, observed }: Params): readonly Manifest[] {
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: metadata(practice), automountServiceAccountToken: false },
    service(practice),
    deployment(practice, observed),
  ];
}

function walls(): Walls {
  return {
    role: "entry",
    listens: [{ port: ENTRY_PORT, protocol: "TCP", from: { kind: "role", role: "front" } }],
    talksTo: [
      // Who waits, who may come in, whose link is no longer good.
      { port: XMPP_INTERNAL_PORT, protocol: "TCP", to: { kind: "role", role: "signalling" } },
      // Whose token that is, and what they may in a room.
      { port: SYNAPSE_PORTS.openid, protocol: "TCP", to: { kind: "role", role: "synapse" } },
      { port: 53, protocol: "UDP", to: { kind: "dns" } },
      { port: 53, protocol: "TCP", to: { kind: "dns" } },
    ],
  };
}

function metadata(practice: Practice) {
  return { name: practice.names.entry, labels: { [LABEL.component]: "entry" } };
}

function service(practice: Practice): Manifest & IService {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(practice),
    spec: {
      selector: labels(practice, "entry").selector,
      ports: [{ name: "http", port: ENTRY_PORT, targetPort: "http", protocol: "TCP" }],
    },
  };
}

function deployment(practice: Practice, observed: Observed): Manifest & IDeployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: metadata(practice),
    spec: {
      replicas: 1,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      revisionHistoryLimit: 2,
      selector: { matchLabels: labels(practice, "entry").selector },
      template: pod(practice, {
        role: "entry",
        serviceAccountName: practice.names.entry,
        user: 65532,
        containers: [
          {
            name: "entry",
            image: practice.images.operator,
            command: ["node", "src/main.ts", "entry"],
            env: environment(practice, observed),
            ports: [{ name: "http", containerPort: ENTRY_PORT, protocol: "TCP" }],
            ...probes({ httpGet: { path: "/-/ready", port: "http" } }),
            resources: practice.sizing.entry,
          },
        ],
        volumes: [],
      }),
    },
  };
}

/** Only what has a value: the API server drops empty ones, and would be asked to take them again. */
function environment({ locale, legal }: Practice, observed: Observed) {
  const values = {
    ENTRY_PORT: String(ENTRY_PORT),
    ENTRY_LOCALE: locale,
    ENTRY_IMPRINT_URL: legal.imprintUrl,
    ENTRY_PRIVACY_URL: legal.privacyUrl,
    ENTRY_STUN: stunUrls(observed).join(" "),
  };
  return Object.entries(values).flatMap(([name, value]) => (value ? [{ name, value }] : []));
}
