import type { IStatefulSet } from "kubernetes-models/apps/v1";
import type { IService, IVolume, IVolumeMount } from "kubernetes-models/v1";
import { LABEL } from "../../api/group.ts";
import type { Manifest } from "../../manifest.ts";
import type { Observed, Practice } from "../../practice/practice.ts";
import { claim } from "../claim.ts";
import type { Component, Params, Walls } from "../component.ts";
import { configuration } from "../configuration.ts";
import { configurationVolume, scratchVolume } from "../jitsi/volumes.ts";
import { type ContainerParams, labels, pod, probes, REPLACE_PODS } from "../kube.ts";
import { recorded } from "../record.ts";
import {
  entrySql,
  makeDatabaseSh,
  pgHbaConf,
  POSTGRES_DATA,
  POSTGRES_FILES,
  POSTGRES_PORT,
  POSTGRES_SECRETS,
  POSTGRES_SOCKETS,
  POSTGRES_VOLUME,
  postgresqlConf,
  prunerSql,
} from "./postgres-config.ts";

/** A PostgreSQL of the practice's own, unless its database is somewhere else. */
export const postgres: Component = { name: "postgres", build, walls };

function build({ practice, observed }: Params): readonly Manifest[] {
  const { database } = practice.messaging;
  if (database.kind !== "managed") return [];
  const files = configuration(practice, "postgres", {
    "postgresql.conf": postgresqlConf(practice.sizing.postgres),
    "pg_hba.conf": pgHbaConf(),
    "make-database.sh": makeDatabaseSh(),
    "pruner.sql": prunerSql(),
    "entry.sql": entrySql(),
  });
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: metadata(practice), automountServiceAccountToken: false },
    files,
    claim(practice, observed, "postgres", practice.names.databaseVolume, database.storage),
    service(practice),
    statefulSet(practice, files.metadata.name, observed.secrets),
  ];
}

function walls({ practice }: Pick<Params, "practice">): Walls {
  const managed = practice.messaging.database.kind === "managed";
  return {
    role: "postgres",
    listens: managed
      ? (["synapse", "pruner", "backup", "entry"] as const).map((role) => ({
          port: POSTGRES_PORT,
          protocol: "TCP",
          from: { kind: "role", role },
        }))
      : [],
    talksTo: [],
  };
}

function metadata(practice: Practice) {
  return { name: practice.names.postgres, labels: { [LABEL.component]: "postgres" } };
}

function service(practice: Practice): Manifest & IService {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(practice),
    spec: {
      selector: labels(practice, "postgres").selector,
      ports: [{ name: "postgres", port: POSTGRES_PORT, targetPort: "postgres", protocol: "TCP" }],
    },
  };
}

function statefulSet(practice: Practice, configMap: string, secrets: Observed["secrets"]): Manifest & IStatefulSet {
  return recorded(practice, {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: metadata(practice),
    spec: {
      replicas: 1,
      serviceName: practice.names.postgres,
      // A pod that cannot start would otherwise hold back the one that repairs it.
      podManagementPolicy: "Parallel",
      updateStrategy: REPLACE_PODS,
      revisionHistoryLimit: 2,
      selector: { matchLabels: labels(practice, "postgres").selector },
      template: pod(practice, {
        role: "postgres",
        serviceAccountName: practice.names.postgres,
        user: 999,
        terminationGracePeriodSeconds: 60,
        initContainers: [makeDatabase(practice)],
        containers: [container(practice)],
        volumes: databaseVolumes(practice, configMap, secrets),
      }),
    },
  });
}

/** What the two containers of the database see. @param configMap holds its files. */
export function databaseVolumes(practice: Practice, configMap: string, secrets: DatabaseSecrets): IVolume[] {
  return [
    configurationVolume("postgres", configMap),
    passwords(secrets),
    { name: "data", persistentVolumeClaim: { claimName: practice.names.databaseVolume } },
    scratchVolume("sockets", "1Mi"),
    scratchVolume("tmp", "16Mi"),
  ];
}

type DatabaseSecrets = Pick<Observed["secrets"], "database" | "entry">;

function passwords({ database, entry }: DatabaseSecrets): IVolume {
  const source = (name: string, files: Readonly<Record<string, string>>) => ({
    secret: { name, items: Object.entries(files).map(([key, path]) => ({ key, path })) },
  });
  return {
    name: "passwords",
    projected: {
      sources: [
        source(database, { password: "password", "pruner-password": "pruner-password" }),
        source(entry, { "database-password": "entry-password" }),
      ],
      defaultMode: 0o440,
    },
  };
}

/** Where the database's own program finds its files. */
export function databaseMounts(): IVolumeMount[] {
  return [
    { name: "postgres", mountPath: POSTGRES_FILES, readOnly: true },
    { name: "data", mountPath: POSTGRES_VOLUME },
    { name: "sockets", mountPath: POSTGRES_SOCKETS },
    { name: "tmp", mountPath: "/tmp" },
  ];
}

/** Makes a database unless there is one; also before a restore. */
export function makeDatabase(practice: Practice): ContainerParams {
  return {
    name: "make-database",
    image: practice.images.postgres,
    command: ["sh", `${POSTGRES_FILES}/make-database.sh`],
    terminationMessagePolicy: "FallbackToLogsOnError",
    resources: practice.sizing.postgres,
    volumeMounts: [
      { name: "postgres", mountPath: POSTGRES_FILES, readOnly: true },
      { name: "passwords", mountPath: POSTGRES_SECRETS, readOnly: true },
      { name: "data", mountPath: POSTGRES_VOLUME },
      { name: "tmp", mountPath: "/tmp" },
    ],
  };
}

/** The image's stop signal is SIGINT: PostgreSQL ends its sessions and shuts down cleanly, it does not wait for them. */
function container(practice: Practice): ContainerParams {
  return {
    name: "postgres",
    image: practice.images.postgres,
    command: ["postgres", "-D", POSTGRES_DATA, "-c", `config_file=${POSTGRES_FILES}/postgresql.conf`],
    // Its log speaks of itself alone, see `postgresqlConf`.
    terminationMessagePolicy: "FallbackToLogsOnError",
    ports: [{ name: "postgres", containerPort: POSTGRES_PORT, protocol: "TCP" }],
    ...probes({ exec: { command: ["pg_isready", "--quiet", `--host=${POSTGRES_SOCKETS}`] } }, 300),
    resources: practice.sizing.postgres,
    volumeMounts: databaseMounts(),
  };
}
