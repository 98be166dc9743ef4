import type { IStatefulSet } from "kubernetes-models/apps/v1";
import type { IService, IVolume, IVolumeMount } from "kubernetes-models/v1";
import { ANNOTATION, LABEL } from "../../api/group.ts";
import type { Manifest } from "../../manifest.ts";
import type { Observed, Practice } from "../../practice/practice.ts";
import { claim } from "../claim.ts";
import type { Await, Component, Params, Party, Walls } from "../component.ts";
import { configuration } from "../configuration.ts";
import { configurationVolume, providerVolumes, scratchVolume, secretVariable } from "../jitsi/volumes.ts";
import { type ContainerParams, labels, pod, probes, REPLACE_PODS } from "../kube.ts";
import { outside, providerEdges } from "../outside.ts";
import { recorded } from "../record.ts";
import {
  DATABASE_CA,
  homeserverYaml,
  OIDC_FILES,
  PROOF_FILE,
  PROOF_FILES,
  SYNAPSE_FILES,
  SYNAPSE_MODULES,
  SYNAPSE_PORTS,
  SYNAPSE_SECRETS,
  SYNAPSE_VOLUME,
  synapseLogYaml,
} from "./homeserver.ts";
import { POSTGRES_PORT } from "./postgres-config.ts";

/** The homeserver: encrypted messages between the people of one practice, and nobody else. */
export const synapse: Component = { name: "synapse", build, awaits, walls };

function build(params: Params): readonly Manifest[] {
  const { practice, observed, assets } = params;
  const foundation: readonly Manifest[] = [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: metadata(practice), automountServiceAccountToken: false },
    claim(practice, observed, "synapse", practice.names.messagesVolume, practice.messaging.mediaStorage),
    service(practice),
  ];
  if (awaits(params).length > 0) return foundation;
  const files = configuration(practice, "synapse", {
    "homeserver.yaml": homeserverYaml(practice),
    "log.yaml": synapseLogYaml(),
  });
  const modules = configuration(practice, "synapse-rules", { "practice_policy.py": assets.practicePolicy });
  const maps = { files: files.metadata.name, modules: modules.metadata.name };
  return [...foundation, files, modules, statefulSet(practice, observed, maps)];
}

/** What runs goes on meanwhile: it has its Secrets since it was started. */
function awaits({ observed: { incompleteSecrets = [] } }: Params): readonly Await[] {
  return incompleteSecrets.map(({ name, keys }) => ({
    component: "synapse",
    reason: "SecretIncomplete",
    message: `Messaging waits for the Secret ${name}: it lacks ${keys.join(" and ")}. Please put that into it.`,
  }));
}

function walls({ practice }: Pick<Params, "practice">): Walls {
  const { database } = practice.messaging;
  const storage: { port: number; to: Party } =
    database.kind === "managed"
      ? { port: POSTGRES_PORT, to: { kind: "role", role: "postgres" } }
      : { port: database.port, to: outside(database.to) };
  return {
    role: "synapse",
    listens: [
      { port: SYNAPSE_PORTS.client, protocol: "TCP", from: { kind: "role", role: "front" } },
      { port: SYNAPSE_PORTS.client, protocol: "TCP", from: { kind: "role", role: "entry" } },
      { port: SYNAPSE_PORTS.openid, protocol: "TCP", from: { kind: "role", role: "entry" } },
    ],
    talksTo: [
      { ...storage, protocol: "TCP" },
      ...providerEdges(practice.staff),
      { port: 53, protocol: "UDP", to: { kind: "dns" } },
      { port: 53, protocol: "TCP", to: { kind: "dns" } },
    ],
  };
}

function metadata(practice: Practice) {
  return { name: practice.names.synapse, labels: { [LABEL.component]: "synapse" } };
}

function service(practice: Practice): Manifest & IService {
  const port = (name: keyof typeof SYNAPSE_PORTS) => ({
    name,
    port: SYNAPSE_PORTS[name],
    targetPort: name,
    protocol: "TCP" as const,
  });
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(practice),
    spec: { selector: labels(practice, "synapse").selector, ports: [port("client"), port("openid"), port("health")] },
  };
}

function statefulSet(
  practice: Practice,
  observed: Observed,
  maps: { files: string; modules: string },
): Manifest & IStatefulSet {
  return recorded(practice, {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: metadata(practice),
    spec: {
      replicas: 1,
      serviceName: practice.names.synapse,
      // A pod that cannot start would otherwise hold back the one that repairs it.
      podManagementPolicy: "Parallel",
      updateStrategy: REPLACE_PODS,
      revisionHistoryLimit: 2,
      selector: { matchLabels: labels(practice, "synapse").selector },
      template: pod(practice, {
        role: "synapse",
        serviceAccountName: practice.names.synapse,
        user: 991,
        annotations: givenSecrets(practice, observed),
        terminationGracePeriodSeconds: 60,
        containers: [container(practice, observed)],
        volumes: volumes(practice, observed, maps),
      }),
    },
  });
}

