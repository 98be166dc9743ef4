import { describe, expect, it } from "vitest";
import type { LiveObject } from "../../src/manifest.ts";
import { hasLeftovers, managersOf } from "../../src/runtime/managed-fields.ts";

const DESIRED = {
  spec: { replicas: 1, template: { containers: [{ name: "a", image: "x", ports: [{ containerPort: 80 }] }] } },
};

function live(manager: string, fieldsV1: object, more: object = {}): LiveObject {
  const managedFields = [{ manager, operation: "Apply", fieldsV1, ...more }];
  return { metadata: { name: "x", managedFields } } as unknown as LiveObject;
}

describe("managersOf", () => {
  it("finds who owns a field, through merged lists", () => {
    const image = live("kubectl", {
      "f:spec": { "f:template": { "f:containers": { 'k:{"name":"a"}': { "f:image": {} } } } },
    });
    const path = ["spec", "template", "containers", 0, "image"];
    expect(managersOf(image, DESIRED, [path], "us")).toEqual(["kubectl"]);
    expect(managersOf(image, DESIRED, [["spec", "replicas"]], "us")).toEqual([]);
    expect(managersOf(image, DESIRED, [path], "kubectl")).toEqual([]);
  });

  it("finds who owns the whole of a list that is replaced", () => {
    const rules = live("kubectl", { "f:spec": { "f:ingress": {} } });
    expect(managersOf(rules, { spec: { ingress: [{ from: [] }] } }, [["spec", "ingress", 0, "from"]], "us")).toEqual([
      "kubectl",
    ]);
  });
});

describe("hasLeftovers", () => {
  const ports = 'k:{"containerPort":80,"protocol":"TCP"}';
  const container = {
    ".": {},
    "f:name": {},
    "f:image": {},
    "f:ports": { [ports]: { ".": {}, "f:containerPort": {} } },
  };
  const fields = { "f:spec": { "f:replicas": {}, "f:template": { "f:containers": { 'k:{"name":"a"}': container } } } };

  it("is false when everything we own is still wanted", () => {
    expect(hasLeftovers(live("us", fields), DESIRED, "us")).toBe(false);
  });

  it("is true for a field or an item that is not wanted any more", () => {
    expect(hasLeftovers(live("us", { "f:spec": { "f:paused": {} } }), DESIRED, "us")).toBe(true);
    const other = { "f:spec": { "f:template": { "f:containers": { 'k:{"name":"b"}': {} } } } };
    expect(hasLeftovers(live("us", other), DESIRED, "us")).toBe(true);
    expect(hasLeftovers(live("us", { "f:metadata": { "f:finalizers": { 'v:"f"': {} } } }), DESIRED, "us")).toBe(true);
  });

  it("looks at our own applies only", () => {
    const more = { "f:status": {} };
    expect(hasLeftovers(live("them", more), DESIRED, "us")).toBe(false);
    expect(hasLeftovers(live("us", more, { subresource: "status" }), DESIRED, "us")).toBe(false);
  });
});
