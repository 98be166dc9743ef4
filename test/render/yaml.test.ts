import { parseAllDocuments } from "yaml";
import { describe, expect, it } from "vitest";
import type { Manifest } from "../../src/manifest.ts";
import { toYaml } from "../../src/render/yaml.ts";

const map = (data: Record<string, string>): Manifest => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "a" },
  data,
});

describe("toYaml", () => {
  it("writes one document per object, readable as YAML 1.1 and 1.2 with the same content", () => {
    const tricky = {
      on: "on",
      yes: "yes",
      time: "12:30",
      octal: "0o10",
      number: "1_000",
      nil: "~",
      lines: "a\n  b \n",
    };
    const objects = [map(tricky), map({ only: "" })];
    for (const version of ["1.1", "1.2"] as const) {
      const documents = parseAllDocuments(toYaml(objects), { version });
      expect(documents.map((document) => document.toJS() as unknown)).toEqual(objects);
    }
  });

  it("writes no anchors, which people do not expect in a manifest", () => {
    const shared = { cidr: "10.0.0.0/8" };
    expect(toYaml([{ ...map({}), peers: [shared, shared] }])).not.toContain("&");
  });
});
