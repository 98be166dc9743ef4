import { describe, expect, it } from "vitest";
import { LABEL } from "../../src/api/group.ts";
import { namesOf } from "../../src/practice/names.ts";
import { podTemplates } from "../../src/policy/pods.ts";
import { render } from "../../src/render/render.ts";
import { observed, params } from "../support/practices.ts";
import { RENDERED } from "../support/rendered.ts";

const NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** A practice with the longest name that the API takes. */
function longest() {
  const { practice, assets } = params();
  const name = `a${"b".repeat(39)}`;
  const long = { ...practice, name, names: namesOf(name) };
  return render({ practice: long, observed: observed(long), assets }).manifests;
}

describe("names and labels are within what Kubernetes takes", () => {
  it.each([
    ...RENDERED.map(([name, { manifests }]) => [name, manifests] as const),
    ["longest name", longest()] as const,
  ])("%s", (_, manifests) => {
    const seen = new Set<string>();
    for (const { apiVersion, kind, metadata } of manifests) {
      expect(metadata.name).toMatch(NAME);
      expect(seen, "an object twice").not.toContain(`${apiVersion}/${kind}/${metadata.name}`);
      seen.add(`${apiVersion}/${kind}/${metadata.name}`);
      expect(metadata.labels).toHaveProperty([LABEL.component]);
    }
    const pods = podTemplates(manifests);
    // A StatefulSet's pods carry its name with ten characters of revision as a label.
    for (const { workload } of pods) expect(workload.metadata.name.length).toBeLessThanOrEqual(52);
    for (const labels of [
      ...manifests.map(({ metadata }) => metadata.labels ?? {}),
      ...pods.map(({ labels }) => labels),
    ]) {
      for (const value of Object.values(labels)) expect(value).toMatch(LABEL_VALUE);
    }
  });
});
