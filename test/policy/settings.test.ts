import { describe, expect, it } from "vitest";
import { keysOf, readAssignment, readHocon, readJson, unmet } from "../../src/policy/settings.ts";

describe("readers", () => {
  it("read HOCON with substitutions, but not those in strings", () => {
    expect(readHocon('{"a": ${POD_IP}, "b": "${POD_IP}", "c\\"": 1}')).toEqual({
      a: "$POD_IP",
      b: "${POD_IP}",
      'c"': 1,
    });
    expect(readHocon('include "/tmp/x"\n{}')).toBeUndefined();
  });

  it("read one assignment and nothing beside it", () => {
    expect(readAssignment('var config = {"a": 1};\n', "config")).toEqual({ a: 1 });
    expect(readAssignment('var config = {"a": 1};\nconfig.a = 2;', "config")).toBeUndefined();
    expect(readAssignment('var other = {"a": 1};', "config")).toBeUndefined();
  });

  it("give nothing for what they cannot read", () => {
    expect(readJson('{"a": [')).toBeUndefined();
    expect(readJson(undefined)).toBeUndefined();
    // Some thousand levels are deeper than the stack of whoever walks through them.
    expect(readJson(`${"[".repeat(101)}${"]".repeat(101)}`)).toBeUndefined();
  });
});

describe("unmet", () => {
  it("names the leaves that are not as expected", () => {
    const expected = { a: { b: false, c: [] }, gone: undefined };
    expect(unmet({ a: { b: false, c: [], more: 1 } }, expected)).toEqual([]);
    expect(unmet({ a: { b: 0, c: [1] }, gone: null }, expected)).toEqual(["a.b", "a.c", "gone"]);
    expect(unmet(undefined, expected)).toEqual(["a.b", "a.c"]);
  });
});

describe("keysOf", () => {
  it("finds keys at every depth, in lists too", () => {
    expect(keysOf({ a: [{ b: 1 }] }).map(({ path }) => path)).toEqual(["a", "a.0", "a.0.b"]);
  });
});
