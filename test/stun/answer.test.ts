import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answerTo, TRIAL } from "../../src/stun/answer.ts";
import {
  attribute,
  attributesOf,
  BINDING_REQUEST,
  message,
  withFingerprint,
  withIntegrity,
  xorMappedAddress,
} from "../../src/stun/message.ts";
import { ID, PASSWORD, REQUEST } from "./vectors.ts";

const HERE = { address: "192.0.2.1", port: 32853 };
const THERE = { address: "2001:db8::7", port: 1 };
const BARE = message(BINDING_REQUEST, ID);
const SUCCESS = 0x0101;
const ERROR = 0x0111;

describe("the answer", () => {
  it("to a bare question is where it came from, and nothing more", () => {
    expect(answerTo(BARE, HERE)).toEqual(message(SUCCESS, ID, xorMappedAddress(ID, HERE.address, HERE.port)));
  });

  it("has a fingerprint if the question has one", () => {
    const answer = answerTo(withFingerprint(BARE), THERE) ?? Buffer.alloc(0);
    expect(attributesOf(answer, SUCCESS)?.map(({ type }) => type)).toEqual([0x0020, 0x8028]);
  });

  it("to a connectivity check is an ICE agent's, if it knows the password", () => {
    const answer = answerTo(REQUEST, HERE, { password: PASSWORD });
    const bare = message(SUCCESS, ID, xorMappedAddress(ID, HERE.address, HERE.port));
    expect(answer).toEqual(withFingerprint(withIntegrity(bare, PASSWORD)));
    expect(answerTo(REQUEST, HERE)).toBeUndefined();
  });

  it("says which attributes are not understood, of those that must be", () => {
    const optional = attribute(0x802a, Buffer.alloc(8));
    const asks = (...types: number[]) =>
      answerTo(message(BINDING_REQUEST, ID, optional, ...types.map((type) => attribute(type, Buffer.alloc(4)))), HERE);
    // CHANGE-REQUEST would have the answer come from, and so go through, somewhere else.
    expect(asks(0x0003, 0x7fff)?.toString("hex")).toBe(
      message(
        ERROR,
        ID,
        attribute(0x0009, Buffer.from("00000414", "hex")),
        attribute(0x000a, Buffer.from("00037fff", "hex")),
      ).toString("hex"),
    );
    expect(asks(0x0003)?.subarray(28).toString("hex")).toBe("000a000200030000");
    expect(asks(0xc057)?.readUInt16BE(0)).toBe(SUCCESS);
  });

  it.each([
    ["an answer", message(SUCCESS, ID)],
    ["an indication", message(0x0011, ID)],
    ["a request for a relay", message(0x0003, ID)],
    ["a question without the magic cookie", message(BINDING_REQUEST, Buffer.alloc(16))],
    ["a wrong length", Buffer.concat([BARE, Buffer.alloc(4)])],
    ["an attribute that goes over the end", message(BINDING_REQUEST, ID, Buffer.from("00030008", "hex"))],
    ["a wrong fingerprint", message(BINDING_REQUEST, ID, attribute(0x8028, Buffer.alloc(4)))],
    [
      "a fingerprint that is not last",
      message(BINDING_REQUEST, ID, withFingerprint(BARE).subarray(20), attribute(0x8022, Buffer.alloc(4))),
    ],
    ["a proof with another password", withIntegrity(BARE, "another")],
    ["a proof that is too short", message(BINDING_REQUEST, ID, attribute(0x0008, Buffer.alloc(4)))],
    ["more than a client may send", message(BINDING_REQUEST, ID, attribute(0x8022, Buffer.alloc(528)))],
  ])("is silence to %s", (_, question) => {
    expect(answerTo(question, HERE)).toBeUndefined();
  });
});

describe("whatever comes", () => {
  const bytes = (max: number) => fc.uint8Array({ maxLength: max }).map((array) => Buffer.from(array));
  const attributes = fc.array(
    fc.tuple(fc.nat(0xffff), bytes(40)).map(([type, value]) => attribute(type, value)),
    {
      maxLength: 12,
    },
  );
  const wellFormed = fc.tuple(attributes, fc.boolean(), fc.boolean()).map(([list, proven, marked]) => {
    const bare = message(BINDING_REQUEST, ID, ...list);
    const whole = proven ? withIntegrity(bare, TRIAL.password) : bare;
    return marked ? withFingerprint(whole) : whole;
  });
  const bent = fc.tuple(wellFormed, fc.nat(), fc.nat(255)).map(([whole, at, value]) => {
    const changed = Buffer.from(whole);
    changed[at % changed.length] = value;
    return changed;
  });
  const from = fc.record({ address: fc.oneof(fc.ipV4(), fc.ipV6()), port: fc.integer({ min: 1, max: 65535 }) });

  it("nothing throws, every answer is a whole message, and none is more than 24 bytes longer than its question", () => {
    let answered = 0;
    fc.assert(
      fc.property(fc.oneof(bytes(600), wellFormed, bent), from, (question, source) => {
        const answer = answerTo(question, source);
        if (!answer) return;
        answered += 1;
        expect(answer.length - question.length).toBeLessThanOrEqual(24);
        expect(answer.subarray(4, 20)).toEqual(question.subarray(4, 20));
        const type = answer.readUInt16BE(0);
        expect([SUCCESS, ERROR]).toContain(type);
        expect(attributesOf(answer, type)).toBeDefined();
      }),
      { numRuns: 3000 },
    );
    expect(answered).toBeGreaterThan(500);
  });

  it("an answer is never answered, so two responders cannot talk for ever", () => {
    fc.assert(
      fc.property(wellFormed, from, (question, source) => {
        const answer = answerTo(question, source);
        expect(answer && answerTo(answer, source)).toBeUndefined();
      }),
    );
  });
});
