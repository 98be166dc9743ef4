import type { IPodSpec } from "kubernetes-models/v1";
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
      const leaving = (pod.metadata as { deletionTimestamp?: string }).deletionTimestamp !== undefined;
      const [template] = podTemplates(maker ? [maker] : []);
      if (!template || leaving) return [];
      const carried = new Set(promisedFiles(input.practice, pod["spec"] as IPodSpec));
      const missing = promisedFiles(input.practice, template.spec).filter((mount) => !carried.has(mount));
      return missing.length > 0 ? [violation(pod, MESSAGE)] : [];
    }),
};

const MESSAGE =
  "This pod serves without the files that refuse calls that are not encrypted, although its workload has them. Please delete the pod.";

/** Where a pod has these files, as `nginx:/usr/share/jitsi-meet/index.html:index.html:front-web`; of whatever release they are. */
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
      return files ? [[container, mount.mountPath, mount.subPath ?? "", files].join(":")] : [];
    }),
  );
}
