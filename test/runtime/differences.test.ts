import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { differences } from "../../src/runtime/differences.ts";

const paths = (desired: unknown, live: unknown) => differences(desired, live).map(({ path }) => path.join("."));

describe("differences", () => {
  it("leaves to others what we do not name", () => {
    const desired = { metadata: { name: "a", labels: { x: "1" } }, spec: { replicas: 1 } };
    const live = {
      metadata: { name: "a", uid: "u", labels: { x: "1", y: "2" } },
      spec: { replicas: 1, progressDeadlineSeconds: 600 },
      status: {},
    };
    expect(paths(desired, live)).toEqual([]);
    expect(paths(desired, { ...live, spec: { replicas: 2 } })).toEqual(["spec.replicas"]);
    expect(paths(desired, { ...live, spec: {} })).toEqual(["spec.replicas"]);
  });

  it("sees every widening of a wall", () => {
    const peer = { podSelector: { matchLabels: { app: "front" } } };
    const wall = {
      spec: { podSelector: {}, policyTypes: ["Ingress"], ingress: [{ from: [peer], ports: [{ port: 80 }] }] },
    };
    const live = (ingress: unknown, podSelector: unknown = {}) => ({ spec: { ...wall.spec, podSelector, ingress } });
    const ports = [{ port: 80, protocol: "TCP" }];
    expect(paths(wall, live([{ from: [peer], ports }]))).toEqual([]);
    for (const hole of [
      live([{ from: [peer], ports }, {}]),
      live([{ ports }]),
      live([{ from: [peer, {}], ports }]),
      live([{ from: [peer] }]),
      live([{ from: [{ ...peer, namespaceSelector: {} }], ports }]),
      live([{ from: [{ podSelector: {} }], ports }]),
      live([{ from: [peer], ports: [{ port: 80, protocol: "TCP", endPort: 90 }] }]),
      live([{ from: [peer], ports }], { matchLabels: { nobody: "here" } }),
      live(undefined),
    ]) {
      expect(paths(wall, hole)).not.toEqual([]);
    }
  });

  it("takes an empty list for the absent one that the server makes of it", () => {
    expect(paths({ spec: { ingress: [] } }, { spec: {} })).toEqual([]);
    expect(paths({ spec: { ingress: [] } }, { spec: { ingress: [{}] } })).toEqual(["spec.ingress"]);
  });

  it("sees another selector, also a narrower one", () => {
    expect(paths({ spec: { selector: { app: "a" } } }, { spec: { selector: { app: "a", pod: "b" } } })).toEqual([
      "spec.selector.pod",
    ]);
  });

  it("sees a filter put into a route of ours", () => {
    const backend = { name: "front", port: 8080 };
    const live = { group: "", kind: "Service", weight: 1, ...backend };
    const desired = { spec: { rules: [{ backendRefs: [backend] }] } };
    expect(paths(desired, { spec: { rules: [{ backendRefs: [live] }] } })).toEqual([]);
    const mirrored = { spec: { rules: [{ backendRefs: [live], filters: [{ type: "RequestMirror" }] }] } };
    expect(paths(desired, mirrored)).toEqual(["spec.rules.0.filters"]);
  });

  it("finds items of merged lists by their key, with defaults and foreign items, but in our order", () => {
    const desired = { containers: [{ name: "a", ports: [{ containerPort: 80 }] }, { name: "b" }] };
    const a = { name: "a", ports: [{ containerPort: 80, protocol: "TCP" }], terminationMessagePath: "/x" };
    expect(paths(desired, { containers: [a, { name: "sidecar" }, { name: "b" }] })).toEqual([]);
    expect(paths(desired, { containers: [{ name: "b" }, a] })).toEqual(["containers.1"]);
    expect(paths(desired, { containers: [a] })).toEqual(["containers.1"]);
    const ports = { ports: [{ port: 53, protocol: "UDP" }] };
    expect(paths(ports, { ports: [{ port: 53, protocol: "TCP" }] })).toEqual(["ports.0"]);
  });

  it("reads quantities as numbers, and only quantities", () => {
    const limits = (cpu: unknown, memory: unknown) => ({ resources: { limits: { cpu, memory } } });
    expect(paths(limits("1000m", "0.5Gi"), limits("1", "512Mi"))).toEqual([]);
    expect(paths(limits(1, "1G"), limits("1", "1G"))).toEqual([]);
    expect(paths(limits("1", "512Mi"), limits("1", "512M"))).toEqual(["resources.limits.memory"]);
    expect(paths({ data: { port: "1000m" } }, { data: { port: "1" } })).toEqual(["data.port"]);
    expect(paths({ spec: { port: 80 } }, { spec: { port: "80" } })).toEqual(["spec.port"]);
  });

  it("sees a foreign field of a replaced map, whatever it is called", () => {
    const desired = { matchLabels: { a: "1" } };
    expect(paths(desired, { matchLabels: { a: "1", constructor: "1" } })).toEqual(["matchLabels.constructor"]);
  });

  it("wants our finalizers among others", () => {
    expect(paths({ metadata: { finalizers: ["a"] } }, { metadata: { finalizers: ["b", "a"] } })).toEqual([]);
    expect(paths({ metadata: { finalizers: ["a"] } }, { metadata: { finalizers: ["b"] } })).not.toEqual([]);
  });
});

describe("for any JSON", () => {
  const json = fc.jsonValue({ maxDepth: 5 }).map((value) => ({ spec: value }));

  it("an object does not differ from itself", () => {
    fc.assert(
      fc.property(json, (value) => {
        // As it would come over the wire: structuredClone loses a field that is called __proto__.
        expect(differences(value, JSON.parse(JSON.stringify(value)))).toEqual([]);
      }),
    );
  });

  it("a status or label of others makes no difference, a changed value does", () => {
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean());
    const object = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), leaf, { minKeys: 1 });
    fc.assert(
      fc.property(object, leaf, fc.nat(), (spec, other, pick) => {
        const live = { metadata: { labels: { foreign: "1" } }, spec: { ...spec }, status: { ready: true } };
        expect(differences({ spec }, live)).toEqual([]);
        const key = Object.keys(spec)[pick % Object.keys(spec).length] ?? "";
        if (spec[key] === other) return;
        expect(differences({ spec }, { ...live, spec: { ...spec, [key]: other } })).toHaveLength(1);
      }),
    );
  });
});
