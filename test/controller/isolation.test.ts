import { describe, expect, it } from "vitest";
import type { ProbeResult } from "../../src/api/status.ts";
import { isolation } from "../../src/controller/isolation.ts";
import type { Finding } from "../../src/policy/policy.ts";
import { somePractice } from "../support/practice.ts";

const NOW = new Date("2026-11-26T12:00:00Z");
const daysAgo = (days: number) => new Date(NOW.getTime() - days * 86_400_000).toISOString();
const passed = (changes: Partial<ProbeResult> = {}): ProbeResult => ({
  at: daysAgo(1),
  answered: true,
  tried: 40,
  ...changes,
});
const { network } = somePractice();
const known = somePractice({ network: { ...network, frontDoor: [{ podSelector: {} }] } });
const of = (probe?: ProbeResult, broken?: Finding, practice = known) => isolation(practice, broken, probe, NOW);
const policy: Finding = {
  check: "foreign-policy",
  promise: "isolation",
  object: "NetworkPolicy/open",
  message: "It opens.",
};

describe("NetworkIsolated", () => {
  it("is not known before somebody tried the network, nor after seven days", () => {
    expect(of()).toMatchObject({ status: "Unknown", reason: "NotProbed" });
    expect(of(passed({ at: daysAgo(6.9) }))).toMatchObject({ status: "True", reason: "Verified" });
    expect(of(passed({ at: daysAgo(7.1) }))).toMatchObject({ status: "Unknown", reason: "NotProbed" });
  });

  it("is False when something got through, however long ago, and names what", () => {
    const open = Array.from({ length: 7 }, (_, index) => `front to postgres TCP ${index}`);
    const found = of(passed({ at: daysAgo(30), open }));
    expect(found).toMatchObject({ status: "False", reason: "PoliciesNotEnforced" });
    expect(found.message).toContain("front to postgres TCP 0, ");
    expect(found.message).toContain("and 2 more");
  });

  it("is not known when what must be open was not, or nobody answered", () => {
    const shut = of(passed({ shut: ["synapse to DNS over UDP"] }));
    expect(shut).toMatchObject({ status: "Unknown", reason: "ProbeUnanswered" });
    expect(shut.message).toContain("synapse to DNS over UDP");
    expect(of(passed({ answered: false }))).toMatchObject({ status: "Unknown", reason: "ProbeUnanswered" });
  });

  it("says what was open for a moment, and holds", () => {
    const found = of(passed({ late: ["front to the API server"] }));
    expect(found.status).toBe("True");
    expect(found.message).toContain("front to the API server");
  });

  it("is False for what somebody else put there, whatever was tried", () => {
    expect(of(passed(), policy)).toMatchObject({ status: "False", reason: "ForeignPolicy" });
    expect(of(undefined, policy)).toMatchObject({ status: "False", reason: "ForeignPolicy" });
  });

  it("says that the front pod is open to all where nobody knows who knocks", () => {
    const open = of(passed(), undefined, somePractice());
    expect(open).toMatchObject({ status: "True", reason: "FrontDoorOpenToCluster" });
    expect(of(undefined, undefined, somePractice()).message).toContain("frontDoor");
  });

  it("is not known while a policy of the network plugin may open something, unless something did", () => {
    const unjudged = ["CiliumNetworkPolicy/hole"];
    const found = isolation(known, undefined, passed(), NOW, unjudged);
    expect(found).toMatchObject({ status: "Unknown", reason: "ForeignPolicyKind" });
    expect(found.message).toContain("CiliumNetworkPolicy/hole");
    expect(isolation(known, policy, passed(), NOW, unjudged).reason).toBe("ForeignPolicy");
    const open = passed({ open: ["front to postgres TCP 5432"] });
    expect(isolation(known, undefined, open, NOW, unjudged).reason).toBe("PoliciesNotEnforced");
  });
});
