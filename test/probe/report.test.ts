import { describe, expect, it } from "vitest";
import { doorsIn, targetsIn } from "../../src/probe/options.ts";
import { toldBy, wordsOf } from "../../src/probe/report.ts";

const TOLD = { tried: 20, open: ["postgres TCP 5432"], shut: ["DNS over UDP"], late: [] };

describe("the last words of a probe", () => {
  it("come back as they were said", () => {
    expect(toldBy(wordsOf(TOLD))).toEqual(TOLD);
  });

  it("fit into what the kubelet keeps, and still tell that something is open", () => {
    const many = Array.from({ length: 64 }, (_, index) => `${index} `.padEnd(80, "x"));
    const words = wordsOf({ tried: 200, open: many, shut: many, late: many });
    expect(Buffer.byteLength(words)).toBeLessThanOrEqual(4096);
    expect(toldBy(words)?.open.length).toBeGreaterThan(4);
  });

  it.each(["", "null", "killed", '{"open":[]}', '{"tried":1,"open":[],"shut":[],"late":[],"more":1}', undefined])(
    "are none if they are anything else: %s",
    (said) => {
      expect(toldBy(said)).toBeUndefined();
    },
  );
});

describe("what a probe is told", () => {
  it("is read strictly", () => {
    expect(doorsIn({ PROBE_LISTEN: "TCP/5432 UDP/10000" })).toEqual([
      { protocol: "TCP", port: 5432 },
      { protocol: "UDP", port: 10_000 },
    ]);
    expect(doorsIn({})).toEqual([]);
    for (const wrong of ["TCP", "tcp/80", "TCP/0", "TCP/80000"]) {
      expect(() => doorsIn({ PROBE_LISTEN: wrong })).toThrow(/Invalid|Too/);
    }
    expect(() => targetsIn({ PROBE_DIAL: '[{"name":"a"}]' })).toThrow(/Invalid/);
    expect(targetsIn({})).toEqual([]);
  });
});
