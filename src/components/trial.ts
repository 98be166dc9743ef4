import type { IStatefulSet } from "kubernetes-models/apps/v1";
import type { IJob } from "kubernetes-models/batch/v1";
import type { IContainer, IPodSpec, IVolume } from "kubernetes-models/v1";
import { ANNOTATION, LABEL } from "../api/group.ts";
import type { Manifest } from "../manifest.ts";
import type { Practice } from "../practice/practice.ts";
import type { Component } from "./component.ts";
import { PROSODY_PATHS } from "./jitsi/prosody.ts";
import { scratchVolume } from "./jitsi/volumes.ts";
import { type ContainerParams, pod } from "./kube.ts";
import { SYNAPSE_FILES } from "./matrix/homeserver.ts";
import { POSTGRES_FILES, POSTGRES_VOLUME } from "./matrix/postgres-config.ts";

/** How a program checks its own configuration and ends, by container. Resident memory was measured, with room to spare. */
const CHECKS: Readonly<Record<string, { readonly command: readonly string[]; readonly memory: string }>> = {
  synapse: { command: ["python3", "-m", "synapse.config", "-c", `${SYNAPSE_FILES}/homeserver.yaml`], memory: "256Mi" },
  prosody: {
    command: ["prosodyctl", "--config", `${PROSODY_PATHS.configuration}/prosody.cfg.lua`, "check", "config"],
    memory: "96Mi",
  },
  // Reads its whole file to answer, and looks at no data; it only wants the folder to be there.
  postgres: {
    command: `postgres -D ${POSTGRES_VOLUME} -c config_file=${POSTGRES_FILES}/postgresql.conf -C max_connections`.split(
      " ",
    ),
    memory: "64Mi",
  },
  // These two know no check: only that image, files and Secrets are there is tried.
  jicofo: { command: ["java", "-version"], memory: "96Mi" },
  jvb: { command: ["java", "-version"], memory: "96Mi" },
};

/** How long a trial may run, an image's download included. Where there is no room for its pod it waits. */
const LONGEST_SECONDS = 600;

/** The account of pods that try a configuration. They listen to nobody and talk to nobody, so they need no wall. */
export const trial: Component = { name: "trial", build: ({ practice }) => [account(practice)] };

function account({ names }: Practice): Manifest {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: names.trial, labels: { [LABEL.component]: "trial" } },
    automountServiceAccountToken: false,
  };
}

/**
 * One Job for each workload of which a single pod ends before the next one starts: the same images with the same files
 * and Secrets, and instead of the programs their own checks. Data are left out, and the network is closed. The front
 * and the entry page need none: there the next pod has to be ready before the former one ends.
 */
export function trialsOf(practice: Practice, built: readonly Manifest[]): readonly Manifest[] {
  return built
    .filter(({ kind }) => kind === "StatefulSet")
    .map((workload) => trialOf(practice, workload as Manifest & IStatefulSet));
}

function trialOf(practice: Practice, { metadata, spec }: Manifest & IStatefulSet): Manifest & IJob {
  const { template } = spec as NonNullable<IStatefulSet["spec"]>;
  const source = template.spec as IPodSpec;
  const containers = source.containers.flatMap((container) => tried(container));
  const mounted = new Set(containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name)));
  const secrets = template.metadata?.annotations?.[ANNOTATION.secrets];
  const made = pod(practice, {
    role: "trial",
    serviceAccountName: practice.names.trial,
    user: source.securityContext?.runAsUser ?? 0,
    restartPolicy: "Never",
    containers,
    volumes: (source.volumes ?? []).filter(({ name }) => mounted.has(name)).map(withoutData),
    ...(secrets !== undefined && { annotations: { [ANNOTATION.secrets]: secrets } }),
  });
  const job: NonNullable<IJob["spec"]> = {
    backoffLimit: 3,
    podFailurePolicy: {
      rules: [
        // Only what a check says of itself is a verdict: whoever was killed is tried again.
        { action: "FailJob", onExitCodes: { operator: "NotIn", values: [137, 143] } },
        { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
      ],
    },
    template: { ...made, spec: { ...(made.spec as IPodSpec), activeDeadlineSeconds: LONGEST_SECONDS } },
  };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: practice.names.trialOf(JSON.stringify(job)), labels: { ...metadata.labels } },
    spec: job,
  };
}

/** A container with a check in place of its program: nothing that listens, asks or waits. */
function tried({ name, image, env, volumeMounts }: IContainer): ContainerParams[] {
  const check = CHECKS[name];
  if (!check || !image) return [];
  return [
    {
      name,
      image,
      command: [...check.command],
      ...(env && { env }),
      ...(volumeMounts && { volumeMounts }),
      // What a check says is told to the operator: it runs before anybody is served, so it speaks of nobody.
      terminationMessagePolicy: "FallbackToLogsOnError",
      resources: { cpu: "10m", memory: check.memory },
    },
  ];
}

/** The running pod has the volume, and nothing of it is to be touched. */
function withoutData(volume: IVolume): IVolume {
  return volume.persistentVolumeClaim ? scratchVolume(volume.name, "1Mi") : volume;
}
