import { describe, expect, it } from "vitest";
import { type Issue, judgeChange, parseSpec, type PracticeSpec } from "../../src/api/practice.ts";
import { corpus, type Specimen } from "./corpus.ts";

/** The verdict of our own parse, as the API server gives it: on a change, the former state must be good. */
function judge({ from, manifest }: Specimen): readonly Issue[] {
  const parsed = parseSpec(manifest);
  if (!parsed.ok) return parsed.issues;
  return from ? judgeChange(specOf(from), parsed.spec) : [];
}

function specOf(manifest: unknown): PracticeSpec {
  const parsed = parseSpec(manifest);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  return parsed.spec;
}

describe("the corpus", () => {
  it("is large enough to mean something", () => {
    expect(corpus().filter(({ good }) => good).length).toBeGreaterThanOrEqual(25);
    expect(corpus().filter(({ good }) => !good).length).toBeGreaterThanOrEqual(40);
  });

  it.each(corpus().filter(({ good }) => good))("$file is accepted", (specimen) => {
    expect(judge(specimen)).toEqual([]);
  });

  it.each(corpus().filter(({ good }) => !good))("$file is refused where it says", (specimen) => {
    const { path, message } = specimen.expect ?? { path: "", message: "" };
    const blamed = expect.objectContaining({ path, message: expect.stringContaining(message) as string });
    expect(judge(specimen)).toContainEqual(blamed);
  });
});
