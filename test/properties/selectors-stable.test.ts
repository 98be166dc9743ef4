import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { describe as nameOf } from "../../src/manifest.ts";
import { ofKind } from "../../src/policy/selectors.ts";
import { RENDERED } from "../support/rendered.ts";

/** Selectors of workloads can never change: a change here breaks the upgrade of every practice there is. */
describe("selectors of workloads", () => {
  const selectors = (manifests: (typeof RENDERED)[number][1]["manifests"]) =>
    ofKind(manifests, "Deployment", "StatefulSet").map((workload): [string, object] => [
      nameOf(workload),
      (workload["spec"] as { selector: object }).selector,
    ]);

  it("are those of the first release", async () => {
    const solo = RENDERED.find(([name]) => name === "example solo");
    expect(solo).toBeDefined();
    const all = Object.fromEntries(selectors(solo?.[1].manifests ?? ([] as never)));
    await expect(stringify(all)).toMatchFileSnapshot("../golden/selectors.yaml");
  });

  it.each(RENDERED)("do not depend on anything but the name: %s", (_, { manifests, practice }) => {
    for (const [name, selector] of selectors(manifests)) {
      const role = name.split(`${practice.name}-`)[1];
      expect(selector).toEqual({
        matchLabels: { "telehealth-operator.io/practice": practice.name, "telehealth-operator.io/serves": role },
      });
    }
  });
});
