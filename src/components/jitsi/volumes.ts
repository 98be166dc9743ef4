import type { IVolume, IVolumeMount } from "kubernetes-models/v1";
import type { Practice } from "../../practice/practice.ts";

/** A ConfigMap as a folder. */
export function configurationVolume(name: string, configMap: string): IVolume {
  return { name, configMap: { name: configMap, defaultMode: 0o444 } };
}

/** Room for temporary files, bounded, gone with the pod. */
export function scratchVolume(name: string, sizeLimit: string): IVolume {
  return { name, emptyDir: { sizeLimit } };
}

/**
 * Something read-only over each path that an image declares as a volume: the runtime would otherwise make a
 * writable one there, read-only root or not.
 */
export const NOTHING: IVolume = { name: "nothing", emptyDir: { sizeLimit: "1Mi" } };

export function nothingAt(...paths: readonly string[]): IVolumeMount[] {
  return paths.map((mountPath) => ({ name: NOTHING.name, mountPath, readOnly: true }));
}

/** The secret of the practice's client at its provider of identities, as the file `client-secret`, if it has one. */
export function providerVolumes({ oidc }: Practice["staff"]): IVolume[] {
  if (!oidc) return [];
  const { name, key } = oidc.clientSecret;
  return [{ name: "oidc", secret: { secretName: name, items: [{ key, path: "client-secret" }], defaultMode: 0o440 } }];
}

/** One key of a Secret as an environment variable. */
export function secretVariable(name: string, secretName: string, key: string) {
  return { name, valueFrom: { secretKeyRef: { name: secretName, key } } };
}

/** Annotations on pods whose end is the end of a call. */
export const KEEP_IN_PLACE: Readonly<Record<string, string>> = {
  "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
  "karpenter.sh/do-not-disrupt": "true",
};

/** As long as a session and its overrun may last. */
export const CALL_GRACE_SECONDS = 5400;
