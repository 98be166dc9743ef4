import type { IContainer, IPodSpec } from "kubernetes-models/v1";
import { ANNOTATION } from "../api/group.ts";
import { contentHash } from "../practice/names.ts";
import { containersOf, podTemplates } from "./pods.ts";
import { type Check, type PolicyInput, violation, type Violation } from "./policy.ts";
import { programOf } from "./programs.ts";
import { ofKind } from "./selectors.ts";

/** Volume types that Pod Security "restricted" allows and a practice uses. */
const VOLUMES = new Set(["name", "configMap", "secret", "emptyDir", "persistentVolumeClaim", "downwardAPI"]);
/** The one thing that a pod is shown of itself as a file. */
const PROOF = `metadata.annotations['${ANNOTATION.proof}']`;

function everyContainer(
  { objects }: PolicyInput,
  test: (container: IContainer, spec: IPodSpec) => string | false | undefined,
): Violation[] {
  return podTemplates(objects).flatMap(({ workload, spec }) =>
    containersOf(spec).flatMap((container) => {
      const message = test(container, spec);
      return message ? [violation(workload, `Container ${container.name} ${message}.`)] : [];
    }),
  );
}

export const podSecurityRestricted: Check = {
  name: "pod-security-restricted",
  promise: "hardening",
  because:
    'Every rule of the Pod Security Standard "restricted", so that a pod fits a namespace that enforces it, and so ' +
    "that a program that was taken over has nothing to climb on.",
  violations: (input) => [
    ...everyContainer(input, ({ securityContext: own = {} }, { securityContext: pod = {} }) => {
      const user = own.runAsUser ?? pod.runAsUser;
      if (!(own.runAsNonRoot ?? pod.runAsNonRoot) || user === 0) return "may run as root";
      if (own.privileged || own.procMount) return "is privileged";
      if (own.allowPrivilegeEscalation !== false) return "may gain privileges";
      if (own.capabilities?.add || !own.capabilities?.drop?.includes("ALL")) return "keeps capabilities";
      const seccomp = (own.seccompProfile ?? pod.seccompProfile)?.type;
      return seccomp !== "RuntimeDefault" && seccomp !== "Localhost" && "runs without a seccomp profile";
    }),
    ...podTemplates(input.objects).flatMap(({ workload, spec }) => [
      ...(spec.securityContext?.sysctls ? [violation(workload, "Its pods set kernel parameters.")] : []),
      ...(spec.volumes ?? [])
        .filter(({ projected, ...volume }) => {
          if (volume.downwardAPI?.items?.some(({ fieldRef }) => fieldRef?.fieldPath !== PROOF)) return true;
          // Several Secrets in one folder, and no token of the cluster among them.
          const ofSecrets = (projected?.sources ?? []).every((source) => Object.keys(source).join() === "secret");
          return !ofSecrets || !Object.keys(volume).every((key) => VOLUMES.has(key));
        })
        .map(({ name }) => violation(workload, `Volume ${name} is of a type that pods of a practice do not use.`)),
    ]),
  ],
};

export const readOnlyRoot: Check = {
  name: "read-only-root",
  promise: "hardening",
  because:
    "What a program cannot write, an intruder cannot leave behind; and nothing about a call is kept by accident.",
  violations: (input) =>
    everyContainer(
      input,
      ({ securityContext }) => !securityContext?.readOnlyRootFilesystem && "can write to its own image",
    ),
};

export const noServiceAccountToken: Check = {
  name: "no-service-account-token",
  promise: "hardening",
  because: "No program of a practice talks to the Kubernetes API, so none holds a key to it.",
  violations: ({ objects }) => [
    ...podTemplates(objects)
      .filter(({ spec }) => spec.automountServiceAccountToken !== false)
      .map(({ workload }) => violation(workload, "Its pods get a token for the Kubernetes API.")),
    ...ofKind(objects, "ServiceAccount")
      .filter((account) => account["automountServiceAccountToken"] !== false)
      .map((account) => violation(account, "It gives its pods a token for the Kubernetes API.")),
  ],
};

/** Names of environment variables that programs of a practice get. Others can load code or override configuration. */
const VARIABLES =
  /^(POD_IP|POD_NAME|JVB_PASSWORD|JICOFO_PASSWORD|TRUSTSTORE_PASSWORD|PYTHONPATH|PYTHONDONTWRITEBYTECODE|PGUSER|PGPASSWORD|COPY_TOKEN|ENTRY_[A-Z_]+|STUN_PORT|STUN_BRIDGE|PROBE_LISTEN|PROBE_DIAL)$/;

/** Where files of a practice are put into containers. Anywhere else they would stand in for the image's. */
const MOUNTS =
  /^\/(tmp|config|copy|data|modules|prosody-plugins-custom|usr\/share\/jitsi-meet\/transcripts|var\/lib\/(prosody|postgresql\/data)|run\/(postgresql|proof|secrets\/[a-z-]+)|etc\/(postgresql|synapse|element|jitsi\/[a-z]+))$/;

export const programsAsListed: Check = {
  name: "programs-as-listed",
  promise: "e2ee",
  because:
    "Every other check reads the configuration of a program that it finds by its command line. So a container starts " +
    "one of the known programs, directly, with nothing that overrides its file and no file in place of the image's.",
  violations: (input) =>
    everyContainer(input, (container) => {
      if (!programOf(container)) return "starts something else than a program of the practice";
      const foreign = container.env?.find(
        ({ name, value }) => !VARIABLES.test(name) && !(name === "LD_PRELOAD" && value === "libjemalloc.so.2"),
      );
      const mount = container.volumeMounts?.find(({ mountPath }) => !MOUNTS.test(mountPath));
      if (mount) return `has something of its own at ${mount.mountPath}`;
      if (container.envFrom) return "takes its environment from elsewhere";
      return foreign && `has the environment variable ${foreign.name}, which no program of a practice needs`;
    }),
};

export const configurationNamedByContent: Check = {
  name: "configuration-named-by-content",
  promise: "hardening",
  because:
    "An immutable ConfigMap that carries the hash of its content in its name cannot be changed under a running pod, " +
    "and a restart finds exactly what ran before.",
  violations: ({ objects, practice }) =>
    ofKind(objects, "ConfigMap")
      .filter(({ metadata }) => metadata.name !== practice.names.identity)
      .filter((map) => {
        const files = (map["data"] ?? {}) as Record<string, string>;
        const named = map.metadata.name.endsWith(`-${contentHash(files)}`);
        return !named || map["immutable"] !== true || map["binaryData"] !== undefined;
      })
      .map((map) => violation(map, "It can be changed, or holds something else than its name says.")),
};

export const noSecretRendered: Check = {
  name: "no-secret-rendered",
  promise: "hardening",
  because:
    "What is rendered goes to terminals, Git and goldens. Secrets are made once, in the cluster, and referred to by name.",
  violations: ({ objects }) =>
    ofKind(objects, "Secret").map((secret) => violation(secret, "A Secret must not be among the rendered objects.")),
};
