import { describe, expect, it } from "vitest";
import { LABEL } from "../../src/api/group.ts";
import { type Circumstances, gate } from "../../src/controller/gate.ts";
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
  endsCalls: () => false,
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

  it("holds workloads while suspended, and keeps repairing walls and configuration", () => {
    const plan = gate(all, { ...fine, suspended: true, exists: () => true });
    expect(plan.now).toEqual([wall, configuration, chat, meet]);
  });
});
