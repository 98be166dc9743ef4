import type { IDeployment } from "kubernetes-models/apps/v1";
import type { IService } from "kubernetes-models/v1";
import type { Manifest } from "../../manifest.ts";
import { ANNOTATION, LABEL } from "../../api/group.ts";
import type { Observed, Practice } from "../../practice/practice.ts";
import type { Component, Params, Walls } from "../component.ts";
import { XMPP_INTERNAL_PORT } from "../jitsi/xmpp.ts";
import { providerVolumes } from "../jitsi/volumes.ts";
import { labels, pod, probes } from "../kube.ts";
import { OIDC_FILES, SYNAPSE_PORTS } from "../matrix/homeserver.ts";
import { providerEdges } from "../outside.ts";

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

function walls({ practice }: Params): Walls {
  return {
    role: "entry",
    listens: [{ port: ENTRY_PORT, protocol: "TCP", from: { kind: "role", role: "front" } }],
    talksTo: [
      // Who waits, who may come in, whose link is no longer good.
      { port: XMPP_INTERNAL_PORT, protocol: "TCP", to: { kind: "role", role: "signalling" } },
      // Whose token that is, and what they may in a room.
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
            command: ["node", "src/main.ts", "entry"],
            env: environment(practice),
            ports: [{ name: "http", containerPort: ENTRY_PORT, protocol: "TCP" }],
            ...probes({ httpGet: { path: "/-/ready", port: "http" } }),
            resources: practice.sizing.entry,
            ...(practice.staff.oidc && { volumeMounts: [{ name: "oidc", mountPath: OIDC_FILES, readOnly: true }] }),
          },
        ],
        volumes: providerVolumes(practice.staff),
      }),
    },
  };
}

/** Only what has a value: the API server drops empty ones, and would be asked to take them again. */
function environment({ locale, legal, staff }: Practice) {
  const values = {
    ENTRY_PORT: String(ENTRY_PORT),
    ENTRY_LOCALE: locale,
    ENTRY_IMPRINT_URL: legal.imprintUrl,
    ENTRY_PRIVACY_URL: legal.privacyUrl,
    ENTRY_OIDC_ISSUER: staff.oidc?.issuer,
    ENTRY_OIDC_CLIENT_ID: staff.oidc?.clientId,
    ENTRY_OIDC_CLIENT_SECRET_FILE: staff.oidc && `${OIDC_FILES}/client-secret`,
    ENTRY_OIDC_CLAIM_NAME: staff.oidc?.claim.name,
    ENTRY_OIDC_CLAIM_VALUE: staff.oidc?.claim.value,
  };
  return Object.entries(values).flatMap(([name, value]) => (value ? [{ name, value }] : []));
}

/** Rolls the pod when the secret of the practice's client at its provider has a new content. */
function givenSecrets({ staff }: Practice, { secretFingerprints }: Observed): Record<string, string> {
  const print = staff.oidc && secretFingerprints[staff.oidc.clientSecret.name];
  return print ? { [ANNOTATION.secrets]: print } : {};
}
