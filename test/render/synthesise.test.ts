import { describe, expect, it } from "vitest";
import type { Manifest } from "../../src/manifest.ts";
import { synthesise } from "../../src/render/synthesise.ts";

const metadata = { name: "a", namespace: "b", labels: { "x.example/y": "z" } };

/** Fields that are newer than the classes, which drop them without a word. */
const NEWER: Record<string, Manifest> = {
  "trafficDistribution of a Service": {
    apiVersion: "v1",
    kind: "Service",
    metadata,
    spec: { ports: [{ port: 80, targetPort: "http" }], trafficDistribution: "PreferClose" },
  },
  "hostUsers and pod-level resources of a pod": {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata,
    spec: {
      selector: { matchLabels: { a: "b" } },
      strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: "10%" } },
      template: {
        metadata: { labels: { a: "b" } },
        spec: { hostUsers: false, resources: { limits: { memory: "1Gi", cpu: 2 } }, containers: [{ name: "a" }] },
      },
    },
  },
  "a field nobody has invented yet": {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata,
    spec: { podSelector: {}, ingress: [{ from: [{ futurePeer: { name: "x" } }], ports: [{ port: 80 }] }] },
  },
  "a kind without a class": {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata,
    spec: { hostnames: [], rules: [{ filters: {} }] },
  },
  "a kind of another group with a known name": {
    apiVersion: "example.com/v1",
    kind: "Ingress",
    metadata,
    spec: { rules: "none" },
  },
};

describe("synthesise", () => {
  it.each(Object.entries(NEWER))("keeps %s", (_, object) => {
    expect(synthesise([object])).toEqual([object]);
  });

  it("gives the same bytes whatever the order of keys, in the order of the objects", () => {
    const [service, deployment] = Object.values(NEWER) as [Manifest, Manifest];
    const turned = Object.fromEntries(Object.entries(service).toReversed()) as unknown as Manifest;
    expect(JSON.stringify(synthesise([turned, deployment]))).toBe(JSON.stringify(synthesise([service, deployment])));
    expect(synthesise([deployment, service]).map(({ kind }) => kind)).toEqual(["Deployment", "Service"]);
  });

  it.each<[string, object]>([
    ["a list that is null", { spec: { ports: null } }],
    ["a map that is null", { spec: { selector: null } }],
    ["an entry of a map that is null", { spec: { selector: { a: null } } }],
    ["an item of a list that is null", { spec: { externalIPs: [null] } }],
  ])("refuses what it cannot keep: %s", (_, more) => {
    const service = { apiVersion: "v1", kind: "Service", metadata, ...more };
    expect(() => synthesise([service])).toThrow("cdk8s changed Service a.");
  });

  it("keeps a key that means something else to JavaScript", () => {
    const spec = JSON.parse('{"selector":{"__proto__":"x"}}') as object;
    expect(JSON.stringify(synthesise([{ apiVersion: "v1", kind: "Service", metadata, spec }]))).toContain(
      JSON.stringify(spec),
    );
  });

  it("takes an object that is there twice, as two", () => {
    const object = NEWER["a kind without a class"] as Manifest;
    expect(synthesise([object, object])).toHaveLength(2);
  });
});