function container(practice: Practice, observed: Observed): ContainerParams {
  const port = (name: keyof typeof SYNAPSE_PORTS) => ({
    name,
    containerPort: SYNAPSE_PORTS[name],
    protocol: "TCP" as const,
  });
  return {
    name: "synapse",
    image: practice.images.synapse,
    command: ["python3", "-m", "synapse.app.homeserver", "-c", `${SYNAPSE_FILES}/homeserver.yaml`],
    env: [
      { name: "PYTHONPATH", value: SYNAPSE_MODULES },
      { name: "PYTHONDONTWRITEBYTECODE", value: "1" },
      // As the image's own start script does: memory goes back to the system.
      { name: "LD_PRELOAD", value: "libjemalloc.so.2" },
      ...databaseLogin(practice, observed),
    ],
    ports: [port("client"), port("openid"), port("health"), port("metrics")],
    // It changes its tables before it listens.
    ...probes({ httpGet: { path: "/health", port: "health" } }, 300),
    resources: practice.sizing.synapse,
    volumeMounts: mounts(practice),
  };
}

function databaseLogin({ messaging }: Practice, observed: Observed) {
  const { database } = messaging;
  if (database.kind === "managed") return [secretVariable("PGPASSWORD", observed.secrets.database, "password")];
  return [
    secretVariable("PGUSER", database.secretName, "username"),
    secretVariable("PGPASSWORD", database.secretName, "password"),
  ];
}

function mounts({ messaging, staff }: Practice): IVolumeMount[] {
  return [
    { name: "files", mountPath: SYNAPSE_FILES, readOnly: true },
    { name: "modules", mountPath: SYNAPSE_MODULES, readOnly: true },
    { name: "secrets", mountPath: SYNAPSE_SECRETS, readOnly: true },
    { name: "proof", mountPath: PROOF_FILES, readOnly: true },
    ...(databaseCa(messaging) ? [{ name: "database-ca", mountPath: DATABASE_CA, readOnly: true }] : []),
    ...(staff.oidc ? [{ name: "oidc", mountPath: OIDC_FILES, readOnly: true }] : []),
    { name: "data", mountPath: SYNAPSE_VOLUME },
    { name: "tmp", mountPath: "/tmp" },
  ];
}

function volumes(practice: Practice, observed: Observed, maps: { files: string; modules: string }): IVolume[] {
  const secret = (name: string, secretName: string, keys: readonly string[]): IVolume => ({
    name,
    secret: { secretName, items: keys.map((key) => ({ key, path: key })), defaultMode: 0o440 },
  });
  const ca = databaseCa(practice.messaging);
  return [
    configurationVolume("files", maps.files),
    configurationVolume("modules", maps.modules),
    secret("secrets", observed.secrets.synapse, ["signing.key", "macaroon-secret", "form-secret"]),
    proofVolume("proof"),
    ...(ca ? [secret("database-ca", ca, ["ca.crt"])] : []),
    ...providerVolumes(practice.staff),
    { name: "data", persistentVolumeClaim: { claimName: practice.names.messagesVolume } },
    scratchVolume("tmp", "128Mi"),
  ];
}

/**
 * What a command wrote on the pod, to prove that its user may. Without a command the file is empty. The kubelet writes
 * it anew as soon as it hears of the change (`WaitForAttachAndMount` of its volume manager), not once a minute.
 */
function proofVolume(name: string): IVolume {
  const fieldRef = { fieldPath: `metadata.annotations['${ANNOTATION.proof}']` };
  return { name, downwardAPI: { items: [{ path: PROOF_FILE, fieldRef }], defaultMode: 0o440 } };
}

function databaseCa({ database }: Practice["messaging"]): string | undefined {
  return database.kind === "external" ? database.caSecretName : undefined;
}

/** Rolls the pod when a Secret that the practice brought has a new content. */
function givenSecrets({ messaging, staff }: Practice, observed: Observed): Record<string, string> {
  const { database } = messaging;
  const ofDatabase = database.kind === "managed" ? [] : [database.secretName, database.caSecretName];
  const prints = [...ofDatabase, staff.oidc?.clientSecret.name].flatMap(
    (name) => (name && observed.secretFingerprints[name]) || [],
  );
  return prints.length > 0 ? { [ANNOTATION.secrets]: prints.join(".") } : {};
}
