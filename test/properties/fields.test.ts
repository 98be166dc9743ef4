import { describe, expect, it } from "vitest";
import { render } from "../../src/render/render.ts";
import { fieldPaths, FIELD_SAMPLES, valueAt } from "../support/field-samples.ts";
import { aPractice, params } from "../support/practices.ts";

/** Rendered as in a cluster, where addresses that are stated are the ones that are known. */
function rendered(spec: Readonly<Record<string, unknown>>): string {
  const { addresses } = aPractice({ spec }).video.media;
  return JSON.stringify(render(params({ spec }, addresses.length > 0 ? { mediaAddresses: addresses } : {})).manifests);
}

describe("every field of a practice's manifest", () => {
  it("has a sample: one that the schema gets is tried like the others", () => {
    expect(Object.keys(FIELD_SAMPLES).toSorted()).toEqual(fieldPaths().toSorted());
  });

  it.each(Object.entries(FIELD_SAMPLES))("%s is set and changed by its sample, and by that alone", (path, sample) => {
    const { without = {}, set, changed } = sample;
    expect(valueAt(set, path)).toBeDefined();
    if (path !== "video.provider") expect(valueAt(changed, path)).not.toEqual(valueAt(set, path));
    expect(valueAt(without, path)).not.toEqual(valueAt(set, path));
  });

  it.each(Object.entries(FIELD_SAMPLES))(
    "%s leaves its trace in what is rendered, unless it says why not",
    (_, sample) => {
      const { without = {}, set, changed, silent } = sample;
      const traces = [rendered(without) !== rendered(set), rendered(set) !== rendered(changed)];
      expect(traces).toEqual(silent === undefined ? [true, true] : [false, false]);
    },
  );
});
