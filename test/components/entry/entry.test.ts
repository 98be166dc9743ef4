import type { IDeployment } from "kubernetes-models/apps/v1";
import { describe, expect, it } from "vitest";
import { entry } from "../../../src/components/entry/entry.ts";
import { entryOptions } from "../../../src/entry/options.ts";
import { someParams } from "../../support/practice.ts";

const podOf = (practice = {}) => {
  const built = entry
    .build(someParams({ practice }))
    .find(({ kind }) => kind === "Deployment") as unknown as IDeployment;
  const spec = built.spec?.template?.spec;
  if (!spec?.containers?.[0]) throw new Error("No pod is rendered.");
  return { spec, container: spec.containers[0] };
};

describe("the entry pod", () => {
  it("runs the operator's image with a command of its own and no right in the cluster", () => {
    const { spec, container } = podOf();
    expect(container.command).toEqual(["node", "src/main.ts", "entry"]);
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(spec.volumes).toEqual([]);
  });

  it("tells the page what it needs, in the page's own words", () => {
    const { container } = podOf({ locale: "en", legal: { imprintUrl: "https://greenriver.example/imprint" } });
    const environment = Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value]));
    expect(entryOptions(environment)).toEqual({
      port: 8080,
      locale: "en",
      imprintUrl: "https://greenriver.example/imprint",
    });
  });
});
