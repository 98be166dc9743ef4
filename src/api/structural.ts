import { z } from "zod";

/** A node of a structural schema, as a CustomResourceDefinition takes it. */
export interface StructuralSchema {
  readonly [keyword: string]: unknown;
}

/** Every keyword that passes, besides those that hold schemas. A zod construct that emits another stops the build. */
const KEYWORDS = new Set([
  "type",
  "description",
  "default",
  "enum",
  "format",
  "pattern",
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "minItems",
  "maxItems",
  "maxProperties",
  "required",
  "x-kubernetes-validations",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
]);
const TYPES = new Set(["object", "array", "string", "integer", "boolean"]);
/** A missing bound makes CEL rules above it too expensive, and lets one object fill etcd. */
const BOUND: Readonly<Record<string, readonly string[]>> = {
  string: ["maxLength", "enum"],
  integer: ["maximum"],
  array: ["maxItems"],
};
/** Perl syntax that RE2 lacks: look-around, back-references, atomic and named groups. */
const NOT_RE2 = /\(\?[=!<>P]|\\[1-9]/;

/**
 * The structural schema of a zod schema.
 * @throws Error naming the path of anything that is not structural, not bounded or not described: it would be
 *   refused by the API server or, worse, silently mean less than zod does.
 */
export function structural(schema: z.ZodType): StructuralSchema {
  return node(z.toJSONSchema(schema, { target: "openapi-3.0", io: "input", unrepresentable: "throw" }), "");
}

interface Emitted {
  readonly type?: string;
  readonly pattern?: string;
  readonly properties?: object;
  readonly items?: object;
  readonly additionalProperties?: object | false;
  readonly [keyword: string]: unknown;
}

function node(source: object, path: string): StructuralSchema {
  const { properties, items, additionalProperties, ...rest } = source as Emitted;
  const { type = "none", pattern = "" } = rest;
  const complain = (problem: string): never => {
    throw new Error(`${path || "(root)"} is not structural: ${problem}`);
  };
  if (!TYPES.has(type)) complain(`its type is ${type}`);
  for (const keyword of Object.keys(rest)) if (!KEYWORDS.has(keyword)) complain(`it has "${keyword}"`);
  if (NOT_RE2.test(pattern)) complain(`its pattern is not RE2: ${pattern}`);
  const bounds = BOUND[type];
  if (bounds && !bounds.some((bound) => bound in rest)) complain(`it has none of ${bounds.join(", ")}`);
  if (type === "array" && !items) complain("it has no items");
  if (properties && additionalProperties) complain("it has properties and additionalProperties");
  if (additionalProperties && !("maxProperties" in rest)) complain("it has no maxProperties");
  return {
    ...rest,
    // The API server drops an empty list of properties, and Argo CD would forever want it back.
    ...(properties && Object.keys(properties).length > 0 && { properties: children(properties, path) }),
    ...(items !== undefined && { items: node(items, `${path}[]`) }),
    // `false` is what zod says for a strict object; the API server prunes or refuses unknown fields by itself.
    ...(additionalProperties && { additionalProperties: node(additionalProperties, `${path}{}`) }),
  };
}

function children(properties: object, path: string): StructuralSchema {
  return Object.fromEntries(
    Object.entries(properties).map(([name, child]) => {
      if (!(child as { description?: string }).description) {
        throw new Error(`${path}.${name} has no description for \`kubectl explain\``);
      }
      return [name, node(child as object, `${path}.${name}`)];
    }),
  );
}
