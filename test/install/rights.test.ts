import { describe, expect, it } from "vitest";
import { CLUSTER_RULES, NAMESPACED_RULES, OWN_NAMESPACE_RULES } from "../../src/controller/rbac.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";

const rules = [...NAMESPACED_RULES, ...CLUSTER_RULES, ...OWN_NAMESPACE_RULES];

describe("the operator's rights", () => {
  it.each(Object.values(RESOURCES))("name $plural.$group", ({ group, plural }) => {
    expect(
      rules.filter(({ apiGroups, resources }) => apiGroups.includes(group) && resources.includes(plural)),
    ).toHaveLength(1);
  });

  it("hold no wildcard and nothing that gives further rights", () => {
    const words = rules.flatMap(({ apiGroups, resources, verbs }) => [...apiGroups, ...resources, ...verbs]);
    const forbidden = /\*|^(escalate|bind|impersonate|roles|clusterroles|rolebindings|clusterrolebindings|pods\/exec)$/;
    expect(words.filter((word) => forbidden.test(word))).toEqual([]);
  });
});
