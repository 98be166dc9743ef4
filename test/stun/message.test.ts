import { describe, expect, it } from "vitest";
import {
  attributesOf,
  BINDING_REQUEST,
  message,
  withFingerprint,
  withIntegrity,
  xorMappedAddress,
} from "../../src/stun/message.ts";
import { ANSWERS, ID, PASSWORD, REQUEST, SOFTWARE } from "./vectors.ts";

describe("a STUN message", () => {
  it.each(ANSWERS)("is RFC 5769's, byte for byte, for $address", ({ address, port, bytes }) => {
    const bare = message(0x0101, ID, SOFTWARE, xorMappedAddress(ID, address, port));
    expect(withFingerprint(withIntegrity(bare, PASSWORD))).toEqual(bytes);
  });

  it("is read with its fingerprint, and not with a bit changed before it", () => {
    const types = (bytes: Buffer) => attributesOf(bytes, BINDING_REQUEST)?.map(({ type }) => type);
    expect(types(REQUEST)).toEqual([0x8022, 0x0024, 0x8029, 0x0006, 0x0008, 0x8028]);
    for (let at = 0; at < REQUEST.length - 8; at += 1) {
      const changed = Buffer.from(REQUEST);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(types(changed), `byte ${at}`).toBeUndefined();
    }
  });

  it("spells each form of an IPv6 address alike", () => {
    const forms = ["fe80::102:304", "fe80::1.2.3.4", "fe80:0:0:0:0:0:102:304", "fe80::102:304%eth0"];
    const written = forms.map((form) => xorMappedAddress(ID, form, 1).toString("hex"));
    expect(new Set(written).size).toBe(1);
    expect(xorMappedAddress(ID, "::", 1).subarray(8)).toEqual(ID);
  });
});
