import { describe, expect, it } from "vitest";
import type { Condition } from "../../src/api/status.ts";
import { verdicts } from "../../src/controller/conditions.ts";
import type { Context } from "../../src/controller/context.ts";
import { mediaAddress } from "../../src/controller/media-known.ts";
import { updatePending } from "../../src/controller/update-pending.ts";
import { type Complete, verdict } from "../../src/controller/verdict.ts";
import type { Practice } from "../../src/practice/practice.ts";
import { everythingObserved, somePractice } from "../support/practice.ts";

const NOW = new Date("2026-11-25T12:00:00Z");
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000).toISOString();

/** A cluster with one media Service of this age, and a practice that said this before. */
function context({ serviceMinutes = 0, before = [] }: { serviceMinutes?: number; before?: readonly Condition[] } = {}) {
  return {
    cache: {
      get: () => ({ metadata: { creationTimestamp: ago(serviceMinutes) } }),
      list: () => [],
      unread: () => undefined,
    },
    statuses: { latest: () => ({ conditions: before }) },
    now: () => NOW,
  } as unknown as Context;
}

function report(changes: Partial<Complete> & { readonly practice?: Practice } = {}): Complete {
  const plan = { now: [], later: [], withdraw: false };
  const rendering = { manifests: [], awaits: [] };
  return {
    practice: somePractice(),
    observed: everythingObserved(),
    rendering,
    plan,
    ...changes,
  } as unknown as Complete;
}

describe("UpdatePending", () => {
  const object = { apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: "bridge" } };
  const waiting = { now: [], later: [{ object, reason: "WaitingForQuietMoment" }], withdraw: false };
  const plan = waiting as unknown as Complete["plan"];
  const since = (days: number, status: Condition["status"] = "True") =>
    context({ before: [{ type: "UpdatePending", status, lastTransitionTime: ago(days * 1440) } as Condition] });

  it("is False when nothing waits", () => {
    expect(updatePending(context(), report())).toMatchObject({ status: "False", reason: "UpToDate" });
  });

  it("says what to do after seven days, and only then", () => {
    const { message } = updatePending(since(6.9), report({ plan }));
    expect(message).not.toContain("spec.maintenance");
    expect(updatePending(since(7.1), report({ plan })).message).toContain("spec.maintenance.windows");
    expect(updatePending(since(100, "False"), report({ plan })).message).toBe(message);
  });

  it("tells no time and no number before", () => {
    expect(updatePending(since(1), report({ plan })).message).not.toMatch(/\d/);
  });

  it("speaks of a window where there is one", () => {
    const windows = [{ days: ["Sun"], from: "02:00", to: "05:00" }] as const;
    const practice = somePractice({ maintenance: { windows, timeZone: "UTC" } });
    expect(updatePending(since(1), report({ plan, practice })).message).toContain("window");
  });
});

describe("ComponentsReady", () => {
  const telling = { check: "no-log", promise: "metadata", object: "ConfigMap/front", message: "It logs." } as const;
  const said = (withdraw: boolean) => {
    const plan = { now: [], later: [], withdraw } as unknown as Complete["plan"];
    const certificates = { verdict: verdict("CertificatesReady", "True", "External", "") };
    const found = verdicts(context(), report({ plan, certificates, findings: [telling] }));
    return found.find(({ type }) => type === "ComponentsReady");
  };

  it("tells of a configuration that tells too much, but first that the door is closed", () => {
    expect(said(false)).toMatchObject({ status: "False", reason: "PolicyViolated" });
    expect(said(true)).toMatchObject({ status: "False", reason: "DoorClosed" });
  });
});

describe("MediaAddressKnown", () => {
  const awaits = [
    { component: "bridge", reason: "AddressAwaited", message: "Service greenriver-media waits." },
  ] as const;
  const awaiting = report({ rendering: { ...report().rendering, awaits } });

  it("doubts that there is a load balancer after five minutes", () => {
    expect(mediaAddress(context({ serviceMinutes: 4 }), awaiting).message).toBe(awaits[0].message);
    expect(mediaAddress(context({ serviceMinutes: 6 }), awaiting)).toMatchObject({
      status: "False",
      reason: "AddressAwaited",
      message: expect.stringContaining("spec.video.media.service to NodePort") as string,
    });
  });

  it("names what it leaves out, and writes IPv6 as firewalls do", () => {
    const mediaAddresses = [
      { ip: "203.0.113.7", port: 30_080 },
      { ip: "2001:db8::7", port: 30_080 },
    ];
    const of = (mediaFamilies: readonly ("IPv4" | "IPv6")[]) =>
      mediaAddress(context(), report({ observed: everythingObserved({ mediaAddresses, mediaFamilies }) })).message;
    expect(of(["IPv4", "IPv6"])).toContain("UDP 203.0.113.7:30080-30081, [2001:db8::7]:30080-30081: ");
    expect(of(["IPv4"])).toContain("UDP 203.0.113.7:30080-30081: ");
    expect(of(["IPv4"])).toMatch(/Left out.*2001:db8::7/);
  });

  it("is False when a load balancer refuses the port, although an address is stated", () => {
    const mediaProblem = { reason: "PortTaken", message: "The load balancer refuses." } as const;
    const found = mediaAddress(context(), report({ observed: everythingObserved({ mediaProblem }) }));
    expect(found).toMatchObject({ status: "False", reason: "PortTaken" });
  });
});
