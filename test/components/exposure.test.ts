import { describe, expect, it } from "vitest";
import { exposure } from "../../src/components/exposure.ts";
import type { Certificates, Exposure } from "../../src/practice/practice.ts";
import { someParams } from "../support/practice.ts";

const OWN: Certificates = { kind: "issuerRef", name: "main", issuerKind: "ClusterIssuer", group: "cert-manager.io" };
const WILDCARD: Certificates = { kind: "secretRef", name: "wildcard" };
const EXTERNAL: Certificates = { kind: "external" };
const HOSTS = ["entry", "meet", "matrix", "chat"];
const NAMES = [
  "go.greenriver.example",
  "meet.greenriver.example",
  "matrix.greenriver.example",
  "chat.greenriver.example",
];

interface Spec {
  [field: string]: unknown;
  tls?: unknown;
  listeners?: { name: string; port: number; hostname?: string; tls?: unknown }[];
  parentRefs?: { kind: string; name: string; sectionName?: string }[];
}

function built(exposed: Exposure, certificates: Certificates = OWN, gateway = true) {
  const params = someParams({
    practice: { exposure: exposed, certificates },
    observed: { apis: { certManager: true, gateway, cloudNativePG: false } },
  });
  const objects = exposure.build(params);
  return {
    names: objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`),
    spec: (kind: string, name: string) =>
      objects.find((object) => object.kind === kind && object.metadata.name === name)?.["spec"] as Spec,
    objects,
    awaits: exposure.awaits?.(params),
  };
}

describe("an Ingress", () => {
  const ingress: Exposure = {
    kind: "ingress",
    className: "traefik",
    annotations: { "external-dns.alpha.kubernetes.io/ttl": "60" },
  };

  it("of each host sends it to the front pod and says nothing about paths", () => {
    const { names, spec, objects } = built(ingress);
    expect(names).toEqual(HOSTS.map((host) => `Ingress/greenriver-${host}`));
    expect(objects[0]?.metadata).toMatchObject({
      annotations: { "external-dns.alpha.kubernetes.io/ttl": "60" },
      labels: { "telehealth-operator.io/host": "entry" },
    });
    const backend = { service: { name: "greenriver-front", port: { number: 8080 } } };
    for (const [index, host] of HOSTS.entries()) {
      expect(spec("Ingress", `greenriver-${host}`)).toEqual({
        ingressClassName: "traefik",
        tls: [{ hosts: [NAMES[index]], secretName: "greenriver-hosts-tls" }],
        rules: [{ host: NAMES[index], http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }],
      });
    }
  });

  it("uses the Secret that the practice brings, and none where TLS ends before", () => {
    expect(built(ingress, WILDCARD).spec("Ingress", "greenriver-meet").tls).toEqual([
      { hosts: ["meet.greenriver.example"], secretName: "wildcard" },
    ]);
    expect(built(ingress, EXTERNAL).spec("Ingress", "greenriver-meet")).not.toHaveProperty("tls");
  });
});

describe("a Gateway of the practice's own", () => {
  const gateway: Exposure = { kind: "gateway", className: "envoy" };

  it("listens on port 80 and on 443 for each host", () => {
    const { listeners } = built(gateway).spec("Gateway", "greenriver-gateway");
    expect(listeners?.map(({ name, port, hostname }) => [name, port, hostname])).toEqual([
      ["http", 80, undefined],
      ...HOSTS.map((host, index) => [host, 443, NAMES[index]]),
    ]);
  });

  it("opens each host by a route of its own, and sends plain HTTP to HTTPS", () => {
    const { names, spec, objects } = built(gateway);
    expect(names).toEqual([
      "Gateway/greenriver-gateway",
      ...HOSTS.map((host) => `HTTPRoute/greenriver-${host}`),
      "HTTPRoute/greenriver-redirect",
    ]);
    expect(spec("HTTPRoute", "greenriver-meet")).toMatchObject({
      hostnames: ["meet.greenriver.example"],
      parentRefs: [{ name: "greenriver-gateway", sectionName: "meet" }],
      rules: [{ backendRefs: [{ name: "greenriver-front", port: 8080 }] }],
    });
    const meet = objects.find(({ metadata }) => metadata.name === "greenriver-meet");
    expect(meet?.metadata.labels?.["telehealth-operator.io/host"]).toBe("meet");
    expect(spec("HTTPRoute", "greenriver-redirect")).toMatchObject({
      parentRefs: [{ sectionName: "http" }],
      // A prefix: cert-manager's exact path for a challenge goes before it.
      rules: [{ matches: [{ path: { type: "PathPrefix", value: "/" } }], filters: [{ type: "RequestRedirect" }] }],
    });
  });

  it("serves plain HTTP without a redirect where TLS ends before it", () => {
    const { names, spec } = built(gateway, EXTERNAL);
    expect(spec("Gateway", "greenriver-gateway").listeners?.map(({ port }) => port)).toEqual([80]);
    expect(names).not.toContain("HTTPRoute/greenriver-redirect");
    expect(spec("HTTPRoute", "greenriver-chat").parentRefs?.[0]?.sectionName).toBe("http");
  });
});

describe("a Gateway that others run", () => {
  const shared = { kind: "parentRef", name: "shared", namespace: "edge", sectionName: "https" } as const;

  it("gets routes only", () => {
    const { names, spec } = built({ ...shared, listenerSet: false }, EXTERNAL);
    expect(names).toEqual(HOSTS.map((host) => `HTTPRoute/greenriver-${host}`));
    expect(spec("HTTPRoute", "greenriver-entry").parentRefs).toEqual([
      { group: "gateway.networking.k8s.io", kind: "Gateway", name: "shared", namespace: "edge", sectionName: "https" },
    ]);
  });

  it("gets routes only when there is no certificate to listen with", () => {
    expect(built({ ...shared, listenerSet: true }, EXTERNAL).names).not.toContain("ListenerSet/greenriver-gateway");
  });

  it("gets listeners with the practice's certificate when asked for", () => {
    const { names, spec } = built({ ...shared, listenerSet: true });
    expect(names[0]).toBe("ListenerSet/greenriver-gateway");
    expect(spec("ListenerSet", "greenriver-gateway")).toMatchObject({
      parentRef: { kind: "Gateway", name: "shared", namespace: "edge" },
      listeners: HOSTS.map((name) => ({ name, port: 443, protocol: "HTTPS" })),
    });
    expect(spec("HTTPRoute", "greenriver-entry").parentRefs?.[0]).toMatchObject({
      kind: "ListenerSet",
      name: "greenriver-gateway",
      sectionName: "entry",
    });
  });
});

describe("where the cluster lacks something", () => {
  it("waits for Gateway API and renders none of it", () => {
    const { names, awaits } = built({ kind: "gateway", className: "envoy" }, OWN, false);
    expect(names).toEqual([]);
    expect(awaits).toMatchObject([{ component: "exposure", reason: "GatewayApiMissing" }]);
  });

  it("does not ask for Gateway API when an Ingress is enough", () => {
    const { names, awaits } = built({ kind: "ingress", annotations: {} }, OWN, false);
    expect(names).toHaveLength(4);
    expect(awaits).toEqual([]);
  });

  it("adds nothing to the front pod's Service", () => {
    expect(built({ kind: "service", type: "NodePort" }, EXTERNAL).names).toEqual([]);
  });
});
