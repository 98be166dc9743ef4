import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newRoom, readLink, roomName, signLink } from "../../src/entry/capability.ts";
import { keySet, keysOf } from "../../src/entry/keys.ts";

const former = keySet(1, "a secret of the practice");
const current = keySet(2, "the next secret of the practice");
const keys = keysOf([former, current]);

const content = fc.record({
  role: fc.constantFrom("patient" as const, "staff" as const),
  room: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes)),
  starts: fc.integer({ min: 1, max: 0xffff_ffff }),
  minutes: fc.integer({ min: 1, max: 0xffff }),
  people: fc.integer({ min: 1, max: 0xff }),
});

describe("a link", () => {
  it("says what was signed, in 60 characters, and nothing else does", () => {
    fc.assert(
      fc.property(content, (what) => {
        const link = signLink(current, what);
        expect(link).toMatch(/^[A-Za-z0-9_-]{60}$/);
        expect(readLink(keys, link)).toEqual({ key: 2, ...what });
      }),
    );
  });

  it("is worth nothing with any bit changed", () => {
    const what = { role: "patient", room: newRoom(), starts: 1_800_000_000, minutes: 50, people: 1 } as const;
    const bytes = Buffer.from(signLink(current, what), "base64url");
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(readLink(keys, changed.toString("base64url"))).toBeUndefined();
    }
  });

  it("has one spelling", () => {
    const link = signLink(current, { role: "staff", room: newRoom(), starts: 1, minutes: 1, people: 1 });
    for (const other of [`${link}=`, `${link} `, `${link}A`, link.slice(0, -1), link.toUpperCase(), `\n${link}`, ""]) {
      expect(readLink(keys, other)).toBeUndefined();
    }
    expect(readLink(keys, link.replaceAll("-", "+").replaceAll("_", "/")) === undefined).toBe(/[-_]/.test(link));
  });

  it("stays good when there is a new key, and ends with its own", () => {
    const link = signLink(former, { role: "patient", room: newRoom(), starts: 1, minutes: 1, people: 1 });
    expect(readLink(keys, link)).toMatchObject({ key: 1 });
    expect(readLink(keysOf([current, keySet(3, "one more")]), link)).toBeUndefined();
    expect(readLink(keysOf([keySet(1, "another practice")]), link)).toBeUndefined();
  });

  it("is not signed with what it cannot hold", () => {
    const good = { role: "patient", room: newRoom(), starts: 1, minutes: 1, people: 1 } as const;
    for (const wrong of [
      { people: 0 },
      { people: 256 },
      { minutes: 1.5 },
      { starts: 2 ** 32 },
      { room: Buffer.alloc(8) },
    ]) {
      expect(() => signLink(current, { ...good, ...wrong })).toThrow(RangeError);
    }
  });

  it("is for a room of 128 random bits, spelt as the video stack does", () => {
    const names = Array.from({ length: 500 }, () => roomName(newRoom()));
    expect(names.filter((name) => !/^[a-z2-7]{26}$/.test(name))).toEqual([]);
    expect(new Set(names).size).toBe(500);
    expect(roomName(Buffer.from("f".repeat(32), "hex"))).toBe("77777777777777777777777774");
  });
});
