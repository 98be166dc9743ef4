import { generateKeyPairSync } from "node:crypto";
import { decodeProtectedHeader, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { mintRoomToken, roomClaimsSchema } from "../../src/entry/token.ts";
import { signed } from "../apps/support/signalling.ts";
import { BAD_TOKENS, type Sign } from "./token-vectors.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const parties = { entry: "go.greenriver.example", meet: "meet.greenriver.example" };
const now = Math.floor(Date.now() / 1000);
const admission = { room: "r".repeat(26), holder: "h".repeat(22), staff: true, from: now - 60, until: now + 600 };

/** As strict as Prosody's module has to be. */
async function accepts(token: string): Promise<boolean> {
  try {
    const options = { algorithms: ["ES256"], typ: "JWT", issuer: parties.entry, clockTolerance: 0 };
    const keyOf = ({ kid }: { kid?: string }) => {
      if (kid !== "1") throw new Error("no such key");
      return publicKey;
    };
    const { payload } = await jwtVerify(token, keyOf, options);
    return roomClaimsSchema.parse(payload).aud === parties.meet;
  } catch {
    return false;
  }
}

const mint = (changes = {}) => mintRoomToken({ kid: "1", privateKey }, parties, { ...admission, ...changes });

describe("a room token", () => {
  it("is what its contract says", async () => {
    const token = await mint();
    expect(decodeProtectedHeader(token)).toEqual({ alg: "ES256", typ: "JWT", kid: "1" });
    expect(await accepts(token)).toBe(true);
  });

  it("names no feature that leads out of the encryption", async () => {
    const { payload } = await jwtVerify(await mint(), publicKey);
    const { features } = roomClaimsSchema.parse(payload).context;
    expect(new Set(Object.values(features))).toEqual(new Set([false]));
  });

  it("holds the number of a word, where one was chosen", async () => {
    const token = await mint({ staff: false, word: 7 });
    expect(await accepts(token)).toBe(true);
    expect((await jwtVerify(token, publicKey)).payload["word"]).toBe(7);
  });

  const outside = [
    { word: 0 },
    { word: 100 },
    { room: "room1234" },
    { holder: "anna" },
    { until: now - 60 },
    { until: now + 90_000 },
  ];
  for (const changes of outside) {
    it(`is not minted outside of its contract: ${JSON.stringify(changes)}`, async () => {
      await expect(mint(changes)).rejects.toThrow(/"path"/);
    });
  }

  for (const { name, make } of BAD_TOKENS) {
    it(`is refused by the schema with ${name}`, async () => {
      const claims = JSON.parse(Buffer.from((await mint()).split(".")[1] ?? "", "base64url").toString()) as object;
      const sign: Sign = (changes = {}, key = privateKey, header = {}) =>
        signed({ alg: "ES256", typ: "JWT", kid: "1", ...header }, { ...claims, ...changes }, key);
      expect(await accepts(sign())).toBe(true);
      expect(await accepts(make(sign, publicKey.export({ type: "spki", format: "pem" }).toString()))).toBe(false);
    });
  }
});
