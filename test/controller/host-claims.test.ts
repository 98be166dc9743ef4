import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createHostClaims } from "../../src/controller/claims.ts";

describe("claims on hosts", () => {
  it("tells a practice's rivals, before and after it changes its hosts", () => {
    const claims = createHostClaims();
    claims.set("a/a", ["go.one.example", "meet.one.example"]);
    expect(claims.set("b/b", ["go.one.example"])).toEqual(["a/a"]);
    expect(claims.claimants("go.one.example")).toEqual(["a/a", "b/b"]);
    // The one that lets go concerns the other too: it may take over now.
    expect(claims.set("a/a", ["go.two.example"])).toEqual(["b/b"]);
    expect(claims.claimants("go.one.example")).toEqual(["b/b"]);
  });

  it("is, after any changes, what the last word of each practice says, and forgets those that are gone", () => {
    const change = fc.tuple(fc.constantFrom("a", "b", "c"), fc.subarray(["x", "y", "z"]));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const claims = createHostClaims();
        const last = new Map<string, readonly string[]>();
        for (const [key, hosts] of changes) {
          claims.set(key, hosts);
          last.set(key, hosts);
        }
        for (const host of ["x", "y", "z"]) {
          const expected = [...last].filter(([, hosts]) => hosts.includes(host)).map(([key]) => key);
          expect(claims.claimants(host).toSorted()).toEqual(expected.toSorted());
        }
      }),
    );
  });
});
