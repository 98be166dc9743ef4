import { describe, expect, it } from "vitest";
import { podTemplates } from "../../src/policy/pods.ts";
import { ofKind, type Selector, selects } from "../../src/policy/selectors.ts";
import { RENDERED } from "../support/rendered.ts";

describe("every pod is behind the default and behind its own wall, and no other", () => {
  it.each(RENDERED)("%s", (_, { manifests, trials, practice }) => {
    const policies = ofKind(manifests, "NetworkPolicy");
    for (const { workload, labels } of podTemplates(manifests)) {
      const walls = policies.filter(({ spec }) => selects((spec as { podSelector: Selector }).podSelector, labels));
      const expected = [practice.names.defaultDeny, workload.metadata.name];
      expect(walls.map(({ metadata }) => metadata.name).toSorted()).toEqual(expected.toSorted());
    }
    // What tries a configuration needs nobody.
    for (const { labels } of podTemplates(trials)) {
      const walls = policies.filter(({ spec }) => selects((spec as { podSelector: Selector }).podSelector, labels));
      expect(walls.map(({ metadata }) => metadata.name)).toEqual([practice.names.defaultDeny]);
    }
  });
});
