import { describe, expect, it } from "vitest";
import { z } from "zod";
import { structural } from "../../src/api/structural.ts";

const text = z.string().max(9).describe("A text.");

describe("structural", () => {
  it("keeps bounds, defaults and descriptions, and drops what refuses unknown fields", () => {
    const schema = z.strictObject({
      text: z.string().max(9).default("a").describe("A text."),
      list: z.array(z.int().min(1).max(2)).max(3).describe("A list."),
    });
    expect(structural(schema)).toEqual({
      type: "object",
      required: ["list"],
      properties: {
        text: { type: "string", maxLength: 9, default: "a", description: "A text." },
        list: {
          type: "array",
          maxItems: 3,
          description: "A list.",
          items: { type: "integer", minimum: 1, maximum: 2 },
        },
      },
    });
  });

  it("has no empty list of properties, which the API server would drop", () => {
    const field = z.strictObject({}).describe("Nothing to choose.");
    expect(structural(z.strictObject({ field })).properties).toEqual({
      field: { type: "object", description: "Nothing to choose." },
    });
  });

  it.each([
    ["a union", z.union([text, z.int().max(1)])],
    ["a discriminated union", z.discriminatedUnion("a", [z.strictObject({ a: z.literal("b") })])],
    ["a tuple", z.tuple([text])],
    ["anything", z.unknown()],
    ["a loose object", z.looseObject({ text })],
    ["null", z.null()],
    ["a shared definition", text.meta({ id: "shared" })],
    ["look-ahead", z.hostname().max(9)],
    ["read-only", z.array(text).max(1).readonly()],
    ["a number", z.number().max(1)],
    ["several patterns", z.string().max(9).regex(/a/).regex(/b/)],
    ["a date", z.date()],
    ["a text without a bound", z.string()],
    ["a list without a bound", z.array(text)],
    ["a map without a bound", z.record(z.string(), text)],
    ["a map of an enum's keys", z.record(z.enum(["a"]), text)],
  ])("refuses %s", (_, field) => {
    expect(() => structural(z.strictObject({ field: field.describe("A field.") }))).toThrow(/./);
  });

  it("refuses a field that `kubectl explain` could not explain", () => {
    expect(() => structural(z.strictObject({ field: z.boolean() }))).toThrow(".field has no description");
  });
});
