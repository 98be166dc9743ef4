import type { IJob } from "kubernetes-models/batch/v1";
import { LABEL } from "../../api/group.ts";
import type { Manifest } from "../../manifest.ts";
import type { Observed, Practice } from "../../practice/practice.ts";
import { scratchVolume, secretVariable } from "../jitsi/volumes.ts";
import { type ContainerParams, pod, type PodParams } from "../kube.ts";
import { SYNAPSE_VOLUME } from "./homeserver.ts";
import { databaseMounts, databaseVolumes, makeDatabase } from "./postgres.ts";
import { POSTGRES_DATA, POSTGRES_FILES, POSTGRES_SOCKETS, SYNAPSE_ROLE } from "./postgres-config.ts";

/** What `telehealth restore` makes and removes again; each Job fills one volume, with the user that owns it later. */
export interface Restore {
  readonly database: Manifest & IJob;
  readonly media: Manifest & IJob;
}

/** @param files the name of the ConfigMap of PostgreSQL. */
export function restoreJobs(practice: Practice, observed: Observed, files: string): Restore {
  const { messagesVolume, backup } = practice.names;
  // The entry page's own password is born with the practice and set then; until that, one that nobody knows.
  const secrets = { database: observed.secrets.database, entry: backup };
  return {
    database: job(practice, "database", {
      user: 999,
      initContainers: [makeDatabase(practice)],
      containers: [take(practice, "file", "/copy/database.dump", { name: "copy", mountPath: "/copy" }), load(practice)],
      volumes: [...databaseVolumes(practice, files, secrets), scratchVolume("copy", "100Gi")],
    }),
    media: job(practice, "media", {
      user: 991,
      containers: [take(practice, "folder", `${SYNAPSE_VOLUME}/media`, { name: "data", mountPath: SYNAPSE_VOLUME })],
      volumes: [{ name: "data", persistentVolumeClaim: { claimName: messagesVolume } }],
    }),
  };
}

type Part = Pick<PodParams, "user" | "containers" | "initContainers" | "volumes">;

function job(practice: Practice, part: keyof Restore, params: Part): Manifest & IJob {
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: `${practice.name}-restore-${part}`,
      namespace: practice.namespace,
      labels: { [LABEL.component]: "restore" },
    },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: 7200,
      template: pod(practice, {
        role: "backup",
        // The namespace has nothing of the practice yet.
        serviceAccountName: "default",
        restartPolicy: "Never",
        ...params,
      }),
    },
  };
}

function take(
  practice: Practice,
  kind: "file" | "folder",
  target: string,
  mount: { name: string; mountPath: string },
): ContainerParams {
  return {
    name: "take",
    image: practice.images.operator,
    command: ["node", "src/main.ts", "copy", kind, `--target=${target}`],
    env: [secretVariable("COPY_TOKEN", practice.names.backup, "token")],
    resources: { cpu: "50m", memory: "160Mi" },
    volumeMounts: [mount],
  };
}

function load(practice: Practice): ContainerParams {
  return {
    name: "load",
    image: practice.images.postgres,
    command: ["sh", "-c", loadDatabaseSh()],
    resources: practice.sizing.postgres,
    volumeMounts: [...databaseMounts(), { name: "copy", mountPath: "/copy", readOnly: true }],
  };
}

/**
 * Fills an empty database from a dump, in one transaction, by a PostgreSQL that only this container reaches. The
 * function of the pruner is in the dump as well, and is made anew at the next start. One-time keys are emptied: handed
 * out twice, they would break conversations (Synapse's docs/usage/administration/backups.md).
 */
export function loadDatabaseSh(): string {
  return `set -eu
export PGHOST=${POSTGRES_SOCKETS} PGUSER=postgres PGDATABASE=${SYNAPSE_ROLE}
data=${POSTGRES_DATA}
until [ -s /copy/database.dump ]; do sleep 1; done
pg_ctl start --silent -w -D "$data" -o "-c config_file=${POSTGRES_FILES}/postgresql.conf -c listen_addresses=" >&2
trap 'pg_ctl stop --silent -D "$data" -m fast' EXIT
if [ "$(psql -XAtc "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")" != 0 ]; then
  echo "The database is not empty, so nothing was restored." >&2
  exit 1
fi
psql -Xqc "DROP FUNCTION public.prune_residue()"
pg_restore --exit-on-error --single-transaction --dbname="$PGDATABASE" /copy/database.dump
psql -Xqc "TRUNCATE e2e_one_time_keys_json"
`;
}
