import { describe, expect, it } from "vitest";
import { pruner } from "../../../src/components/matrix/pruner.ts";
import { podTemplates } from "../../../src/policy/pods.ts";
import { someParams } from "../../support/practice.ts";

const external = {
  kind: "external",
  host: "db.example",
  port: 5432,
  name: "chat",
  secretName: "db",
  to: { kind: "cidrs", cidrs: ["10.0.0.0/8"] },
} as const;
const elsewhere = someParams({ practice: { messaging: { database: external, mediaStorage: "1Gi" } } });
const cronJob = (changes: Parameters<typeof someParams>[0] = {}) =>
  pruner.build(someParams(changes)).find(({ kind }) => kind === "CronJob");

describe("the nightly job", () => {
  it("knows its own password alone, and talks to the practice's database alone", () => {
    const [pod] = podTemplates([cronJob() as never]);
    expect(pod?.spec.restartPolicy).toBe("Never");
    expect(pod?.spec.containers.map(({ env }) => env)).toEqual([
      [
        {
          name: "PGPASSWORD",
          valueFrom: { secretKeyRef: { name: "greenriver-database-1", key: "pruner-password" } },
        },
      ],
    ]);
    const { listens = [], talksTo = [] } = pruner.walls?.(someParams()) ?? {};
    expect(listens).toEqual([]);
    expect(talksTo.map(({ port, to }) => [port, to.kind])).toEqual([
      [5432, "role"],
      [53, "dns"],
      [53, "dns"],
    ]);
  });

  it("runs once a night, one at a time, at another minute in another practice", () => {
    const spec = cronJob()?.["spec"] as { schedule: string; concurrencyPolicy: string };
    expect(spec).toMatchObject({ timeZone: "Etc/UTC", concurrencyPolicy: "Forbid", successfulJobsHistoryLimit: 0 });
    expect(spec.schedule).toMatch(/^\d{1,2} 3 \* \* \*$/);
    const other = cronJob({ practice: { name: "bluelake", namespace: "bluelake" } })?.["spec"];
    expect(other).not.toMatchObject({ schedule: spec.schedule });
  });

  it("is not there where the database is somebody else's", () => {
    expect(pruner.build(elsewhere)).toEqual([]);
    expect(pruner.walls?.(elsewhere)).toMatchObject({ listens: [], talksTo: [] });
  });
});
