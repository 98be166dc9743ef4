import { describe, expect, it } from "vitest";
import { keySet, keysOf } from "../../src/entry/keys.ts";
import { sealerOf } from "../../src/entry/sealed.ts";

const former = keySet(1, "a secret");
const current = keySet(2, "the next one");
let clock = 1_800_000_000;
const sealer = (sets = [former, current], issuer = "go.example") => sealerOf(keysOf(sets), issuer, () => clock);
const content = { account: "@ada:example" };

describe("a sealed value", () => {
  it("is read as the kind that it was made as, until it is over", async () => {
    const sealed = await sealer().seal("staff", content, clock + 60);
    expect(await sealer().open("staff", sealed)).toEqual(content);
    expect(await sealer().open("provider", sealed)).toBeUndefined();
    clock += 61;
    expect(await sealer().open("staff", sealed)).toBeUndefined();
    clock -= 61;
  });

  it("stays good when there is a new key, and not without its own, nor at another practice", async () => {
    const sealed = await sealer([former]).seal("staff", content, clock + 60);
    expect(await sealer().open("staff", sealed)).toEqual(content);
    expect(await sealer([current]).open("staff", sealed)).toBeUndefined();
    expect(await sealer([former], "go.other.example").open("staff", sealed)).toBeUndefined();
  });

  it("tells nothing, and is worth nothing when it was changed or made by anybody else", async () => {
    const sealed = await sealer().seal("staff", content, clock + 60);
    for (const part of sealed.split(".")) expect(Buffer.from(part, "base64url").toString()).not.toContain("ada");
    for (let at = 0; at < sealed.length; at += 7) {
      const changed = `${sealed.slice(0, at)}${sealed[at] === "A" ? "B" : "A"}${sealed.slice(at + 1)}`;
      expect(await sealer().open("staff", changed)).toBeUndefined();
    }
    for (const nonsense of ["", "x", "a.b.c.d.e", '{"alg":"none"}']) {
      expect(await sealer().open("staff", nonsense)).toBeUndefined();
    }
  });
});
