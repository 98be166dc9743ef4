import { createHash, createPublicKey, generateKeyPairSync } from "node:crypto";
import { type FlattenedJWSInput, flattenedVerify } from "jose";
import { describe, expect, it } from "vitest";
import { consentsOf, readReceipt, signReceipt } from "../../src/entry/consent.ts";
import { keySet, keysOf } from "../../src/entry/keys.ts";
import { locales } from "../../src/entry/texts/texts.ts";

const key = (kid = "1") => ({ kid, privateKey: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey });
const keys = keysOf([keySet(1, "secret")]);
const consents = consentsOf();
const receipt = {
  practice: "go.greenriver.example",
  text: consents.in("de").hash,
  version: consents.in("de").version,
  language: "de",
  link: "x".repeat(43),
  agreed: "2026-11-26T08:00:00.000Z",
};

describe("the text to agree to", () => {
  it("is there in every language, with the hash of what is shown", () => {
    for (const locale of locales) {
      const { text, version, hash } = consents.in(locale);
      expect(text.length).toBeGreaterThan(200);
      expect(version).toMatch(/^\d{4}-\d\d/);
      expect(hash).toBe(createHash("sha256").update(text).digest("hex"));
      expect(consents.with(hash)).toBe(locale);
    }
    expect(consents.with("0".repeat(64))).toBeUndefined();
  });

  it.each(locales)("says in %s whether the practice keeps the receipt, and for how long", (locale) => {
    const of = (days?: number) => consentsOf(days).in(locale);
    expect(of(730).text).toContain("730");
    expect(of(1).text).not.toMatch(/\d day|\d Tag/);
    expect(new Set([of(), of(1), of(730)].map(({ hash }) => hash)).size).toBe(3);
    expect(consentsOf(730).with(of().hash)).toBeUndefined();
  });
});

describe("a receipt", () => {
  it("is JSON that people can read, and that anybody can verify with the practice's public key", async () => {
    const own = key();
    const text = await signReceipt(own, keys, receipt);
    const file = JSON.parse(text) as FlattenedJWSInput & { payload: string };
    expect(JSON.parse(file.payload)).toEqual(receipt);
    const verify = (by: ReturnType<typeof key>) =>
      flattenedVerify(file, createPublicKey(by.privateKey), { crit: { b64: true } });
    expect((await verify(own)).protectedHeader).toMatchObject({ alg: "ES256", typ: "consent+json", kid: "1" });
    await expect(verify(key())).rejects.toThrow(/signature verification failed/);
    expect(readReceipt(keys, text)).toEqual(receipt);
  });

  it("is known again after a new key, and worth nothing when it was changed or is somebody else's", async () => {
    const text = await signReceipt(key(), keys, receipt);
    expect(readReceipt(keysOf([keySet(1, "secret"), keySet(2, "next")]), text)).toEqual(receipt);
    const file = JSON.parse(text) as Record<string, string>;
    for (const wrong of [
      JSON.stringify({ ...file, payload: file["payload"]?.replace("08:00", "09:00") }),
      JSON.stringify({ ...file, signature: "" }),
      JSON.stringify({ ...file, seal: "" }),
      JSON.stringify({ ...file, more: "x" }),
      await signReceipt(key(), keysOf([keySet(1, "another practice")]), receipt),
      "",
      "null",
      "[]",
      "{",
    ]) {
      expect(readReceipt(keys, wrong)).toBeUndefined();
    }
  });
});
