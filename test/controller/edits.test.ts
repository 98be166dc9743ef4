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
  const editOf = createEdits();
  expect(editOf(event(1, "added"))).toBe("new");
  expect(editOf(event(1))).toBe(undefined);
  expect(editOf(event(2))).toBe("changed");
  expect(editOf(event(2))).toBe(undefined);
  expect(editOf(event(3, "modified", RESOURCES.Service))).toBe(undefined);
  expect(editOf(event(3, "deleted"))).toBe("changed");
  expect(editOf(event(3, "deleted"))).toBe(undefined);
  expect(editOf(event(2, "added"))).toBe("new");
});
