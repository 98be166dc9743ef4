import { describe, expect, it } from "vitest";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { freeMediaPort, nextMediaPort } from "../../src/controller/media-ports.ts";
import type { LiveObject } from "../../src/manifest.ts";
import { namesOf } from "../../src/practice/names.ts";
import type { Cache } from "../../src/runtime/cluster.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";

describe("a free media port", () => {
  it("is the one asked for while nobody has it", () => {
    expect(freeMediaPort(cacheWith({}), 30_500)).toBe(30_500);
  });

  it("is neither a Service's nor followed by a Service's", () => {
    expect(freeMediaPort(cacheWith({ nodePorts: [30_500, 30_503] }), 30_500)).toBe(30_504);
  });

  it("is not one for the health checks of a load balancer", () => {
    expect(freeMediaPort(cacheWith({ healthCheckNodePort: 30_501 }), 30_500)).toBe(30_502);
  });

  it("is not what a practice was promised whose Service is still to be made", () => {
    expect(freeMediaPort(cacheWith({ promised: 30_500 }), 30_500)).toBe(30_502);
  });

  it("goes round at the end of the band", () => {
    expect(freeMediaPort(cacheWith({ nodePorts: [32_766] }), 32_766)).toBe(30_086);
    expect(nextMediaPort(32_766)).toBe(30_086);
    expect(nextMediaPort(30_086)).toBe(30_088);
  });

  it("is the one asked for when all are taken, so that the server says so", () => {
    const nodePorts = Array.from({ length: 2682 }, (_, n) => 30_086 + n);
    expect(freeMediaPort(cacheWith({ nodePorts }), 30_500)).toBe(30_500);
  });

  it("leaves a port outside of the band to whoever chose it", () => {
    expect(freeMediaPort(cacheWith({ nodePorts: [30_010] }), 30_010)).toBe(30_010);
  });
});

function cacheWith({
  nodePorts = [],
  healthCheckNodePort,
  promised,
}: {
  nodePorts?: readonly number[];
  healthCheckNodePort?: number;
  promised?: number;
}): Cache {
  const live = (kind: string, name: string, fields: object) =>
    ({
      apiVersion: "v1",
      kind,
      metadata: { name, namespace: "a", uid: "1", resourceVersion: "1" },
      ...fields,
    }) as unknown;
  const service = live("Service", "other", {
    spec: { ports: nodePorts.map((nodePort) => ({ nodePort })), ...(healthCheckNodePort && { healthCheckNodePort }) },
  });
  const identity = live("ConfigMap", namesOf("a").identity, { data: { mediaPort: String(promised) } });
  return {
    get: (resource) => (promised && resource === RESOURCES.ConfigMap ? (identity as LiveObject) : undefined),
    list: (resource) =>
      resource === RESOURCES.Service
        ? [service as LiveObject]
        : resource === PRACTICES
          ? [live("TelehealthPractice", "a", {}) as LiveObject]
          : [],
    serves: () => true,
    unread: () => undefined,
    isCurrent: () => true,
    holds: () => "whole",
    readContents: () => Promise.resolve(),
    learn: () => undefined,
    synced: true,
    onEvent: () => undefined,
  };
}
