import { describe, expect, it } from "vitest";
import { NAMESPACED_RULES } from "../../src/controller/rbac.ts";
import { resourceOf } from "../../src/runtime/resources.ts";
import { RENDERED } from "../support/rendered.ts";

describe("every rendered kind can be managed with the operator's rights", () => {
  it.each(RENDERED)("%s", (_, { manifests }) => {
    for (const object of manifests) {
      const { group, plural } = resourceOf(object);
      const rule = NAMESPACED_RULES.find(
        ({ apiGroups, resources }) => apiGroups.includes(group) && resources.includes(plural),
      );
      expect(rule?.verbs, object.kind).toEqual(
        expect.arrayContaining(["create", "delete", "get", "list", "patch", "watch"]),
      );
    }
  });
});
