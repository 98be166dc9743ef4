import type { ICronJob } from "kubernetes-models/batch/v1";
import { LABEL } from "../../api/group.ts";
import type { Manifest } from "../../manifest.ts";
import type { Practice } from "../../practice/practice.ts";
import type { Component, Params } from "../component.ts";
import { secretVariable } from "../jitsi/volumes.ts";
import { type ContainerParams, labels, pod, type PodParams } from "../kube.ts";
import { databaseClient } from "./database-client.ts";
import { SYNAPSE_VOLUME } from "./homeserver.ts";
import { SYNAPSE_ROLE } from "./postgres-config.ts";

/**
 * The pod of `telehealth backup`, ready to be started: a CronJob that never runs by itself, so that what may run in a
 * practice is all rendered and checked. The database first, then the uploads: every file that the database knows is
 * there then, unless it was removed in between. It talks to the database alone, and what it copied leaves by a port-forward.
 */
export const backup: Component = {
  name: "backup",
  build,
  walls: ({ practice }) => databaseClient("backup", practice),
};

function build({ practice, observed }: Params): readonly Manifest[] {
  if (practice.messaging.database.kind !== "managed") return [];
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: metadata(practice), automountServiceAccountToken: false },
    cronJob(practice, observed.secrets.database),
  ];
}

function metadata(practice: Practice) {
  return { name: practice.names.backup, labels: { [LABEL.component]: "backup" } };
}

function cronJob(practice: Practice, secretName: string): Manifest & ICronJob {
  return {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: metadata(practice),
    spec: {
      suspend: true,
      schedule: "0 0 1 1 *",
      timeZone: "Etc/UTC",
      concurrencyPolicy: "Forbid",
      jobTemplate: {
        spec: {
          backoffLimit: 0,
          // Left alone it ends by itself, and nothing of it stays.
          activeDeadlineSeconds: 7200,
          ttlSecondsAfterFinished: 60,
          template: pod(practice, {
            role: "backup",
            serviceAccountName: practice.names.backup,
            // Synapse's own, because the uploads are.
            user: 991,
            restartPolicy: "Never",
            affinity: onTheNodeOf(practice, "synapse"),
            initContainers: [dump(practice, secretName)],
            containers: [give(practice)],
            volumes: [
              { name: "copy", emptyDir: {} },
              { name: "nothing", emptyDir: { sizeLimit: "1Mi" } },
              { name: "data", persistentVolumeClaim: { claimName: practice.names.messagesVolume, readOnly: true } },
            ],
          }),
        },
      },
    },
  };
}

/** A volume of one writer is with one node; the copy is made there. */
function onTheNodeOf(practice: Practice, role: "synapse"): NonNullable<PodParams["affinity"]> {
  const labelSelector = { matchLabels: labels(practice, role).selector };
  return {
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "kubernetes.io/hostname", labelSelector }],
    },
  };
}

/**
 * Keys that clients hand out once are left out: after a restore they would be handed out twice (Synapse's
 * docs/usage/administration/backups.md).
 */
function dump(practice: Practice, secretName: string): ContainerParams {
  return {
    name: "dump",
    image: practice.images.postgres,
    command: [
      "pg_dump",
      "--format=custom",
      "--no-password",
      "--exclude-table-data=e2e_one_time_keys_json",
      `--host=${practice.names.postgres}`,
      `--username=${SYNAPSE_ROLE}`,
      `--dbname=${SYNAPSE_ROLE}`,
      "--file=/copy/database.dump",
    ],
    env: [secretVariable("PGPASSWORD", secretName, "password")],
    resources: { cpu: "50m", memory: "128Mi" },
    volumeMounts: [
      { name: "copy", mountPath: "/copy" },
      { name: "nothing", mountPath: "/var/lib/postgresql/data", readOnly: true },
    ],
  };
}

function give(practice: Practice): ContainerParams {
  return {
    name: "give",
    image: practice.images.operator,
    command: [
      "node",
      "src/main.ts",
      "copy",
      "give",
      "--database=/copy/database.dump",
      `--media=${SYNAPSE_VOLUME}/media`,
    ],
    env: [secretVariable("COPY_TOKEN", practice.names.backup, "token")],
    resources: { cpu: "50m", memory: "160Mi" },
    volumeMounts: [
      { name: "copy", mountPath: "/copy", readOnly: true },
      { name: "data", mountPath: SYNAPSE_VOLUME, readOnly: true },
    ],
  };
}
