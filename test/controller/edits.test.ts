import { expect, it } from "vitest";
import { createEdits } from "../../src/controller/edits.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";

const event = (generation: number, type: "added" | "modified" | "deleted" = "modified", resource = PRACTICES) => ({
  type,
  resource,
  object: {
    apiVersion: "v1",
    kind: resource.kind,
    metadata: { name: "a", namespace: "a", uid: "1", resourceVersion: "1", creationTimestamp: "", generation },
  },
});

it("an edit counts the generation up; a status, a child and a repeated event do not", () => {
  const isEdit = createEdits();
  expect(isEdit(event(1, "added"))).toBe(true);
  expect(isEdit(event(1))).toBe(false);
  expect(isEdit(event(2))).toBe(true);
  expect(isEdit(event(2))).toBe(false);
  expect(isEdit(event(3, "modified", RESOURCES.Service))).toBe(false);
  expect(isEdit(event(3, "deleted"))).toBe(true);
  expect(isEdit(event(2, "added"))).toBe(true);
});
