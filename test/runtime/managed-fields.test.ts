import { describe, expect, it } from "vitest";
import type { LiveObject } from "../../src/manifest.ts";
import { asApplied, hasLeftovers, isUpdatedBy, managersOf, withoutOwn } from "../../src/runtime/managed-fields.ts";

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

describe("what was set otherwise than by an apply", () => {
  const update = { operation: "Update", apiVersion: "v1", time: "then" };
  const made = (more: object = {}) =>
    live("us", { "f:spec": { ".": {}, "f:replicas": {}, "f:paused": {} } }, { ...update, ...more });
  const of = ({ metadata }: LiveObject) => (metadata as unknown as { managedFields: object[] }).managedFields;

  it("is told by its entry, not by another's, nor by one of a subresource", () => {
    expect(isUpdatedBy(made(), "us")).toBe(true);
    expect(isUpdatedBy(made(), "them")).toBe(false);
    expect(isUpdatedBy(made({ subresource: "status" }), "us")).toBe(false);
    expect(isUpdatedBy(made({ operation: "Apply" }), "us")).toBe(false);
    // Ours was the oldest of more than ten.
    expect(isUpdatedBy(made({ manager: "ancient-changes" }), "us")).toBe(true);
    expect(asApplied({ ...made({ manager: "ancient-changes" }), apiVersion: "v1" }, "us")?.[0]).toMatchObject({
      manager: "us",
    });
  });

  it("counts as applied, together with what was, and leaves the others' entries as they are", () => {
    const applied = of(
      live("us", { "f:spec": { "f:replicas": {}, "f:template": { "f:x": {} } } }, { apiVersion: "v1" }),
    );
    const others = of(live("them", { "f:spec": {} }, update));
    const metadata = { name: "x", managedFields: [...applied, ...of(made()), ...others] };
    const object = { apiVersion: "v1", kind: "A", metadata } as unknown as LiveObject;
    const fieldsV1 = { "f:spec": { ".": {}, "f:replicas": {}, "f:paused": {}, "f:template": { "f:x": {} } } };
    expect(asApplied(object, "us")).toEqual([{ manager: "us", ...update, operation: "Apply", fieldsV1 }, ...others]);
    expect(asApplied(object, "nobody")).toBeUndefined();
  });

  it("does not when it was set in another version of the kind, whose fields have other names", () => {
    expect(asApplied({ ...made(), apiVersion: "v2" }, "us")).toBeUndefined();
  });

  it("is taken out of an object, whoever else has fields beside it", () => {
    const set = {
      "f:spec": {
        "f:paused": {},
        "f:list": { 'k:{"name":"a"}': { ".": {}, "f:name": {}, "f:old": {} }, 'k:{"name":"b"}': {} },
      },
      "f:metadata": { "f:finalizers": { 'v:"ours"': {} } },
    };
    const spec = { replicas: 1, paused: true, list: [{ name: "a", old: 1, theirs: 2 }, { name: "b" }, { name: "c" }] };
    const managed = of(live("us", set, update));
    const object = { metadata: { name: "x", finalizers: ["ours", "theirs"], managedFields: managed }, spec };
    const desired = { metadata: { name: "x", finalizers: [] }, spec: { paused: false, list: [{ name: "a", old: 2 }] } };
    expect(withoutOwn(object as unknown as LiveObject, desired, "us")).toEqual({
      metadata: { name: "x", finalizers: ["theirs"], managedFields: managed },
      spec: { replicas: 1, list: [{ name: "a", theirs: 2 }, { name: "c" }] },
    });
    expect(object.spec).toBe(spec);
    expect(spec.paused).toBe(true);
  });
});
