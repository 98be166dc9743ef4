import { describe, expect, it } from "vitest";
import { LABEL } from "../../src/api/group.ts";
import { type Circumstances, gate } from "../../src/controller/gate.ts";
import type { Outcome } from "../../src/controller/trial.ts";
import type { Manifest, VerifiedManifests } from "../../src/manifest.ts";

const object = (kind: string, name: string, host?: string): Manifest => ({
  apiVersion: "v1",
  kind,
  metadata: { name, ...(host && { labels: { [LABEL.host]: host } }) },
});
const wall = object("NetworkPolicy", "deny");
const configuration = object("ConfigMap", "front-1");
const workload = object("StatefulSet", "bridge");
const chat = object("HTTPRoute", "chat", "chat");
const meet = object("HTTPRoute", "meet", "meet");
const all = [wall, configuration, workload, chat, meet] as readonly Manifest[] as VerifiedManifests;

const fine: Circumstances = {
  namespaceRestricted: true,
  suspended: false,
  doorClosed: false,
  trial: () => undefined,
  endsCalls: () => false,
  ofAnotherMajor: () => false,
  exists: () => false,
  ready: () => true,
};

describe("the gate", () => {
  it("lets everything through when all is well", () => {
    expect(gate(all, fine)).toEqual({ now: all, later: [], withdraw: false });
  });

  it("holds workloads and routes, never walls, until the namespace is restricted", () => {
    const plan = gate(all, { ...fine, namespaceRestricted: false });
    expect(plan.now).toEqual([wall, configuration]);
    expect(plan.later.map(({ reason }) => reason)).toEqual(Array(3).fill("NamespaceNotRestricted"));
  });

  it("opens each host for the first time when what serves it is ready, whatever the bridge does", () => {
    const plan = gate(all, { ...fine, ready: (role) => role !== "bridge" });
    expect(plan.now).toContain(chat);
    expect(plan.later).toEqual([{ object: meet, reason: "ComponentsStarting" }]);
  });

  it("never takes an opened host down because a pod restarts", () => {
    const plan = gate(all, { ...fine, ready: () => false, exists: (o) => o === meet });
    expect(plan.now).toContain(meet);
    expect(plan.later.map(({ object }) => object)).toEqual([chat]);
  });

  it("withdraws every route when the door is closed, opened or not", () => {
    const plan = gate(all, { ...fine, doorClosed: true, exists: () => true });
    expect(plan.withdraw).toBe(true);
    expect(plan.later.map(({ reason }) => reason)).toEqual(["DoorClosed", "DoorClosed"]);
    expect(plan.now).toContain(workload);
  });

  it("holds back what would end a call, and nothing beside it", () => {
    const plan = gate(all, { ...fine, endsCalls: (o) => o === workload });
    expect(plan.later).toEqual([{ object: workload, reason: "WaitingForQuietMoment" }]);
    expect(plan.now).toEqual([wall, configuration, chat, meet]);
  });

  it("holds back a database that cannot read the data, and tries nothing for it", () => {
    const trial = () => ({ job: object("Job", "trial"), outcome: "running" as const });
    const plan = gate(all, { ...fine, trial, ofAnotherMajor: (o) => o === workload });
    expect(plan.later).toEqual([{ object: workload, reason: "DatabaseOfAnotherVersion" }]);
    expect(plan.now).toEqual([wall, configuration, chat, meet]);
  });

  describe("with a configuration to try", () => {
    const job = object("Job", "trial");
    const on = (outcome: Outcome, more: Partial<Circumstances> = {}) =>
      gate(all, { ...fine, trial: (o) => (o === workload ? { job, outcome } : undefined), ...more });

    it.each<[Outcome, string]>([
      ["running", "ConfigurationOnTrial"],
      ["refused", "ConfigurationRefused"],
      ["unanswered", "ConfigurationUntried"],
    ])("holds back what is %s, and nothing beside it", (outcome, reason) => {
      const plan = on(outcome);
      expect(plan.later).toEqual([{ object: workload, reason }]);
      expect(plan.now).toEqual([wall, configuration, chat, meet, job]);
    });

    it("lets through what passed, and keeps the trial until it is applied", () => {
      expect(on("passed")).toEqual({ now: [...all, job], later: [], withdraw: false });
    });

    it("lets go of a trial without an answer, so that there is another one", () => {
      const plan = on("again");
      expect(plan.later).toEqual([{ object: workload, reason: "ConfigurationUntried" }]);
      expect(plan.now).not.toContain(job);
    });

    it("still waits for the end of a call with what passed", () => {
      const plan = on("passed", { endsCalls: () => true });
      expect(plan.later).toEqual([{ object: workload, reason: "WaitingForQuietMoment" }]);
      expect(plan.now).toContain(job);
    });

    it("tries nothing while suspended or before the namespace is restricted", () => {
      expect(on("running", { suspended: true }).now).not.toContain(job);
      expect(on("running", { namespaceRestricted: false }).now).not.toContain(job);
    });
  });

  it("holds workloads while suspended, and keeps repairing walls and configuration", () => {
    const plan = gate(all, { ...fine, suspended: true, exists: () => true });
    expect(plan.now).toEqual([wall, configuration, chat, meet]);
  });

  it("closes and opens doors while suspended too", () => {
    const suspended = { ...fine, suspended: true };
    expect(gate(all, { ...suspended, doorClosed: true, exists: () => true }).withdraw).toBe(true);
    expect(gate(all, suspended).now).toEqual([wall, configuration, chat, meet]);
    expect(gate(all, { ...suspended, ready: () => false }).now).toEqual([wall, configuration]);
  });
});
