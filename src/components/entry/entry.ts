import type { IDeployment } from "kubernetes-models/apps/v1";
import type { IService } from "kubernetes-models/v1";
import type { Manifest } from "../../manifest.ts";
import { ANNOTATION, LABEL } from "../../api/group.ts";
import type { Observed, Practice } from "../../practice/practice.ts";
import type { Component, Params, Party, Walls } from "../component.ts";
import { XMPP_INTERNAL_PORT } from "../jitsi/xmpp.ts";
import { labels, pod, probes } from "../kube.ts";
import { SYNAPSE_PORTS } from "../matrix/homeserver.ts";
import { POSTGRES_PORT } from "../matrix/postgres-config.ts";
import { outside, providerEdges } from "../outside.ts";
import { ENTRY_PORT, environment } from "./environment.ts";
import { entryMounts, entryVolumes } from "./volumes.ts";

/** The page where patients and staff come in: the operator's own image, without any right in the cluster. */
export const entry: Component = { name: "entry", build, walls };

function build({ practice, observed }: Params): readonly Manifest[] {
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: metadata(practice), automountServiceAccountToken: false },
    service(practice),
    deployment(practice, observed),
  ];
}

function walls({ practice }: Pick<Params, "practice">): Walls {
  const { database } = practice.messaging;
  const storage: { port: number; to: Party } =
    database.kind === "managed"
      ? { port: POSTGRES_PORT, to: { kind: "role", role: "postgres" } }
      : { port: database.port, to: outside(database.to) };
  return {
    role: "entry",
    listens: [{ port: ENTRY_PORT, protocol: "TCP", from: { kind: "role", role: "front" } }],
    talksTo: [
      // Who waits, who may come in, whose link is no longer good.
      { port: XMPP_INTERNAL_PORT, protocol: "TCP", to: { kind: "role", role: "signalling" } },
      // What was used up or taken back.
      { ...storage, protocol: "TCP" },
      // Whose password that is, whose token, and what they may in a room.
      { port: SYNAPSE_PORTS.client, protocol: "TCP", to: { kind: "role", role: "synapse" } },
      { port: SYNAPSE_PORTS.openid, protocol: "TCP", to: { kind: "role", role: "synapse" } },
      ...providerEdges(practice.staff),
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
        annotations: givenSecrets(practice, observed),
        containers: [
          {
            name: "entry",
            image: practice.images.operator,
            command: ["node", ...memory(practice), "src/main.ts", "entry"],
            env: environment(practice, observed),
            ports: [{ name: "http", containerPort: ENTRY_PORT, protocol: "TCP" }],
            ...probes({ httpGet: { path: "/-/ready", port: "http" } }),
            resources: practice.sizing.entry,
            volumeMounts: entryMounts(practice),
          },
        ],
        volumes: entryVolumes(practice, observed),
      }),
    },
  };
}

/** Rolls the pod when a Secret that the practice brought, and this page reads, has a new content. */
function givenSecrets({ messaging, staff }: Practice, { secretFingerprints }: Observed): Record<string, string> {
  const { database } = messaging;
  const names = [staff.oidc?.clientSecret.name, database.kind === "external" ? database.secretName : undefined];
  const prints = names.flatMap((name) => (name && secretFingerprints[name]) || []);
  return prints.length > 0 ? { [ANNOTATION.secrets]: prints.join(".") } : {};
}

/**
 * What Node may use for objects: half of what the pod may use, and a small nursery, so that a crowd makes it slower and
 * does not end it. As arguments: variables for Node could load code.
 */
function memory({ sizing }: Practice): string[] {
  const mebibytes = Number.parseInt(sizing.entry.memory, 10);
  return [`--max-old-space-size=${Math.floor(mebibytes / 2)}`, "--max-semi-space-size=2"];
}
