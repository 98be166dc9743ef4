import type { StructuralSchema } from "./structural.ts";

/**
 * The value without the nulls of known fields: the API server drops them before it fills in defaults, so `video:` with
 * all its lines commented out is no error. Nulls in lists stay, and are refused.
 */
export function withoutNulls(value: unknown, schema: StructuralSchema): unknown {
  if (Array.isArray(value)) {
    const items = schema["items"] as StructuralSchema | undefined;
    return items ? value.map((item) => withoutNulls(item, items)) : value;
  }
  if (value === null || typeof value !== "object") return value;
  const properties = (schema["properties"] ?? {}) as Readonly<Record<string, StructuralSchema>>;
  const others = schema["additionalProperties"] as StructuralSchema | undefined;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, child]) => {
      const known = Object.hasOwn(properties, key) ? properties[key] : others;
      if (!known) return [[key, child]];
      return child === null ? [] : [[key, withoutNulls(child, known)]];
    }),
  );
}
