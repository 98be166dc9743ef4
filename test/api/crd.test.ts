import { describe, expect, it } from "vitest";
import { crd, schemaHash } from "../../src/api/crd.ts";

describe("the definition", () => {
  it("says at a glance how a practice is", () => {
    const [version] = (crd()["spec"] as { versions: { additionalPrinterColumns: { name: string }[] }[] }).versions;
    expect(version?.additionalPrinterColumns.map(({ name }) => name)).toEqual(["Ready", "Reason", "Domain", "Age"]);
  });

  it("is the same bytes each time, and carries the hash of its schema", () => {
    expect(JSON.stringify(crd())).toBe(JSON.stringify(crd()));
    expect(schemaHash()).toMatch(/^[0-9a-f]{16}$/);
    expect(crd().metadata.annotations).toEqual({ "telehealth-operator.io/schema-hash": schemaHash() });
  });

  it("has no knob for what is enforced", () => {
    const names = new Set(fieldNames(crd()).map((name) => name.toLowerCase()));
    for (const knob of ["e2ee", "encryption", "recording", "networkpolicy", "podtemplate", "securitycontext", "env"]) {
      expect([...names].filter((name) => name.includes(knob))).toEqual([]);
    }
  });

  it("has no default inside list items, which would be out of sync for ever under GitOps", () => {
    expect(lists(crd()).filter((items) => JSON.stringify(items).includes('"default":'))).toEqual([]);
  });
});

function objects(value: unknown): Record<string, unknown>[] {
  if (value === null || typeof value !== "object") return [];
  return [value as Record<string, unknown>, ...Object.values(value).flatMap(objects)];
}

function fieldNames(value: unknown): string[] {
  return objects(value).flatMap(({ properties }) => Object.keys((properties as object | undefined) ?? {}));
}

function lists(value: unknown): unknown[] {
  return objects(value).flatMap(({ type, items }) => (type === "array" ? [items] : []));
}
