import type { IDeployment } from "kubernetes-models/apps/v1";
import { describe, expect, it } from "vitest";
import type { Params } from "../../../src/components/component.ts";
import { entry } from "../../../src/components/entry/entry.ts";
import { entryOptions } from "../../../src/entry/options.ts";
import type { Database, Practice } from "../../../src/practice/practice.ts";
import { everythingObserved, someParams } from "../../support/practice.ts";

const EXTERNAL: Database = {
  kind: "external",
  host: "db.example",
  port: 5433,
  name: "synapse",
  secretName: "db",
  caSecretName: "ca",
  to: { kind: "cidrs", cidrs: ["203.0.113.5/32"] },
};
const external = { messaging: { database: EXTERNAL, mediaStorage: "1Gi" } };

const podIn = (params: Params) => {
  const built = entry.build(params).find(({ kind }) => kind === "Deployment") as unknown as IDeployment;
  const template = built.spec?.template;
  const spec = template?.spec;
  const container = spec?.containers?.[0];
  if (!spec || !container) throw new Error("No pod is rendered.");
  const environment = Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value]));
  return { spec, container, environment, annotations: template.metadata?.annotations };
};
const podOf = (practice: Partial<Practice> = {}) => podIn(someParams({ practice }));

describe("the entry pod", () => {
  it("runs the operator's image with a command of its own and no right in the cluster", () => {
    const { spec, container } = podOf();
    expect(container.command).toEqual([
      "node",
      "--max-old-space-size=112",
      "--max-semi-space-size=8",
      "src/main.ts",
      "entry",
    ]);
    expect(spec.automountServiceAccountToken).toBe(false);
  });

  it("tells the page where to try the way to the bridge, and nothing while that is not known or not open", () => {
    const of = (observed = {}) => podIn(someParams({ observed })).environment["ENTRY_STUN"]?.split(" ");
    const mediaAddresses = [
      { ip: "203.0.113.7", port: 30_080 },
      { ip: "2001:db8::7", port: 443 },
    ];
    expect(of({ mediaAddresses, mediaFamilies: ["IPv4", "IPv6"] })).toEqual([
      "stun:203.0.113.7:30081",
      "stun:[2001:db8::7]:444",
    ]);
    expect(of({ mediaAddresses, mediaFamilies: ["IPv4"] })).toEqual(["stun:203.0.113.7:30081"]);
    expect(of({ mediaAddresses: [] })).toBeUndefined();
    expect(of({ mediaProblem: { reason: "PortTaken", message: "Taken." } })).toBeUndefined();
  });

  it("tells the page what it needs, in the page's own words", () => {
    const { environment } = podOf({ locale: "en", legal: { imprintUrl: "https://greenriver.example/imprint" } });
    expect(entryOptions(environment)).toEqual({
      port: 8080,
      hosts: {
        entry: "go.greenriver.example",
        meet: "meet.greenriver.example",
        chat: "chat.greenriver.example",
        matrix: "matrix.greenriver.example",
      },
      locale: "en",
      timeZone: "UTC",
      imprintUrl: "https://greenriver.example/imprint",
      maxParticipants: 2,
      sessions: { earlyMinutes: 10, graceMinutes: 15 },
      keys: "/run/secrets/entry",
      roomKeys: "/run/secrets/rooms",
      signallingUrl: "http://greenriver-signalling:5281",
      synapseUrl: "http://greenriver-synapse:8008",
      answersUrl: "http://greenriver-synapse:8009",
      database: { host: "greenriver-postgres", port: 5432, name: "entry", folder: "/run/secrets/database", tls: "off" },
      stun: ["stun:203.0.113.7:30081"],
    });
  });

  it("is told no secret, and finds each as a file that it cannot change", () => {
    const { spec, container, environment } = podOf();
    expect(Object.keys(environment).filter((name) => /PASSWORD|SECRET|TOKEN/.test(name))).toEqual([]);
    expect(container.volumeMounts?.every(({ readOnly }) => readOnly)).toBe(true);
    const mounted = JSON.stringify(spec.volumes);
    expect(mounted).toContain('"path":"1.key"');
    expect(mounted).toContain('"path":"1.pem"');
    expect(mounted).not.toContain("public.pem");
    expect(mounted).not.toContain("greenriver-database-1");
  });

  it("still reads links of the former key after a rotation, while its Secret is there", () => {
    const secrets = { ...everythingObserved().secrets, entry: "greenriver-entry-3" };
    const { spec } = podIn(someParams({ observed: { secrets } }));
    expect(spec.volumes?.find(({ name }) => name === "keys")?.projected?.sources).toEqual([
      { secret: { name: "greenriver-entry-3", items: [{ key: "key", path: "3.key" }] } },
      { secret: { name: "greenriver-entry-2", items: [{ key: "key", path: "2.key" }], optional: true } },
    ]);
  });

  it("uses a database of its own at an external server, over verified TLS, and starts without one", () => {
    const { spec, environment } = podOf(external);
    expect(entryOptions(environment).database).toEqual({
      host: "db.example",
      port: 5433,
      folder: "/run/secrets/database",
      tls: "verify",
      ca: "/run/secrets/database-ca/ca.crt",
    });
    expect(spec.volumes?.find(({ name }) => name === "database")).toMatchObject({
      secret: {
        secretName: "db",
        optional: true,
        items: [
          { key: "entry-username", path: "username" },
          { key: "entry-password", path: "password" },
          { key: "entry-database", path: "name" },
        ],
      },
    });
    const observed = { secretFingerprints: { db: "a1b2" } };
    expect(Object.values(podIn(someParams({ practice: external, observed })).annotations ?? {})).toContain("a1b2");
  });
});

describe("the walls of the entry page", () => {
  const ways = (practice: Partial<Practice> = {}) =>
    (entry.walls?.(someParams({ practice })).talksTo ?? []).map(
      ({ port, to }) => `${port} ${to.kind === "role" ? to.role : to.kind}`,
    );

  it("let it ask Prosody, Synapse and its database, and nobody else", () => {
    expect(ways()).toEqual(["5281 signalling", "5432 postgres", "8008 synapse", "8009 synapse", "53 dns", "53 dns"]);
    expect(ways(external)).toContain("5433 peers");
  });
});
