import type { IPodSpec } from "kubernetes-models/v1";
import type { Manifest } from "../manifest.ts";
import type { Practice } from "../practice/practice.ts";
import { makerOf } from "./foreign.ts";
import { containersOf, podTemplates } from "./pods.ts";
import { type Check, violation } from "./policy.ts";
import { ofKind } from "./selectors.ts";

/** The files that keep the first promise where people are served: the guard, and what Prosody loads. */
const PROMISED = ["front-web", "room-modules"] as const;

export const podsCarryTheGuard: Check = {
  name: "pods-carry-the-guard",
  promise: "e2ee",
  because:
    "What a workload says is not what serves until its pods are replaced, and somebody can keep them from being replaced.",
  violations: (input) =>
    ofKind(input.objects, "Pod").flatMap((pod) => {
      const maker = makerOf(input, pod);
      const [template] = podTemplates(maker ? [maker] : []);
      if (!template || !serves(pod)) return [];
      const carried = new Set(promisedFiles(input.practice, pod["spec"] as IPodSpec));
      const missing = promisedFiles(input.practice, template.spec).filter((mount) => !carried.has(mount));
      return missing.length > 0 ? [violation(pod, MESSAGE)] : [];
    }),
};

const MESSAGE =
  "This pod serves without the files that refuse calls that are not encrypted, although its workload has them. Please delete the pod.";

/** Not one on its way out, nor what is left of one that was evicted. */
function serves(pod: Manifest): boolean {
  const { phase } = (pod["status"] ?? {}) as { phase?: string };
  const { deletionTimestamp } = pod.metadata as { deletionTimestamp?: string };
  return deletionTimestamp === undefined && phase !== "Failed" && phase !== "Succeeded";
}

/**
 * Which containers have which of these files, as `nginx:front-web`. Where in them, and of which release, is not compared: while
 * the next release rolls out, the former one serves on purpose.
 */
function promisedFiles({ name }: Pick<Practice, "name">, spec: IPodSpec): string[] {
  const folders = new Map(
    (spec.volumes ?? []).flatMap((volume) => {
      const known = PROMISED.find((files) => volume.configMap?.name?.startsWith(`${name}-${files}-`));
      return known ? [[volume.name, known] as const] : [];
    }),
  );
  return containersOf(spec).flatMap(({ name: container, volumeMounts = [] }) =>
    volumeMounts.flatMap((mount) => {
      const files = folders.get(mount.name);
      return files ? [`${container}:${files}`] : [];
    }),
  );
}
