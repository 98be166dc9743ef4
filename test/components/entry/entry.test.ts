import type { IDeployment } from "kubernetes-models/apps/v1";
import { describe, expect, it } from "vitest";
import { entry } from "../../../src/components/entry/entry.ts";
import { entryOptions } from "../../../src/entry/options.ts";
import { someParams } from "../../support/practice.ts";

const podOf = (practice = {}, observed = {}) => {
  const built = entry
    .build(someParams({ practice, observed }))
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

  it("tells the page where to try the way to the bridge, and nothing while that is not known or not open", () => {
    const of = (observed = {}) =>
      podOf({}, observed)
        .container.env?.find(({ name }) => name === "ENTRY_STUN")
        ?.value?.split(" ");
    const mediaAddresses = [
      { ip: "203.0.113.7", port: 30_080 },
      { ip: "2001:db8::7", port: 443 },
    ];
    expect(of({ mediaAddresses, mediaFamilies: ["IPv4", "IPv6"] })).toEqual([
      "stun:203.0.113.7:30081",
      "stun:[2001:db8::7]:444",
    ]);
    expect(of({ mediaAddresses, mediaFamilies: ["IPv4"] })).toEqual(["stun:203.0.113.7:30081"]);
    expect(of({ mediaAddresses: [] })).toBeUndefined();
    expect(of({ mediaProblem: { reason: "PortTaken", message: "Taken." } })).toBeUndefined();
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
