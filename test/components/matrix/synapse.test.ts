import type { IStatefulSet } from "kubernetes-models/apps/v1";
import { describe, expect, it } from "vitest";
import { synapse } from "../../../src/components/matrix/synapse.ts";
import type { Database } from "../../../src/practice/practice.ts";
import { someParams } from "../../support/practice.ts";

const EXTERNAL: Database = {
  kind: "external",
  host: "db.example",
  port: 6432,
  name: "chat",
  secretName: "db",
  caSecretName: "db-ca",
  to: { kind: "cidrs", cidrs: ["203.0.113.5/32"] },
};

const practiceWith = (database: Database) => ({ messaging: { database, mediaStorage: "5Gi" } });

function built(changes: Parameters<typeof someParams>[0] = {}) {
  const objects = synapse.build(someParams(changes));
  const template = (objects.find(({ kind }) => kind === "StatefulSet") as unknown as IStatefulSet).spec?.template;
  const container = template?.spec?.containers?.[0];
  if (!template || !container) throw new Error("No pod is rendered.");
  return { objects, template, container, environment: new Map(container.env?.map((entry) => [entry.name, entry])) };
}

const fromSecret = (name: string, key: string) => ({ valueFrom: { secretKeyRef: { name, key } } });

describe("the Synapse pod", () => {
  it("starts the daemon itself on whole files, with the module in its path", () => {
    const { container, environment, objects } = built();
    expect(container.command).toEqual([
      "python3",
      "-m",
      "synapse.app.homeserver",
      "-c",
      "/etc/synapse/homeserver.yaml",
    ]);
    expect(environment.get("PYTHONPATH")?.value).toBe("/modules");
    const files = objects.filter(({ kind }) => kind === "ConfigMap").flatMap(({ data }) => Object.keys(data as object));
    expect(files.toSorted()).toEqual(["homeserver.yaml", "log.yaml", "practice_policy.py"]);
  });

  it("mounts nothing of its own Secret but the three files it reads", () => {
    const volume = built().template.spec?.volumes?.find(({ name }) => name === "secrets");
    expect(volume?.secret).toMatchObject({
      secretName: "greenriver-synapse-1",
      items: ["signing.key", "macaroon-secret", "form-secret"].map((key) => ({ key, path: key })),
    });
  });

  it("takes the password of its own database from the born Secret", () => {
    const { environment, template } = built();
    expect(environment.get("PGPASSWORD")).toMatchObject(fromSecret("greenriver-database-1", "password"));
    expect(template.metadata?.annotations).toBeUndefined();
  });

  it("takes login and authority of somebody else's database from the practice, and rolls when they change", () => {
    const { environment, template, container } = built({
      practice: practiceWith(EXTERNAL),
      observed: { secretFingerprints: { db: "aa", "db-ca": "bb" } },
    });
    expect(environment.get("PGUSER")).toMatchObject(fromSecret("db", "username"));
    expect(environment.get("PGPASSWORD")).toMatchObject(fromSecret("db", "password"));
    expect(container.volumeMounts).toContainEqual({
      name: "database-ca",
      mountPath: "/run/secrets/database-ca",
      readOnly: true,
    });
    expect(template.metadata?.annotations).toEqual({ "telehealth-operator.io/secrets": "aa.bb" });
  });
});

describe("the walls of Synapse", () => {
  it("let the front pod in on the client port, and the entry page where it is told who somebody is", () => {
    expect(synapse.walls?.(someParams()).listens).toEqual([
      { port: 8008, protocol: "TCP", from: { kind: "role", role: "front" } },
      { port: 8009, protocol: "TCP", from: { kind: "role", role: "entry" } },
    ]);
  });

  it("let it out to the database and DNS", () => {
    const out = (database?: Database) =>
      synapse
        .walls?.(someParams(database && { practice: practiceWith(database) }))
        .talksTo.filter(({ to }) => to.kind !== "dns");
    expect(out()).toEqual([{ port: 5432, protocol: "TCP", to: { kind: "role", role: "postgres" } }]);
    expect(out(EXTERNAL)).toEqual([
      { port: 6432, protocol: "TCP", to: { kind: "peers", peers: [{ ipBlock: { cidr: "203.0.113.5/32" } }] } },
    ]);
  });
});
