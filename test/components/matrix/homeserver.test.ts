import { describe, expect, it } from "vitest";
import { homeserverYaml, synapseLogYaml } from "../../../src/components/matrix/homeserver.ts";
import type { Database, Practice } from "../../../src/practice/practice.ts";
import { somePractice } from "../../support/practice.ts";

const MANAGED: Database = { kind: "managed", storage: "1Gi" };
const EXTERNAL: Database = {
  kind: "external",
  host: "db.example",
  port: 5432,
  name: "chat",
  secretName: "db",
  to: { kind: "cidrs", cidrs: [] },
};

const settings = (changes: Partial<Practice> = {}) => JSON.parse(homeserverYaml(somePractice(changes)));

describe("homeserver.yaml", () => {
  it("says that no other server exists, instead of leaving it out", () => {
    expect(settings()).toMatchObject({ federation_domain_whitelist: [], send_federation: false });
  });

  it("encrypts every room and loads the module that refuses the rest", () => {
    expect(settings()).toMatchObject({
      encryption_enabled_by_default_for_room_type: "all",
      modules: [{ module: "practice_policy.PracticePolicy", config: { jitsi_domains: ["meet.greenriver.example"] } }],
    });
  });

  it("gives each audience a listener of its own and sees no client's address", () => {
    const { listeners } = settings() as {
      listeners: {
        port: number;
        x_forwarded?: boolean;
        resources?: object[];
        additional_resources?: object;
        bind_addresses?: string[];
      }[];
    };
    expect(listeners.map(({ port, resources }) => [port, resources])).toEqual([
      [8008, [{ names: ["client"], compress: false }]],
      [8009, [{ names: ["openid"], compress: false }]],
      [8080, [{ names: ["health"], compress: false }]],
      [9001, undefined],
      [8011, [{ names: ["client"], compress: false }]],
    ]);
    // What administers people is inside the pod.
    expect(listeners.filter(({ bind_addresses: bound }) => bound).map(({ port }) => port)).toEqual([8011]);
    expect(listeners[4]?.bind_addresses).toEqual(["127.0.0.1"]);
    const more = listeners.map(({ additional_resources: found }) => Object.keys(found ?? {}));
    expect(more).toEqual([[], ["/practice/who"], [], [], ["/practice/administration"]]);
    expect(listeners.some(({ x_forwarded: forwarded }) => forwarded)).toBe(false);
  });

  it("holds no secret, only where to read one", () => {
    const text = homeserverYaml(somePractice());
    expect(text).not.toMatch(/(?:password|_secret|secret_key)":/);
    expect(settings().database.args).not.toHaveProperty("password");
  });

  it("keeps messages unless the practice says for how long", () => {
    expect(settings().retention).toBeUndefined();
    expect(settings().media_retention).toEqual({ remote_media_lifetime: "1d" });
    const limited = settings({ messaging: { database: MANAGED, mediaStorage: "1Gi", retentionDays: 90 } });
    expect(limited.retention).toMatchObject({ enabled: true, default_policy: { max_lifetime: "90d" } });
    expect(limited.media_retention).toEqual({ local_media_lifetime: "90d", remote_media_lifetime: "1d" });
  });

  it("verifies the certificate of somebody else's database, by its own authority or the system's", () => {
    const args = (database: Database) => settings({ messaging: { database, mediaStorage: "1Gi" } }).database.args;
    expect(args(EXTERNAL)).toMatchObject({ sslmode: "verify-full", sslrootcert: "system" });
    expect(args({ ...EXTERNAL, caSecretName: "ca" })).toMatchObject({
      sslmode: "verify-full",
      sslrootcert: "/run/secrets/database-ca/ca.crt",
    });
  });
});

describe("the log configuration", () => {
  it("keeps people out of the log: warnings only, and nothing set lower beside the root", () => {
    const log = synapseLogYaml();
    expect(JSON.parse(log)).toMatchObject({ root: { level: "WARNING", handlers: ["console"] } });
    expect(log.match(/"level":/g)).toHaveLength(1);
  });

  it("tells the pod's status of nothing but the start", () => {
    expect(JSON.parse(synapseLogYaml())).toMatchObject({ loggers: { "synapse.app._base": { handlers: ["told"] } } });
  });
});
