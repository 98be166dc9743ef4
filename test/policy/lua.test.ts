import { describe, expect, it } from "vitest";
import { readProsody, strings } from "../../src/policy/lua.ts";

describe("readProsody", () => {
  it("reads options by section", () => {
    const text =
      'admins = { "a" }\n\nVirtualHost "x.example"\n  log = { { "b"; c = 1 } }\nComponent "y" "muc"\n  z = true\n';
    expect(readProsody(text)).toEqual([
      { kind: "global", name: "", module: "", options: { admins: '{ "a" }' } },
      { kind: "VirtualHost", name: "x.example", module: "", options: { log: '{ { "b"; c = 1 } }' } },
      { kind: "Component", name: "y", module: "muc", options: { z: "true" } },
    ]);
  });

  it.each(['Include "x"', "if true then", "a = 1; b = 2\nfoo()", 'VirtualHost("x")'])("does not read %s", (line) => {
    expect(readProsody(line)).toBeUndefined();
  });

  it("takes strings out of an option", () => {
    expect(strings('{ "a"; ["b"] = { "c" } }')).toEqual(["a", "b", "c"]);
    expect(strings(undefined)).toEqual([]);
  });
});
