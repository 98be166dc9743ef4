import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BORN_SECRETS, contentHash, namesOf, ROLES } from "../../src/practice/names.ts";

const LONGEST = "a".repeat(40);

describe("names", () => {
  it("fit where Kubernetes takes 63 characters, for the longest practice", () => {
    const names = namesOf(LONGEST);
    const fixed = Object.values(names).filter((name) => typeof name === "string");
    const made = [
      ...ROLES.map(names.walls),
      ...["entry", "meet", "matrix", "chat"].map(names.route),
      ...BORN_SECRETS.map((secret) => names.bornSecret(secret, 99)),
      ...["front-element", "signalling", "synapse"].map((component) => names.configuration(component, {})),
    ];
    for (const name of [...fixed, ...made]) expect(name).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
    expect(new Set(fixed).size).toBe(fixed.length);
  });
});

describe("contentHash", () => {
  it("depends on names and contents, and not on their order", () => {
    const files = fc.dictionary(fc.string(), fc.string());
    fc.assert(
      fc.property(files, (entries) => {
        const reversed = Object.fromEntries(Object.entries(entries).toReversed());
        expect(contentHash(reversed)).toBe(contentHash(entries));
        expect(contentHash({ ...entries, more: "x" })).not.toBe(contentHash({ ...entries, more: "y" }));
      }),
    );
  });

  it("cannot be confused by moving text between name and content", () => {
    expect(contentHash({ a: "bc" })).not.toBe(contentHash({ ab: "c" }));
  });
});
