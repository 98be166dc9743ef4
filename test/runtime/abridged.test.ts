import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import type { LiveObject } from "../../src/manifest.ts";
import { abridging } from "../../src/runtime/abridged.ts";
import { listParts } from "../../src/runtime/list-body.ts";
import { condensing } from "../../src/runtime/managed-fields.ts";

const abridged = abridging("us");
const condensed = condensing("us");

/** As the API server writes typed objects: what is said of the fields comes last in the metadata. */
function object(managedFields: unknown, more: object = {}): LiveObject {
  const metadata = { name: "a", uid: "1", resourceVersion: "2", creationTimestamp: "", managedFields };
  return { metadata, ...more } as unknown as LiveObject;
}

const entry = (manager: string, operation = "Update", fieldsV1: object = { "f:data": { "f:x": {} } }) => ({
  manager,
  operation,
  apiVersion: "v1",
  time: "2026-01-01T00:00:00Z",
  fieldsType: "FieldsV1",
  fieldsV1,
});

/** What a list of two such objects gives. */
async function listed(live: LiveObject): Promise<readonly LiveObject[]> {
  const items = [live, object([entry("them")], { data: { last: "one" } })];
  const body = Buffer.from(JSON.stringify({ metadata: { resourceVersion: "9" }, items }));
  const parts: (readonly LiveObject[])[] = [];
  for await (const part of listParts(one(body), abridged)) parts.push(part.items.map(condensed));
  // Each as it comes: what could not be abridged waits for nothing.
  expect(parts).toHaveLength(2);
  const found = parts.flat();
  expect(found[1]).toEqual(condensed(items[1] as LiveObject));
  return found;
}

async function* one(body: Buffer) {
  yield body;
}

describe("what is left of managedFields", () => {
  it.each([
    ["we made it", [entry("us"), entry("them")]],
    ["we applied it", [entry("us", "Apply"), entry("them")]],
    ["others made it", [entry("them")]],
    ["its oldest updates were put together", [entry("ancient-changes"), entry("them")]],
    ["nobody is named", []],
    ["somebody says the same elsewhere", [entry("them")], { spec: { manager: "us", operation: "Update" } }],
  ])("tells as much when %s", async (_, fields, more: object = {}) => {
    const live = object(fields, { data: { x: "managedFields" }, ...more });
    expect(await listed(live)).toContainEqual(condensed(live));
  });

  it("has no field sets, and all else is as it was", () => {
    const live = object([entry("us")], { data: { x: '"managedFields":[' }, list: [1, [2]] });
    const { managedFields: _, ...metadata } = live.metadata as LiveObject["metadata"] & { managedFields: unknown };
    const left = [{ manager: "us", operation: "Update" }];
    const text = abridged(Buffer.from(JSON.stringify(live))) ?? "";
    expect(JSON.parse(text)).toEqual({ ...live, metadata: { ...metadata, managedFields: left } });
  });

  it("is all that is made into objects", async () => {
    const parse = vi.spyOn(JSON, "parse");
    await listed(object([entry("us"), entry("them")]));
    const [first] = parse.mock.calls.map(([text]) => text).filter((text) => text.includes('"uid":"1"'));
    parse.mockRestore();
    expect(first).not.toContain("fieldsV1");
  });

  it("is nothing where nothing is said", () => {
    expect(abridged(Buffer.from('{"metadata":{"name":"a","labels":{"managedFields":"["}}}'))).toBeUndefined();
  });

  // Whoever may write an object chooses such names, and must not choose by that what else is read of it.
  it.each(["]", "],", "]}", "]},", "]}}", "]},{", "]:", '],"x":"', "]}]", '"]'])(
    "is whole again when a name has %s in it",
    async (name) => {
      for (const live of [
        object([entry(name), entry("us")], { data: { x: "y" } }),
        object([entry("them", "Update", { "f:data": { [`f:${name}`]: {}, [`v:"${name}"`]: {} } })], { data: {} }),
        object([{ ...entry("them"), subresource: name }, entry("us")], { data: { x: name } }),
      ]) {
        expect(await listed(live)).toContainEqual(condensed(live));
      }
    },
  );

  it("changes nothing else, whatever names are in it", async () => {
    const text = fc.string({ unit: fc.constantFrom(..."]}{[,:\"'\\a") });
    const names = fc.record({ manager: text, key: text, subresource: text, value: text });
    const property = fc.asyncProperty(names, async ({ manager, key, subresource, value }) => {
      const fields = [{ ...entry(manager, "Update", { "f:data": { [`f:${key}`]: {} } }), subresource }, entry("us")];
      const live = object(fields, { data: { x: value }, [key]: value });
      expect(await listed(live)).toContainEqual(condensed(live));
    });
    await fc.assert(property, { numRuns: 2000 });
  });
});
