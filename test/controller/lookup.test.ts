import { describe, expect, it } from "vitest";
import { createLookup } from "../../src/controller/lookup.ts";
import { fakeClock } from "../support/fake-clock.ts";

/** A resolver of which a test says what it answers: addresses, nothing, or not yet. */
function resolver() {
  const dns: { answer: readonly string[] | undefined | Promise<readonly string[]>; asked: number } = {
    answer: ["192.0.2.1"],
    asked: 0,
  };
  const clock = fakeClock();
  const lookup = createLookup(async () => {
    dns.asked += 1;
    if (!dns.answer) throw new Error("no answer");
    return dns.answer;
  }, clock);
  return { dns, clock, lookup };
}

describe("the look-up of a load balancer's name", () => {
  it("asks again after five minutes at the latest, and keeps what it knew when nobody answers", async () => {
    const { dns, clock, lookup } = resolver();
    expect(await lookup("lb.example")).toEqual(["192.0.2.1"]);
    dns.answer = ["192.0.2.2"];
    await clock.advance(60_000);
    expect(await lookup("lb.example")).toEqual(["192.0.2.1"]);
    expect(dns.asked).toBe(1);
    await clock.advance(240_000);
    expect(await lookup("lb.example")).toEqual(["192.0.2.2"]);
    await clock.advance(600_000);
    dns.answer = undefined;
    expect(await lookup("lb.example")).toEqual(["192.0.2.2"]);
    expect(await lookup("other.example")).toEqual([]);
  });

  it("waits a second for a resolver that hangs, once, and tells at the next look what came later", async () => {
    const { dns, clock, lookup } = resolver();
    const late = Promise.withResolvers<readonly string[]>();
    dns.answer = late.promise;
    let answered = false;
    const first = lookup("lb.example").finally(() => (answered = true));
    await clock.advance(999);
    expect(answered).toBe(false);
    await clock.advance(1);
    expect(await first).toEqual([]);
    expect(await lookup("lb.example")).toEqual([]);
    late.resolve(["192.0.2.1"]);
    await clock.advance(0);
    expect(await lookup("lb.example")).toEqual(["192.0.2.1"]);
    expect(dns.asked).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it("forgets the oldest of very many names", async () => {
    const { dns, lookup } = resolver();
    for (let name = 0; name <= 10_000; name += 1) await lookup(`lb-${name}.example`);
    await lookup("lb-10000.example");
    expect(dns.asked).toBe(10_001);
    await lookup("lb-0.example");
    expect(dns.asked).toBe(10_002);
  });
});
