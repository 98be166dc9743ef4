import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quoted } from "../../../src/components/front/quoted.ts";
import { fromEnvironment, hocon } from "../../../src/components/jitsi/hocon.ts";
import { assignment } from "../../../src/components/jitsi/javascript.ts";
import { readHocon } from "../../support/hocon.ts";
import { luaAssignments, luaValue } from "../../../src/components/jitsi/lua.ts";

const HOSTILE = [
  `"; os.execute("x") --`,
  "]]",
  "\\",
  '\\"',
  "line\nbreak",
  "\r\n  }",
  "${HOME}",
  '"${PASSWORD}"',
  "</script><script>alert(1)</script>",
  "<!--#include virtual='/etc/passwd' -->",
  "\u2028",
  "\0",
  "ü€😀",
  'include "x"',
  "__proto__",
];
const strings = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: "binary" }), fc.string());

/** What Lua reads from a quoted string: `\xXX` is a byte, everything else itself. */
function readLua(literal: string): string {
  const inner = /^"((?:[ -!#-[\]-~]|\\x[0-9a-f]{2})*)"$/.exec(literal)?.[1];
  if (inner === undefined) throw new Error(`${literal} is no plain Lua string`);
  const bytes = inner.replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}

describe("strings in configuration files", () => {
  it("stay one string in Lua", () => {
    fc.assert(
      fc.property(strings, (text) => {
        expect(readLua(luaValue(text))).toBe(Buffer.from(text, "utf8").toString("utf8"));
      }),
    );
  });

  it("stay one line in a Lua assignment, as keys too", () => {
    fc.assert(
      fc.property(strings, strings, (key, text) => {
        expect(luaAssignments({ option: { [key]: [text, true, 2] } }).split("\n")).toHaveLength(2);
      }),
    );
  });

  it("stay one string in HOCON, and substitute nothing", () => {
    fc.assert(
      fc.property(strings, strings, (key, text) => {
        const file = hocon({ [key]: { below: [text] }, password: fromEnvironment("PASSWORD") });
        const outside = file.replaceAll(/"(?:[^"\\]|\\.)*"/g, "");
        expect(outside.match(/\$\{[A-Z]+\}/g)).toEqual(["${PASSWORD}"]);
        expect(JSON.parse(file.replace(/: \$\{PASSWORD\}/, `: "from outside"`))).toEqual(
          JSON.parse(JSON.stringify({ [key]: { below: [text] }, password: "from outside" })),
        );
      }),
    );
  });

  it("stay what they are for a parser that is not ours", async () => {
    const hostile = HOSTILE.filter((key) => key !== "__proto__");
    const settings = Object.fromEntries(hostile.map((text) => [text, { below: [text] }]));
    expect(
      await readHocon(hocon({ ...settings, password: fromEnvironment("PASSWORD") }), { PASSWORD: "${HOME}" }),
    ).toEqual({
      ...settings,
      password: "${HOME}",
    });
  });

  it("stay data in the script that the page inlines", () => {
    fc.assert(
      fc.property(strings, (text) => {
        const script = assignment("config", { below: [text] });
        expect(script).not.toMatch(/[<>&\u2028\u2029]/);
        const context: { config?: unknown } = {};
        runInNewContext(script, context);
        expect(context).toEqual({ config: { below: [text] } });
      }),
    );
  });

  it("stay one parameter for nginx, or are refused", () => {
    // oxlint-disable-next-line no-control-regex -- these are what it refuses
    const refused = /[$\u0000-\u001f\u007f]/;
    fc.assert(
      fc.property(
        strings.filter((text) => !refused.test(text)),
        (text) => {
          const inner = /^"((?:[^"\\]|\\["\\])*)"$/.exec(quoted(text))?.[1];
          expect(inner?.replaceAll(/\\(.)/g, "$1")).toBe(text);
        },
      ),
    );
    for (const text of ["$host", "a\nb", "\0"]) expect(() => quoted(text)).toThrow(/may not hold/);
  });

  it("takes only names of variables from the environment", () => {
    expect(() => fromEnvironment("A} x = ${B")).toThrow(/no name/);
  });
});
