import { describe, expect, it } from "vitest";
import type { Condition } from "../../src/api/status.ts";
import { census } from "../../src/controller/census.ts";
import type { LiveObject } from "../../src/manifest.ts";

const NOW = new Date("2026-11-25T12:00:00Z");
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000).toISOString();

/** A practice that is as old as a day, with these conditions since then. */
function practice(...conditions: Pick<Condition, "type" | "status" | "reason">[]): LiveObject {
  return {
    apiVersion: "telehealth-operator.io/v1alpha1",
    kind: "TelehealthPractice",
    metadata: { name: "a", namespace: "a", uid: "1", resourceVersion: "1", creationTimestamp: ago(1440) },
    status: { conditions: conditions.map((condition) => ({ lastTransitionTime: ago(1440), ...condition })) },
  };
}

const ready = { type: "Ready", status: "True", reason: "Ready" } as const;
const unready = (reason: string, minutes = 1440) =>
  ({ type: "Ready", status: "False", reason, lastTransitionTime: ago(minutes) }) as const;
const seconds = (...practices: LiveObject[]) => census(practices, NOW).unreadySeconds;

describe("the numbers that are told of all practices", () => {
  it("are nought where there is no practice", () => {
    expect(census([], NOW)).toEqual({ ready: 0, doorsClosed: 0, unreadySeconds: 0 });
  });

  it("count those that are Ready, and tell the age of the one that has not been for longest", () => {
    const practices = [practice(ready), practice(unready("ProgramFails", 7)), practice(unready("ImageMissing", 3))];
    expect(census(practices, NOW)).toEqual({ ready: 1, doorsClosed: 0, unreadySeconds: 7 * 60 });
  });

  it("tell of a practice without a status as long as it is there", () => {
    const { status: _, ...unseen } = practice();
    expect(seconds(practice(ready), unseen)).toBe(24 * 60 * 60);
    expect(census([unseen], NOW).ready).toBe(0);
  });

  it("leave out waits that somebody has asked for, from what calls for somebody only", () => {
    const waiting = practice(unready("WaitingForQuietMoment"));
    const held = practice(unready("Suspended"));
    expect(census([waiting, held], NOW)).toEqual({ ready: 0, doorsClosed: 0, unreadySeconds: 0 });
    expect(seconds(waiting, held, practice(unready("CertificateIssuing", 2)))).toBe(2 * 60);
  });

  it("count a closed door also where something else holds the practice back", () => {
    const closed = { type: "ComponentsReady", status: "False", reason: "DoorClosed" } as const;
    const starting = { ...closed, reason: "ComponentsStarting" };
    expect(census([practice(unready("DoorClosed"), closed)], NOW).doorsClosed).toBe(1);
    expect(census([practice(unready("Forbidden"), closed)], NOW).doorsClosed).toBe(1);
    expect(census([practice(unready("ComponentsStarting"), starting), practice(ready)], NOW).doorsClosed).toBe(0);
  });

  it("are of no time to come, whatever the clocks say", () => {
    expect(seconds(practice(unready("ComponentsStarting", -1)))).toBe(0);
  });
});
