import type { IContainer, IPodTemplateSpec, IProbe, IVolume } from "kubernetes-models/v1";
import { LABEL } from "../api/group.ts";
import type { Resources } from "../practice/sizing.ts";
import type { Practice } from "../practice/practice.ts";
import type { Role } from "../practice/names.ts";

/** Labels that find the pods of a role: an immutable selector, so it never changes for a name. */
export function labels(practice: Practice, role: Role) {
  return {
    /** For Services and workload selectors. */
    selector: { [LABEL.practice]: practice.name, [LABEL.serves]: role },
    /** For pod templates. */
    pod: {
      [LABEL.practice]: practice.name,
      [LABEL.serves]: role,
      [LABEL.role]: role,
      [LABEL.name]: role,
      // An injected init container with NET_ADMIN breaks `restricted`, and a mesh breaks UDP.
      "sidecar.istio.io/inject": "false",
      "linkerd.io/inject": "disabled",
    },
  };
}

function standIn(practice: Practice, role: Role): Readonly<Record<string, string>> {
  const { [LABEL.serves]: _, ...others } = labels(practice, role).pod;
  return { ...others, [LABEL.name]: "probe" };
}

/** As it is by default, and stated, so that nobody else can keep former pods serving. */
export const REPLACE_PODS = { type: "RollingUpdate", rollingUpdate: { partition: 0 } } as const;

export interface ContainerParams extends Omit<IContainer, "resources" | "securityContext"> {
  readonly resources: Resources;
}

export interface PodParams {
  readonly role: Role;
  readonly serviceAccountName: string;
  /** Fixed uid and gid of the image's own user. */
  readonly user: number;
  readonly containers: readonly ContainerParams[];
  readonly initContainers?: readonly ContainerParams[];
  readonly volumes: readonly IVolume[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly terminationGracePeriodSeconds?: number;
  /** It takes the role's walls and never its traffic: no Service selects it. Absent: it is the role's own pod. */
  readonly standsIn?: true;
  /** Absent: always, as for everything that stays. */
  readonly restartPolicy?: "Never";
  readonly affinity?: NonNullable<IPodTemplateSpec["spec"]>["affinity"];
}

/**
 * A pod template that passes Pod Security `restricted`: non-root, read-only root, no privilege, no token,
 * no service environment. There is no way to loosen it.
 */
export function pod(practice: Practice, params: PodParams): IPodTemplateSpec {
  const { placement } = practice;
  return {
    metadata: {
      labels: params.standsIn ? standIn(practice, params.role) : labels(practice, params.role).pod,
      ...(params.annotations &&
        Object.keys(params.annotations).length > 0 && { annotations: { ...params.annotations } }),
    },
    spec: {
      serviceAccountName: params.serviceAccountName,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: params.user,
        runAsGroup: params.user,
        fsGroup: params.user,
        fsGroupChangePolicy: "OnRootMismatch",
        seccompProfile: { type: "RuntimeDefault" },
      },
      ...(params.affinity && { affinity: params.affinity }),
      ...(Object.keys(placement.nodeSelector).length > 0 && { nodeSelector: { ...placement.nodeSelector } }),
      ...(placement.tolerations.length > 0 && { tolerations: placement.tolerations.map((t) => ({ ...t })) }),
      ...(placement.priorityClassName && { priorityClassName: placement.priorityClassName }),
      ...(practice.imagePullSecrets.length > 0 && {
        imagePullSecrets: practice.imagePullSecrets.map((name) => ({ name })),
      }),
      ...(params.terminationGracePeriodSeconds !== undefined && {
        terminationGracePeriodSeconds: params.terminationGracePeriodSeconds,
      }),
      ...(params.restartPolicy && { restartPolicy: params.restartPolicy }),
      ...(params.initContainers && { initContainers: params.initContainers.map(hardened) }),
      containers: params.containers.map(hardened),
      volumes: [...params.volumes],
    },
  };
}

function hardened({ resources, ...container }: ContainerParams): IContainer {
  return {
    imagePullPolicy: "IfNotPresent",
    ...container,
    resources: {
      requests: { cpu: resources.cpu, memory: resources.memory },
      limits: { memory: resources.memory },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
    },
  };
}

/** Probes of one container: the same check starts it (up to `startSeconds`), keeps it in service and restarts it. */
export function probes(check: Pick<IProbe, "httpGet" | "exec" | "tcpSocket">, startSeconds = 60) {
  return {
    startupProbe: { ...check, periodSeconds: 2, failureThreshold: Math.ceil(startSeconds / 2), timeoutSeconds: 2 },
    readinessProbe: { ...check, periodSeconds: 5, failureThreshold: 3, timeoutSeconds: 2 },
    livenessProbe: { ...check, periodSeconds: 20, failureThreshold: 6, timeoutSeconds: 5 },
  } satisfies Partial<IContainer>;
}
