import type { ICronJob } from "kubernetes-models/batch/v1";
import { LABEL } from "../../api/group.ts";
import type { Manifest } from "../../manifest.ts";
import { contentHash } from "../../practice/names.ts";
import type { Practice } from "../../practice/practice.ts";
import type { Component, Params } from "../component.ts";
import { scratchVolume, secretVariable } from "../jitsi/volumes.ts";
import { type ContainerParams, pod } from "../kube.ts";
import { databaseClient } from "./database-client.ts";
import { PRUNER_ROLE, SYNAPSE_ROLE } from "./postgres-config.ts";

/**
 * Takes out of the database each night what Synapse keeps of its people's habits and no setting of it removes. Its
 * role can do nothing but call the one function of `pruner.sql`. Somebody else's database is not ours to add a role to:
 * there whoever runs it schedules the same statements.
 */
export const pruner: Component = {
  name: "pruner",
  build,
  walls: ({ practice }) => databaseClient("pruner", practice),
};

function build({ practice, observed }: Params): readonly Manifest[] {
  if (practice.messaging.database.kind !== "managed") return [];
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: metadata(practice), automountServiceAccountToken: false },
    cronJob(practice, observed.secrets.database),
  ];
}

function metadata(practice: Practice) {
  return { name: practice.names.pruner, labels: { [LABEL.component]: "pruner" } };
}

function cronJob(practice: Practice, secretName: string): Manifest & ICronJob {
  return {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: metadata(practice),
    spec: {
      schedule: `${minute(practice)} 3 * * *`,
      timeZone: "Etc/UTC",
      concurrencyPolicy: "Forbid",
      startingDeadlineSeconds: 3600,
      // Nothing is left of one that went well; of one that did not, enough to see why.
      successfulJobsHistoryLimit: 0,
      failedJobsHistoryLimit: 1,
      jobTemplate: {
        spec: {
          backoffLimit: 2,
          activeDeadlineSeconds: 900,
          template: pod(practice, {
            role: "pruner",
            serviceAccountName: practice.names.pruner,
            user: 999,
            restartPolicy: "Never",
            containers: [container(practice, secretName)],
            volumes: [scratchVolume("tmp", "1Mi")],
          }),
        },
      },
    },
  };
}

/** Practices of a cluster do not all begin at once. */
function minute({ namespace, name }: Practice): number {
  return Number.parseInt(contentHash({ namespace, name }), 16) % 60;
}

function container(practice: Practice, secretName: string): ContainerParams {
  return {
    name: "pruner",
    image: practice.images.postgres,
    command: [
      "psql",
      "--no-psqlrc",
      "--quiet",
      `--host=${practice.names.postgres}`,
      `--dbname=${SYNAPSE_ROLE}`,
      `--username=${PRUNER_ROLE}`,
      "--command=SELECT prune_residue()",
    ],
    env: [secretVariable("PGPASSWORD", secretName, "pruner-password")],
    resources: { cpu: "10m", memory: "32Mi" },
    // Over the volume that the image declares, so that none is made there.
    volumeMounts: [{ name: "tmp", mountPath: "/var/lib/postgresql/data" }],
  };
}
