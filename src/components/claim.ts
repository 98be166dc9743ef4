import type { IPersistentVolumeClaim } from "kubernetes-models/v1";
import { LABEL } from "../api/group.ts";
import type { Manifest } from "../manifest.ts";
import type { Observed, Practice } from "../practice/practice.ts";

/**
 * A volume claim of its own, mounted by name: a larger size is one apply, and it outlives its pods. The class of a
 * live claim is kept, because it can never change.
 */
export function claim(
  practice: Practice,
  observed: Observed,
  component: string,
  name: string,
  storage: string,
): Manifest & IPersistentVolumeClaim {
  const storageClassName = observed.storageClasses[name] ?? practice.storageClassName;
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, labels: { [LABEL.component]: component } },
    spec: {
      accessModes: ["ReadWriteOnce"],
      ...(storageClassName !== undefined && { storageClassName }),
      resources: { requests: { storage } },
    },
  };
}
