import type { IStatefulSet } from "kubernetes-models/apps/v1";
import { describe, expect, it } from "vitest";
import { entry } from "../../../src/components/entry/entry.ts";
import { COMPONENTS } from "../../../src/components/index.ts";
import { synapse } from "../../../src/components/matrix/synapse.ts";
import { RENDER_CHAIN } from "../../../src/policy/index.ts";
import { evaluate } from "../../../src/policy/policy.ts";
import type { Database } from "../../../src/practice/practice.ts";
import { sound } from "../../support/broken.ts";
import { someParams } from "../../support/practice.ts";
import { staffedBy } from "../../support/staffed.ts";

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
      { port: 8008, protocol: "TCP", from: { kind: "role", role: "entry" } },
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

describe("a practice whose staff comes from a provider", () => {
  const params = staffedBy({ issuer: "https://login.greenriver.example:8443/", clientId: "messaging" });
  const way = {
    port: 8443,
    protocol: "TCP",
    to: { kind: "peers", peers: [{ ipBlock: { cidr: "203.0.113.9/32" } }] },
  };
  const pods = [synapse, entry].map((component) => {
    const workload = component.build(params).find(({ kind }) => kind === "StatefulSet" || kind === "Deployment");
    return (workload as unknown as IStatefulSet).spec?.template.spec;
  });

  it("lets Synapse and the entry page reach the provider, and nobody else", () => {
    const walls = COMPONENTS.flatMap((component) => component.walls?.(params) ?? []);
    const reach = walls.filter(({ talksTo }) => talksTo.some(({ port }) => port === 8443));
    expect(reach.map(({ role }) => role).toSorted()).toEqual(["entry", "synapse"]);
    for (const { talksTo } of reach) expect(talksTo).toContainEqual(way);
  });

  it("shows both the client's secret as a file, and nothing else of its Secret", () => {
    for (const spec of pods) {
      expect(spec?.volumes?.find(({ name }) => name === "oidc")?.secret).toMatchObject({
        secretName: "login",
        items: [{ key: "secret", path: "client-secret" }],
      });
      const mount = { name: "oidc", mountPath: "/run/secrets/oidc", readOnly: true };
      expect(spec?.containers[0]?.volumeMounts).toContainEqual(mount);
    }
  });

  it("tells the entry page who staff is", () => {
    const told = pods[1]?.containers[0]?.env?.filter(({ name }) => name.startsWith("ENTRY_OIDC_"));
    expect(told?.map(({ name, value }) => [name, value])).toEqual([
      ["ENTRY_OIDC_ISSUER", "https://login.greenriver.example:8443/"],
      ["ENTRY_OIDC_CLIENT_ID", "messaging"],
      ["ENTRY_OIDC_CLIENT_SECRET_FILE", "/run/secrets/oidc/client-secret"],
      ["ENTRY_OIDC_CLAIM_NAME", "groups"],
      ["ENTRY_OIDC_CLAIM_VALUE", "therapists"],
    ]);
  });

  it("passes every check of what is rendered", () => {
    expect(evaluate(RENDER_CHAIN, sound({ spec: { staff: { oidc: PROVIDER } } }))).toEqual([]);
  });
});

const PROVIDER = {
  issuer: "https://login.greenriver.example:8443/realms/staff",
  clientId: "messaging",
  clientSecretRef: { name: "login", key: "secret" },
  requiredClaim: { name: "groups", value: "therapists" },
  to: { cidrs: ["0.0.0.0/0"] },
};
