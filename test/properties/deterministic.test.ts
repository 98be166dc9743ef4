import { describe, expect, it } from "vitest";
import { parseSpec } from "../../src/api/practice.ts";
import { loadAssets } from "../../src/assets.ts";
import { COMPONENTS } from "../../src/components/index.ts";
import { render } from "../../src/render/render.ts";
import { synthesise } from "../../src/render/synthesise.ts";
import { toYaml } from "../../src/render/yaml.ts";
import { aPractice, EXAMPLES, observed, VARIANTS } from "../support/practices.ts";

/** The same value with all keys in the opposite order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, item]) => [key, turned(item)]),
  );
}

describe("rendering", () => {
  it.each(VARIANTS)("twice gives the same bytes: %s", (_, params) => {
    const { names, ...rest } = params.practice;
    const copy = { ...structuredClone({ ...params, practice: rest }), practice: { ...structuredClone(rest), names } };
    expect(toYaml(render(copy).manifests)).toBe(toYaml(render(params).manifests));
  });

  it.each(VARIANTS)("keeps every field that a component wrote: %s", (_, params) => {
    const built = COMPONENTS.flatMap((component) => component.build(params));
    expect(synthesise(built)).toEqual(built);
  });

  const placed = { placement: { nodeSelector: { disk: "fast", zone: "north" } } };
  it.each([...EXAMPLES.map((example) => [example, {}] as const), [EXAMPLES[0], placed] as const])(
    "does not depend on the order in which a spec was written: %s with %o",
    (example, spec) => {
      const practice = aPractice({ ...(example !== undefined && { example }), spec });
      const other = turned(practice) as typeof practice;
      const names = practice.names;
      const bytes = (p: typeof practice) =>
        toYaml(render({ practice: p, observed: observed(practice), assets: loadAssets() }).manifests);
      expect(bytes({ ...other, names })).toBe(bytes(practice));
    },
  );

  it("is not the same for another spec", () => {
    expect(parseSpec({}).ok).toBe(false);
    const bytes = (spec: object) => {
      const practice = aPractice({ spec: { ...spec } });
      return toYaml(render({ practice, observed: observed(practice), assets: loadAssets() }).manifests);
    };
    expect(bytes({ locale: "en" })).not.toBe(bytes({ locale: "de" }));
  });
});
