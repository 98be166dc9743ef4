import { stringify } from "yaml";
import type { Manifest } from "../manifest.ts";
import { CLUSTER_RULES, NAMESPACED_RULES, OWN_NAMESPACE_RULES, type Rule } from "../controller/rbac.ts";

/** Generated parts of the chart, by path. Its templates put them where they belong. */
export const CHART_FILES = {
  admission: "charts/telehealth-operator/files/admission.yaml",
  rules: "charts/telehealth-operator/files/rules.yaml",
  definition: "charts/telehealth-operator/files/crd.yaml",
  schema: "charts/telehealth-operator/values.schema.json",
} as const;

/** No anchors, no folding: the same text in every version of the library. */
const PLAIN = { lineWidth: 0, aliasDuplicateObjects: false };

/** The rules of the chart's roles: `practices`, `cluster`, `clusterOfNamespaced` (a restricted operator) and `ownNamespace`. */
export function chartRules(): string {
  return stringify(
    {
      practices: NAMESPACED_RULES,
      cluster: CLUSTER_RULES,
      clusterOfNamespaced: without(CLUSTER_RULES, "nodes"),
      ownNamespace: OWN_NAMESPACE_RULES,
    },
    PLAIN,
  );
}

function without(rules: readonly Rule[], resource: string): Rule[] {
  return rules
    .map((rule) => ({ ...rule, resources: rule.resources.filter((name) => name !== resource) }))
    .filter(({ resources }) => resources.length > 0);
}

/** The definition as one of the chart's templates: upgraded with it, and kept with its practices when it is uninstalled. */
export function chartDefinition(definition: Manifest): string {
  const annotations = { ...definition.metadata.annotations, "helm.sh/resource-policy": "keep" };
  return stringify({ ...definition, metadata: { ...definition.metadata, annotations } }, PLAIN);
}
