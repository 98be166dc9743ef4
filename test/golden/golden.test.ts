import { describe, expect, it } from "vitest";
import { loadAssets } from "../../src/assets.ts";
import { render } from "../../src/render/render.ts";
import { toYaml } from "../../src/render/yaml.ts";
import { aPractice, EXAMPLES, nothingObserved, observed } from "../support/practices.ts";

const assets = loadAssets();

/** YAML without what we ship as a file of its own and without hashes and repetitions of content, so that a change is read once. */
function readable(manifests: ReturnType<typeof render>["manifests"]): string {
  const shipped = { "guard.js": assets.guard, "practice_policy.py": assets.practicePolicy, ...assets.prosodyModules };
  const objects = manifests.map(({ ...object }) => {
    const data = object["data"] as Record<string, string> | undefined;
    if (!data) return object;
    const shortened = Object.entries(data).map(([file, text]) => [file, withoutAssets(text, shipped)]);
    return { ...object, data: Object.fromEntries(shortened) as Record<string, string> };
  });
  return toYaml(objects)
    .replaceAll(/-[0-9a-f]{8}$/gm, "-CONTENT")
    .replaceAll(/^(.*\/rendered): .*$/gm, "$1: DIGEST")
    .replaceAll(/^(.*\/template): .*$/gm, "$1: TEMPLATE");
}

function withoutAssets(text: string, shipped: Readonly<Record<string, string>>): string {
  return Object.entries(shipped).reduce((shorter, [file, asset]) => shorter.replace(asset, () => `(${file})\n`), text);
}

describe("golden renderings", () => {
  it.each(EXAMPLES)("%s, before the cluster has told anything", async (example) => {
    const practice = aPractice({ example, uid: null });
    const { manifests } = render({ practice, observed: nothingObserved(practice), assets });
    await expect(readable(manifests)).toMatchFileSnapshot(`${example}.yaml`);
  });

  it("solo, complete, as the operator applies it", async () => {
    const practice = aPractice();
    const { manifests, awaits } = render({ practice, observed: observed(practice), assets });
    expect(awaits).toEqual([]);
    await expect(readable(manifests)).toMatchFileSnapshot("solo.complete.yaml");
  });
});
