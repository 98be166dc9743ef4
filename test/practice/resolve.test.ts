import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { parseSpec, type PracticeSpec } from "../../src/api/practice.ts";
import { effectiveHosts } from "../../src/api/spec-rules.ts";
import { type Config, loadConfig } from "../../src/config.ts";
import { defaultIdentity, InvalidPractice, resolve } from "../../src/practice/resolve.ts";
import { DEFAULT_IMAGES } from "../../src/versions.ts";

const metadata = { name: "greenriver", namespace: "greenriver" };
const EDGE = { certificates: { external: {} }, exposure: { ingress: { className: "traefik" } } };
const OPTIONS = loadConfig({}, {});

function specOf(spec: object): PracticeSpec {
  const parsed = parseSpec({
    apiVersion: "telehealth-operator.io/v1alpha1",
    kind: "TelehealthPractice",
    metadata,
    spec: { domain: "greenriver.example", ...spec },
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  return parsed.spec;
}

function practiceOf(spec: object, options: Partial<Config> = {}) {
  const parsed = specOf(spec);
  const identity = defaultIdentity(metadata.namespace, metadata.name, parsed);
  return resolve({ resource: { metadata }, spec: parsed, options: { ...OPTIONS, ...options }, identity });
}

function issuesOf(spec: object, options: Partial<Config> = {}): readonly string[] {
  try {
    practiceOf(spec, options);
    return [];
  } catch (error) {
    if (error instanceof InvalidPractice) return error.issues.map(({ path }) => path);
    throw error;
  }
}

describe("resolve", () => {
  it("takes the edge from the operator's defaults where the practice states none", () => {
    const { certificates, exposure, storageClassName } = practiceOf(
      {},
      {
        defaults: {
          certificates: { issuerRef: { name: "letsencrypt", kind: "ClusterIssuer", group: "cert-manager.io" } },
          exposure: { ingress: { className: "haproxy" } },
          storageClassName: "fast",
        },
      },
    );
    expect(certificates).toMatchObject({ kind: "issuerRef", name: "letsencrypt", issuerKind: "ClusterIssuer" });
    expect(exposure).toMatchObject({ kind: "ingress", className: "haproxy" });
    expect(storageClassName).toBe("fast");
  });

  it("knows at which port staff's provider is, and where", () => {
    const oidc = {
      clientId: "messaging",
      clientSecretRef: { name: "login", key: "secret" },
      requiredClaim: { name: "groups", value: "therapists" },
      to: { namespace: "login" },
    };
    const staffOf = (issuer: string) => practiceOf({ ...EDGE, staff: { oidc: { issuer, ...oidc } } }).staff;
    expect(staffOf("https://login.example/realms/a:8/")).toEqual({
      oidc: {
        issuer: "https://login.example/realms/a:8/",
        clientId: "messaging",
        clientSecret: { name: "login", key: "secret" },
        claim: { name: "groups", value: "therapists" },
        port: 443,
        to: { kind: "pods", namespace: "login", labels: {} },
      },
    });
    expect(staffOf("https://xn--a.example:65535/").oidc?.port).toBe(65_535);
    expect(practiceOf(EDGE).staff).toEqual({});
  });

  it("lets the practice win over the operator's defaults", () => {
    const options = { defaults: { exposure: { gateway: { className: "eg" } }, storageClassName: "fast" } };
    const practice = practiceOf({ ...EDGE, storageClassName: "slow" }, options);
    expect(practice.exposure).toMatchObject({ kind: "ingress", className: "traefik" });
    expect(practice.storageClassName).toBe("slow");
  });

  it("names what neither the practice nor the operator states", () => {
    expect(issuesOf({})).toEqual(["spec.certificates", "spec.exposure"]);
  });

  it("refuses a certificate that nobody would see, also when it comes from a default", () => {
    const parentRef = { name: "public", namespace: "gateways" };
    const options = { defaults: { certificates: { secretRef: { name: "wildcard" } } } };
    expect(issuesOf({ exposure: { parentRef } }, options)).toEqual(["spec.certificates"]);
    expect(issuesOf({ exposure: { parentRef: { ...parentRef, listenerSet: true } } }, options)).toEqual([]);
    expect(issuesOf({ exposure: { service: {} } }, options)).toEqual(["spec.certificates"]);
  });

  it("refuses annotations by name, unless the operator allows them in this cluster", () => {
    const key = "nginx.ingress.kubernetes.io/configuration-snippet";
    const annotations = { [key]: "add_header a b;", "external-dns.alpha.kubernetes.io/ttl": "60" };
    const spec = { ...EDGE, exposure: { ingress: { annotations } }, video: { media: { annotations: { a: "b" } } } };
    expect(issuesOf(spec)).toEqual([`spec.exposure.ingress.annotations[${key}]`, "spec.video.media.annotations[a]"]);
    expect(issuesOf(spec, { allowedAnnotations: [key, "a"] })).toEqual([]);
  });

  it("refuses a time zone that it does not know, and knows UTC when none is given", () => {
    expect(issuesOf({ ...EDGE, maintenance: { timeZone: "Europe/Bearlin" } })).toEqual(["spec.maintenance.timeZone"]);
    expect(practiceOf(EDGE).maintenance).toEqual({ windows: [], timeZone: "UTC" });
  });

  it("passes media through the one port, and past each address's own", () => {
    const { media } = practiceOf({
      ...EDGE,
      video: { media: { port: 10000, addresses: [{ ip: "203.0.113.7" }, { ip: "2001:db8::7", port: 443 }] } },
    }).video;
    expect(media).toMatchObject({ port: 10000, externalTrafficPolicy: "Local" });
    expect(media.addresses).toEqual([
      { ip: "203.0.113.7", port: 10000 },
      { ip: "2001:db8::7", port: 443 },
    ]);
  });

  it("keeps the client's address where a load balancer can, and reaches every node otherwise", () => {
    expect(practiceOf({ ...EDGE, video: { media: { service: "NodePort" } } }).video.media.externalTrafficPolicy).toBe(
      "Cluster",
    );
  });

  it("lets a kept identity win over what would be born now, but not over a stated port", () => {
    const identity = { serverName: "matrix.former.example", mediaPort: 31000, postgresMajor: 16 };
    const given = { resource: { metadata: { ...metadata, uid: "u" } }, options: OPTIONS, identity };
    expect(resolve({ ...given, spec: specOf(EDGE) })).toMatchObject({
      uid: "u",
      serverName: "matrix.former.example",
      video: { media: { port: 31000 } },
    });
    const stated = resolve({ ...given, spec: specOf({ ...EDGE, video: { media: { port: 31001 } } }) });
    expect(stated.video.media.port).toBe(31001);
  });

  it.each([
    ["traefik", "traefik"],
    ["nginx", "ingress-nginx"],
    ["haproxy", "kubernetes-ingress"],
  ])("knows who knocks for the class %s", (className, name) => {
    const { frontDoor } = practiceOf({ ...EDGE, exposure: { ingress: { className } } }).network;
    expect(frontDoor[0]).toEqual({
      namespaceSelector: {},
      podSelector: { matchLabels: { "app.kubernetes.io/name": name } },
    });
  });

  it("opens the front to any source only where nobody could say who knocks", () => {
    expect(practiceOf({ ...EDGE, exposure: { ingress: { className: "alb" } } }).network.frontDoor).toEqual([]);
    expect(practiceOf({ ...EDGE, exposure: { ingress: {} } }).network.frontDoor).toEqual([]);
    expect(practiceOf({ ...EDGE, exposure: { service: {} } }).network.frontDoor).toEqual([]);
    const frontDoor = [{ ipBlock: { cidr: "10.0.0.0/28" } }];
    expect(practiceOf({ ...EDGE, exposure: { service: {} } }, { frontDoor }).network.frontDoor).toEqual(frontDoor);
  });

  it("names where an outside database is", () => {
    const database = (to: object) => ({
      database: { external: { host: "db.example", secretRef: { name: "db" }, to } },
    });
    expect(practiceOf({ ...EDGE, messaging: database({ namespace: "databases" }) }).messaging.database).toEqual({
      kind: "external",
      host: "db.example",
      port: 5432,
      name: "synapse",
      secretName: "db",
      to: { kind: "pods", namespace: "databases", labels: {} },
    });
  });

  it.each(["solo", "group", "gateway"])("resolves examples/%s.yaml", (example) => {
    const file = new URL(`../../examples/${example}.yaml`, import.meta.url);
    const [namespace, resource] = parseAllDocuments(readFileSync(file, "utf8")).map((document) => document.toJS());
    const parsed = parseSpec(resource);
    expect(parsed).toMatchObject({ ok: true });
    expect(resource.metadata.namespace).toBe(namespace.metadata.name);
    expect(namespace.metadata.labels).toEqual({
      "pod-security.kubernetes.io/enforce": "restricted",
      "telehealth-operator.io/practice-namespace": "true",
    });
    const { spec } = parsed as { spec: PracticeSpec };
    const identity = defaultIdentity(resource.metadata.namespace, resource.metadata.name, spec);
    expect(resolve({ resource, spec, options: OPTIONS, identity }).images).toEqual(DEFAULT_IMAGES);
  });
});

describe("defaultIdentity", () => {
  it("chooses a port in the range that Kubernetes leaves to chance, the same one each time", () => {
    const spec = specOf({});
    fc.assert(
      fc.property(fc.string(), fc.string(), (namespace, name) => {
        const { mediaPort } = defaultIdentity(namespace, name, spec);
        expect(mediaPort).toBeGreaterThanOrEqual(30086);
        expect(mediaPort).toBeLessThanOrEqual(32767);
        expect(defaultIdentity(namespace, name, spec).mediaPort).toBe(mediaPort);
      }),
    );
  });

  it("does not move from release to release", () => {
    expect(defaultIdentity("greenriver", "greenriver", specOf({}))).toEqual({
      serverName: "matrix.greenriver.example",
      mediaPort: 32405,
      postgresMajor: 17,
    });
  });

  it("spreads practices over the range", () => {
    const ports = Array.from({ length: 500 }, (_, i) => defaultIdentity(`ns-${i}`, "practice", specOf({})).mediaPort);
    expect(new Set(ports).size).toBeGreaterThan(420);
  });
});

describe("effectiveHosts", () => {
  it("takes stated hosts, else the usual ones below the domain", () => {
    expect(effectiveHosts({ domain: "greenriver.example", hosts: { chat: "write.example" } })).toEqual({
      entry: "go.greenriver.example",
      meet: "meet.greenriver.example",
      matrix: "matrix.greenriver.example",
      chat: "write.example",
    });
  });
});
