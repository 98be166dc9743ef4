import { createHash, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { consentIn, consentWith, receiptReader, signReceipt } from "../../src/entry/consent.ts";
import { locales } from "../../src/entry/texts/texts.ts";

const key = (kid = "1") => ({ kid, privateKey: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey });
const receipt = {
  practice: "go.greenriver.example",
  text: consentIn("de").hash,
  version: consentIn("de").version,
  language: "de",
  link: "x".repeat(43),
  agreed: "2026-11-26T08:00:00.000Z",
};

describe("the text to agree to", () => {
  it("is there in every language, with the hash of what is shown", () => {
    for (const locale of locales) {
      const { text, version, hash } = consentIn(locale);
      expect(text.length).toBeGreaterThan(200);
      expect(version).toMatch(/^\d{4}-\d\d/);
      expect(hash).toBe(createHash("sha256").update(text).digest("hex"));
      expect(consentWith(hash)).toBe(locale);
    }
    expect(consentWith("0".repeat(64))).toBeUndefined();
  });
});

describe("a receipt", () => {
  it("is JSON that people can read, and says who signed it", async () => {
    const own = key();
    const text = await signReceipt(own, receipt);
    const file = JSON.parse(text) as { payload: string };
    expect(JSON.parse(file.payload)).toEqual(receipt);
    expect(await receiptReader(own)(text)).toEqual(receipt);
  });

  it("is worth nothing when it was changed, or signed by anybody else", async () => {
    const own = key();
    const text = await signReceipt(own, receipt);
    const file = JSON.parse(text) as Record<string, string>;
    const changed = { ...file, payload: file["payload"]?.replace("08:00", "09:00") };
    for (const wrong of [
      JSON.stringify(changed),
      JSON.stringify({ ...file, signature: "" }),
      JSON.stringify({ ...file, more: "x" }),
      await signReceipt(key(), receipt),
      "",
      "null",
      "[]",
      "{",
    ]) {
      expect(await receiptReader(own)(wrong)).toBeUndefined();
    }
  });
});
