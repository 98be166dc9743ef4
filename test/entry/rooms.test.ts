import { generateKeyPairSync } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Away } from "../../src/entry/away.ts";
import { newRoom } from "../../src/entry/capability.ts";
import { keySet, keysOf } from "../../src/entry/keys.ts";
import { limitOf } from "../../src/entry/limits.ts";
import type { Prosody } from "../../src/entry/prosody.ts";
import { roomsOf } from "../../src/entry/rooms.ts";
import type { Store } from "../../src/entry/store.ts";
import { watch } from "../../src/entry/watch.ts";

const keys = keysOf([keySet(1, "a secret")]);
const now = () => 1_800_000_000;
const unused = () => Promise.reject(new Error("not asked here"));

/** Who was asked what; programs that are away can be told apart from those that answer. */
function neighbours(away: readonly ("database" | "calls")[] = []) {
  const asked: string[] = [];
  const answers = (who: "database" | "calls", what: string) => {
    asked.push(what);
    return away.includes(who) ? Promise.reject(new Away(who)) : Promise.resolve();
  };
  const prosody = {
    revoke: () => answers("calls", "revoke"),
    end: () => answers("calls", "end"),
    started: () => Promise.resolve(1),
  } as Partial<Prosody> as Prosody;
  const store = {
    close: () => answers("database", "close").then(() => 2),
    closed: () => answers("database", "closed").then(() => []),
    forget: () => answers("database", "forget"),
    forgetReceipts: () => answers("database", "forget"),
    take: unused,
  } as Partial<Store> as Store;
  const rooms = roomsOf({
    keys,
    store,
    prosody,
    signingKey: { kid: "1", privateKey: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey },
    parties: { entry: "go.example", meet: "meet.example" },
    margins: { earlyMinutes: 10, graceMinutes: 15 },
    now,
  });
  const room = rooms.of({ key: 1, role: "patient", room: newRoom(), starts: now(), minutes: 50, people: 2 });
  return { asked, rooms, room, prosody, store };
}

describe("ending a call for all", () => {
  it("ends it while the database is away, and says that it is not remembered", async () => {
    const { asked, rooms, room } = neighbours(["database"]);
    await expect(rooms.close(room, "ended")).rejects.toMatchObject({ what: "database" });
    expect(asked).toContain("end");
  });

  it("is remembered while Prosody is away, which is told later", async () => {
    const { asked, rooms, room } = neighbours(["calls"]);
    await expect(rooms.close(room, "ended")).rejects.toMatchObject({ what: "calls" });
    expect(asked).toContain("close");
  });

  it("takes every seat back; taking a link back alone ends no call", async () => {
    const { asked, rooms, room } = neighbours();
    await rooms.close(room, "revoked");
    expect(asked).toEqual(["close", "revoke", "revoke"]);
  });
});

describe("what was taken back", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is told again every five minutes, for what a page that was replaced could not tell", async () => {
    const { asked, rooms, prosody, store } = neighbours();
    const watching = watch({ rooms, prosody, store, now, giveUpKeys: () => undefined });
    await vi.advanceTimersByTimeAsync(200_000);
    expect(asked.filter((what) => what === "closed")).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200_000);
    expect(asked.filter((what) => what === "closed")).toHaveLength(2);
    watching.stop();
  });
});

describe("a limit", () => {
  it("counts each try, but none that was taken back", async () => {
    const limit = limitOf(keys.current.hashes, { tries: 2, seconds: 60 });
    for (let none = 0; none < 5; none += 1) {
      expect(await limit.isOver("ada")).toBe(false);
      await limit.takeBack("ada");
    }
    expect([await limit.isOver("ada"), await limit.isOver("ada"), await limit.isOver("ada")]).toEqual([
      false,
      false,
      true,
    ]);
  });
});
