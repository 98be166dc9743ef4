import { describe, expect, it } from "vitest";
import { containersOf, podTemplates } from "../../src/policy/pods.ts";
import { running } from "../../src/policy/programs.ts";
import { RENDERED } from "../support/rendered.ts";

describe("what a pod refers to is there", () => {
  it.each(RENDERED)("%s", (_, { manifests, trials }) => {
    const objects = [...manifests, ...trials];
    const named = new Set(manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`));
    const mapsUsed = new Set<string>();
    for (const { workload, spec } of podTemplates(objects)) {
      expect(named).toContain(`ServiceAccount/${spec.serviceAccountName}`);
      const service = (workload["spec"] as { serviceName?: string }).serviceName;
      if (service) expect(named).toContain(`Service/${service}`);
      for (const { configMap, persistentVolumeClaim } of spec.volumes ?? []) {
        if (persistentVolumeClaim) expect(named).toContain(`PersistentVolumeClaim/${persistentVolumeClaim.claimName}`);
        if (!configMap) continue;
        expect(named).toContain(`ConfigMap/${configMap.name}`);
        mapsUsed.add(`${configMap.name}`);
      }
      const volumes = spec.volumes?.map(({ name }) => name) ?? [];
      const mounted = containersOf(spec).flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name));
      expect([...new Set(mounted)].toSorted()).toEqual(volumes.toSorted());
    }
    for (const { program, path, read } of running(objects)) {
      if (!["entry", "stun", "pruner", "dump", "copy", "java-check"].includes(program))
        expect(read(path), `${program} ${path}`).toBeTypeOf("string");
    }
    const maps = manifests.filter(({ kind }) => kind === "ConfigMap").map(({ metadata }) => metadata.name);
    expect([...mapsUsed].toSorted(), "no ConfigMap without a reader").toEqual(maps.toSorted());
  });
});
