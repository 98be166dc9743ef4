import { LABEL } from "../api/group.ts";
import type { Manifest } from "../manifest.ts";
import type { Practice } from "../practice/practice.ts";

/**
 * Whole configuration files as one immutable ConfigMap, named after its content. A roll-out that waits is then
 * a workload not yet applied, and a crash restarts exactly what ran.
 */
export function configuration(
  practice: Practice,
  component: string,
  files: Readonly<Record<string, string>>,
): Manifest {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: practice.names.configuration(component, files),
      labels: { [LABEL.component]: component },
    },
    immutable: true,
    data: files,
  };
}
