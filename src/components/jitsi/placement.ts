import type { Practice } from "../../practice/practice.ts";
import { labels, type PodParams } from "../kube.ts";
import type { Role } from "../../practice/names.ts";

/** Prefers the node of the other half of a call, so that draining one node ends a call once, not twice. */
export function near(practice: Practice, role: Role): NonNullable<PodParams["affinity"]> {
  return {
    podAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 100,
          podAffinityTerm: {
            topologyKey: "kubernetes.io/hostname",
            labelSelector: { matchLabels: labels(practice, role).selector },
          },
        },
      ],
    },
  };
}
