import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { type AttackGroup, group, isProven, type Result, runAnswered, runGroup } from "./attack.ts";
import { CATALOGUE, catalogueTable } from "./catalogue.ts";

const ids = CATALOGUE.flatMap(({ attacks }) => attacks.map(({ id }) => id));

describe("the catalogue", () => {
  it("names every attack once, in one way", () => {
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(id))).toEqual([]);
  });

  it("is in the docs as it is here", () => {
    expect(readFileSync("docs/attacks.md", "utf8")).toContain(catalogueTable());
  });
});

describe("the runner", () => {
  const nothing = { stop: () => Promise.resolve() };
  const someGroup = (run: (defended: boolean) => Promise<"succeeded" | "failed">): AttackGroup =>
    group({
      defence: "a defence",
      parts: [],
      start: (defended) => Promise.resolve({ ...nothing, defended }),
      attacks: [{ id: "one", promise: 1, does: "Something.", run: (stage) => run(stage.defended) }],
    });
  const proven = async (tried: AttackGroup) => (await runGroup(tried)).map(isProven);

  it("believes an attack only when it succeeds without and fails with", async () => {
    expect(await proven(someGroup(async (defended) => (defended ? "failed" : "succeeded")))).toEqual([true]);
    expect(await proven(someGroup(async () => "failed"))).toEqual([false]);
    expect(await proven(someGroup(async () => "succeeded"))).toEqual([false]);
  });

  it("takes no answer for no refusal", async () => {
    const silent = someGroup((defended) =>
      defended ? Promise.reject(new Error("no answer")) : Promise.resolve("succeeded"),
    );
    expect(await runGroup(silent)).toEqual([
      {
        id: "one",
        promise: 1,
        parts: [],
        succeedsWithout: true,
        failsWith: false,
        error: "with the defence: no answer",
      },
    ]);
  });

  it("asks once more after silence, never after an outcome", async () => {
    const asked: boolean[] = [];
    const late = someGroup(async (defended) => {
      asked.push(defended);
      if (asked.length === 1) throw new Error("late");
      return defended ? "failed" : "succeeded";
    });
    expect((await runAnswered(late)).map(isProven)).toEqual([true]);
    const hole = someGroup(async (defended) => (asked.push(defended), "succeeded"));
    const before = asked.length;
    expect((await runAnswered(hole)).map(isProven)).toEqual([false]);
    expect(asked.length - before).toBe(2);
  });

  it("says so when the programs do not start", async () => {
    const broken = { ...someGroup(async () => "failed"), start: () => Promise.reject(new Error("no Prosody")) };
    expect(await proven(broken)).toEqual([false]);
  });
});

for (const tried of CATALOGUE) {
  describe(`without ${tried.defence}`, () => {
    let results: readonly Result[];
    beforeAll(async () => (results = await runAnswered(tried)));
    it.each(tried.attacks.map(({ id }) => id))("%s succeeds, and fails with it", (id) => {
      const result = results.find((found) => found.id === id);
      expect(result, result?.error).toMatchObject({ succeedsWithout: true, failsWith: true });
    });
  });
}
