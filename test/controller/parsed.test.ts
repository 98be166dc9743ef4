import { expect, it } from "vitest";
import { parsedPractice } from "../../src/controller/parsed.ts";
import type { LiveObject } from "../../src/manifest.ts";

it("judges each version of a practice once, and the next one afresh", () => {
  const metadata = {
    name: "greenriver",
    namespace: "greenriver",
    uid: "1",
    resourceVersion: "1",
    creationTimestamp: "",
  };
  const version = (domain: string): LiveObject => ({
    apiVersion: "telehealth-operator.io/v1alpha1",
    kind: "TelehealthPractice",
    metadata,
    spec: { domain },
  });
  const [first, next] = [version("greenriver.example"), version("other.example")];
  expect(parsedPractice(first)).toBe(parsedPractice(first));
  expect([parsedPractice(first), parsedPractice(next)]).toMatchObject([
    { ok: true, spec: { domain: "greenriver.example" } },
    { ok: true, spec: { domain: "other.example" } },
  ]);
});
