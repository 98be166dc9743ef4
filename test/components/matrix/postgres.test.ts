import type { IStatefulSet } from "kubernetes-models/apps/v1";
import { describe, expect, it } from "vitest";
import { postgres } from "../../../src/components/matrix/postgres.ts";
import { postgresqlConf } from "../../../src/components/matrix/postgres-config.ts";
import type { Database } from "../../../src/practice/practice.ts";
import { someParams } from "../../support/practice.ts";

const EXTERNAL: Database = {
  kind: "external",
  host: "db.example",
  port: 5432,
  name: "synapse",
  secretName: "db",
  to: { kind: "cidrs", cidrs: ["203.0.113.5/32"] },
};

const statefulSet = () => {
  const built = postgres.build(someParams()).find(({ kind }) => kind === "StatefulSet") as unknown as IStatefulSet;
  const pod = built.spec?.template.spec;
  const [container, init] = [pod?.containers?.[0], pod?.initContainers?.[0]];
  if (!built.spec || !pod || !container || !init) throw new Error("No whole StatefulSet is rendered.");
  return { spec: built.spec, pod, container, init };
};

describe("the database of a practice", () => {
  it("is not there when others run it, and listens to nobody then", () => {
    const params = someParams({ practice: { messaging: { database: EXTERNAL, mediaStorage: "1Gi" } } });
    expect(postgres.build(params)).toEqual([]);
    expect(postgres.walls?.(params)).toMatchObject({ listens: [], talksTo: [] });
  });

  it("keeps its data on a claim of its own, over the volume that the image declares", () => {
    const { spec, pod, container, init } = statefulSet();
    expect(spec.volumeClaimTemplates).toBeUndefined();
    expect(pod.volumes).toContainEqual({
      name: "data",
      persistentVolumeClaim: { claimName: "greenriver-postgres-data" },
    });
    for (const { volumeMounts } of [container, init]) {
      expect(volumeMounts).toContainEqual({ name: "data", mountPath: "/var/lib/postgresql/data" });
    }
  });

  it("gives the passwords to the container that makes the database, and to no other", () => {
    const { container, init } = statefulSet();
    const mounted = ({ volumeMounts = [] }: typeof container) => volumeMounts.map(({ name }) => name);
    expect(mounted(init)).toContain("passwords");
    expect(mounted(container)).not.toContain("passwords");
    expect(container.env).toBeUndefined();
  });

  it("keeps the storage class that a live claim has", () => {
    const claim = (observed = {}) =>
      postgres
        .build(someParams({ practice: { storageClassName: "fast" }, observed }))
        .find(({ kind }) => kind === "PersistentVolumeClaim")?.["spec"];
    expect(claim()).toMatchObject({ storageClassName: "fast", resources: { requests: { storage: "10Gi" } } });
    expect(claim({ storageClasses: { "greenriver-postgres-data": "former" } })).toMatchObject({
      storageClassName: "former",
    });
  });
});

describe("postgresql.conf", () => {
  it.each([
    ["192Mi", "48MB", "96MB"],
    ["1Gi", "256MB", "512MB"],
  ])("is tuned to %s of memory", (memory, buffers, cache) => {
    const text = postgresqlConf({ cpu: "1", memory });
    expect(text).toContain(`shared_buffers = ${buffers}\n`);
    expect(text).toContain(`effective_cache_size = ${cache}\n`);
  });

  it("says what to do about a quantity that it cannot read", () => {
    expect(() => postgresqlConf({ cpu: "1", memory: "500M" })).toThrow("give it in Mi or Gi");
  });
});
