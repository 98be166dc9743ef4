import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { GROUP, KIND } from "../../src/api/group.ts";
import { parseSpec } from "../../src/api/practice.ts";
import { REASONS } from "../../src/api/reasons.ts";
import { statusSchema } from "../../src/api/status.ts";
import type { LiveObject } from "../../src/manifest.ts";
import { conditionOf } from "../support/gitops.ts";

const FOLDER = `examples/argo-cd/resource_customizations/${GROUP}/${KIND}`;
const read = (file: string) => readFileSync(join(FOLDER, file), "utf8");
const recorded = globSync("testdata/*.yaml", { cwd: FOLDER }).map(
  (file) => [file, parse(read(file)) as LiveObject] as const,
);

describe("Argo CD's customization", () => {
  it("knows exactly the reasons that are documented waits", () => {
    const known = [...read("health.lua").matchAll(/^  (\w+) = true,$/gm)].map(([, reason = ""]) => reason);
    const waits = Object.entries(REASONS).flatMap(([name, reason]) => ("waiting" in reason ? [name] : []));
    expect(known).toEqual(waits.toSorted());
  });

  it("is there as a patch of argocd-cm too, with the same scripts", async () => {
    const actions = globSync("actions/*/action.lua", { cwd: FOLDER }).toSorted();
    const key = (what: string) => `resource.customizations.${what}.${GROUP}_${KIND}`;
    const definitions = actions.map((file) => ({ name: file.split("/")[1], "action.lua": read(file) }));
    const patch = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "argocd-cm", namespace: "argocd", labels: { "app.kubernetes.io/part-of": "argocd" } },
      data: {
        [key("health")]: read("health.lua"),
        [key("actions")]: stringify({ "discovery.lua": read("actions/discovery.lua"), definitions }, { lineWidth: 0 }),
      },
    };
    await expect(stringify(patch, { lineWidth: 0 })).toMatchFileSnapshot("../../examples/argo-cd/argocd-cm.yaml");
  });
});

describe("recorded states of a practice", () => {
  it("are there", () => {
    expect(recorded.length).toBeGreaterThan(11);
  });

  it.each(recorded)("%s is a practice of today's schema", (_, practice) => {
    expect(parseSpec(practice).ok).toBe(true);
    expect(() => statusSchema.parse(practice["status"])).not.toThrow();
  });

  it.each(recorded)("%s says one thing of the practice as a whole, about one generation", (_, practice) => {
    const summary = ["Ready", "Reconciling", "Stalled"].filter(
      (type) => conditionOf(practice, type)?.status === "True",
    );
    expect(summary.length).toBeLessThanOrEqual(1);
    const { observedGeneration, conditions = [] } = statusSchema.parse(practice["status"]);
    for (const { type, reason, ...condition } of conditions) {
      expect(REASONS).toHaveProperty(reason);
      // What a reconcile did not get to, such as while a practice is taken down, stays as it was last judged.
      const judged = ["Ready", "Reconciling", "Stalled"].includes(type);
      if (judged) expect(condition.observedGeneration, type).toBe(observedGeneration);
      expect(condition.observedGeneration, type).toBeLessThanOrEqual(observedGeneration ?? 0);
    }
  });
});
