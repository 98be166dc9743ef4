import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { crd } from "../../src/api/crd.ts";
import { judgeChange, parseSpec } from "../../src/api/practice.ts";
import { corpus } from "../corpus/corpus.ts";

const API = join(import.meta.dirname, "../../src/api");

describe("rules", () => {
  it("are the only place that refines a schema, so none lacks its CEL twin", () => {
    const refining = readdirSync(API).filter((file) =>
      /\.(refine|superRefine|check|transform|overwrite|pipe)\(/.test(readFileSync(join(API, file), "utf8")),
    );
    expect(refining).toEqual(["rules.ts"]);
  });

  it("are each broken by a manifest of the corpus, and named", () => {
    const said = corpus()
      .filter(({ good }) => !good)
      .flatMap(({ manifest, from }) => {
        const [to, old] = [parseSpec(manifest), from && parseSpec(from)];
        if (!to.ok) return to.issues;
        return old?.ok ? judgeChange(old.spec, to.spec) : [];
      })
      .map(({ message }) => message);
    const messages = [...new Set(validations(crd()).map(({ message }) => message))];
    expect(messages.length).toBeGreaterThan(15);
    expect(messages.filter((message) => !said.includes(message))).toEqual([]);
  });
});

/** Every `x-kubernetes-validations` below a value. */
function validations(value: unknown): { rule: string; message: string }[] {
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, child]) =>
    key === "x-kubernetes-validations" ? (child as { rule: string; message: string }[]) : validations(child),
  );
}
