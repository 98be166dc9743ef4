import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { someParams } from "../../support/practice.ts";
import { cookiesOf } from "../support/entry.ts";
import { flooding } from "../support/flood.ts";
import { type Desk, startDesk } from "../support/practice-desk.ts";

let desk: Desk;
beforeAll(async () => (desk = await startDesk(someParams())));
afterAll(() => desk?.stop());

const signIn = (cookie = "", password = desk.therapist.password) =>
  desk.entry.post("/staff/sign-in", { user: desk.therapist.id, password }, { cookie });
/** What a browser keeps when people sign out. */
const deviceOf = (cookie: string) => cookie.split("; ").find((one) => one.startsWith("__Host-known-")) ?? "";

describe("while a stranger sends wrong sign-ins, two hundred a second", () => {
  it("staff gets in within seconds on a device where they were in before, and in the end on any other", async () => {
    const { cookie } = await desk.signedIn(desk.therapist);
    expect(deviceOf(cookie)).not.toBe("");
    const flood = flooding(desk.entry.port, 200);
    try {
      await sleep(3_000);
      const begun = performance.now();
      // Each at the first try: Synapse lets an account sign in three times at once.
      const statuses = [await signIn(deviceOf(cookie)), await signIn(deviceOf(cookie))].map(({ status }) => status);
      expect(statuses).toEqual([303, 303]);
      expect(performance.now() - begun).toBeLessThan(20_000);
      await expect.poll(async () => (await signIn()).status, { timeout: 60_000 }).toBe(303);
      expect(flood.answered()).toBeGreaterThan(0);
    } finally {
      await flood.end();
    }
  }, 120_000);
});

describe("while a stranger keeps an account locked", () => {
  it("its owner gets in on a device where they were in before, which gives no other account and no more tries", async () => {
    // Of an account of its own, and when what the flood left has been worked through.
    const owner = await desk.matrix.register("cora", "therapist");
    const signIn = (cookie = "", password = owner.password) =>
      desk.entry.post("/staff/sign-in", { user: owner.id, password }, { cookie });
    let cookie = "";
    await expect
      .poll(async () => (cookie = cookiesOf(await signIn())), { timeout: 30_000, interval: 1_000 })
      .toContain("__Host-known-");
    // What Synapse was asked about counts; it makes them wait as well.
    for (let counted = 0; counted < 5;) if ((await signIn("", "wrong")).status === 401) counted += 1;
    expect((await signIn()).status).toBe(429);
    const known = deviceOf(cookie);
    // Synapse, too, makes whoever tries an account often wait; for seconds.
    await expect.poll(async () => (await signIn(known)).status, { timeout: 40_000, interval: 1_000 }).toBe(303);
    const [name = ""] = known.split("=");
    const other = await desk.matrix.register("ben", "therapist");
    const borrowed = await desk.entry.post(
      "/staff/sign-in",
      { user: other.id, password: "wrong" },
      { cookie: `${name}=forged` },
    );
    expect(borrowed.status).toBe(401);
    const tried = new Set<number>();
    for (let wrong = 0; wrong < 40 && !tried.has(429); wrong += 1) tried.add((await signIn(known, "wrong")).status);
    expect(tried).toContain(429);
    expect(tried).not.toContain(303);
  }, 240_000);
});
