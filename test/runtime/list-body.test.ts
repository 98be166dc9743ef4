import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { type ListPart, listParts } from "../../src/runtime/list-body.ts";

/** The parts of a body that arrives in pieces of this many bytes. */
async function partsOf(body: string, bytes = 7): Promise<ListPart[]> {
  const buffer = Buffer.from(body);
  async function* chunks() {
    for (let at = 0; at < buffer.length; at += bytes) yield buffer.subarray(at, at + bytes);
  }
  const parts: ListPart[] = [];
  for await (const part of listParts(chunks())) parts.push(part);
  return parts;
}

const itemsOf = (parts: readonly ListPart[]) => parts.flatMap(({ items }) => items);
const metadata = { resourceVersion: "9", continue: "more" };
const named = (name: string, more: object = {}) => ({ metadata: { name }, ...more });

describe("listParts", () => {
  it("gives each item as soon as it is there, with what the list says of itself", async () => {
    const items = [named("a"), named("b"), named("c")];
    const parts = await partsOf(JSON.stringify({ kind: "ConfigMapList", metadata, items }));
    expect(parts).toEqual(items.map((item) => ({ metadata, items: [item] })));
  });

  it("holds the items back until it knows the version of a list that tells it last", async () => {
    const items = ["a", "b"].map((name) => ({ apiVersion: "x/v1", kind: "X", metadata: { name } }));
    const parts = await partsOf(JSON.stringify({ apiVersion: "x/v1", items, kind: "XList", metadata }));
    expect(parts).toEqual([{ metadata, items }]);
  });

  it.each([
    ["no item", []],
    ["one item", [named("a")]],
    [
      "what looks like the end of an item in a text",
      [named("a", { data: { x: '"},{"metadata":{"name":"y' } }), named("b")],
    ],
    [
      "what looks like the end of an item inside of one",
      [named("a", { claims: [named("x"), named("y")] }), named("b")],
    ],
    ["items that begin otherwise", [named("a"), { a: 1, ...named("b") }, named("c"), { z: [named("x")] }]],
    ["characters of several bytes", [named("ä", { data: { text: "Grüße 🌱" } }), named("ö")]],
  ])("understands %s", async (_, items) => {
    for (const bytes of [1, 7, 64, 10_000]) {
      const parts = await partsOf(JSON.stringify({ kind: "List", metadata, items }), bytes);
      expect(itemsOf(parts)).toEqual(items);
      expect(parts.at(-1)?.metadata).toEqual(metadata);
    }
  });

  it.each([
    '{"metadata":{"resourceVersion":"9"},"items":null}',
    '{ "metadata": {"resourceVersion":"9"}, "items": [ ] }',
  ])("understands %s", async (body) => {
    expect(await partsOf(body)).toEqual([{ metadata: { resourceVersion: "9" }, items: [] }]);
  });

  it("understands any list, however it is cut", async () => {
    const item = fc.record({ metadata: fc.dictionary(fc.string(), fc.jsonValue()), more: fc.jsonValue() });
    const list = fc.record({ metadata: fc.constant(metadata), items: fc.array(item, { maxLength: 6 }) });
    await fc.assert(
      fc.asyncProperty(list, fc.integer({ min: 1, max: 99 }), fc.boolean(), async ({ items }, bytes, isCustom) => {
        const body = JSON.stringify(isCustom ? { apiVersion: "v1", items, metadata } : { metadata, items });
        const parts = await partsOf(body, bytes);
        expect(itemsOf(parts)).toEqual(JSON.parse(JSON.stringify(items)));
      }),
    );
  });

  it("tries an item full of what looks like its end only a few times", async () => {
    const parse = vi.spyOn(JSON, "parse");
    const items = [named("a", { claims: Array(5000).fill(named("x")) }), named("b"), named("c")];
    const parts = await partsOf(JSON.stringify({ metadata, items }), 64);
    const times = parse.mock.calls.length;
    parse.mockRestore();
    expect(itemsOf(parts)).toEqual(items);
    expect(times).toBeLessThan(30);
  });

  it("copies a long item only a few times", async () => {
    const concat = vi.spyOn(Buffer, "concat");
    const items = [named("a", { data: "x".repeat(1_000_000) }), named("b")];
    const parts = await partsOf(JSON.stringify({ metadata, items }), 1000);
    const copied = concat.mock.results.reduce((sum, { value }) => sum + (value as Buffer).length, 0);
    concat.mockRestore();
    expect(itemsOf(parts)).toEqual(items);
    expect(copied).toBeLessThan(5_000_000);
  });

  it.each([
    "<html>",
    "null",
    "[]",
    '{"metadata":{"resourceVersion":"9"}}',
    '{"metadata":{},"items":[]}',
    '{"metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"a"}},{"metadata":{"na',
    '{"meta":"items":[{"metadata":{}}]}',
  ])("refuses what is no list, or half of one: %s", async (body) => {
    await expect(partsOf(body)).rejects.toThrow("What the API server answered is no list, or half of one.");
  });
});
