import { describe, expect, it } from "vitest";
import { reportOn } from "../../src/audit/judge.ts";
import { type Evidence, isMet } from "../../src/audit/report.ts";
import { asText } from "../../src/audit/text.ts";
import { LIVE_CHAIN } from "../../src/policy/index.ts";
import { evaluate } from "../../src/policy/policy.ts";
import { DEFAULT_IMAGES } from "../../src/versions.ts";
import { sound } from "../support/broken.ts";
import { aPractice } from "../support/practices.ts";

const NOW = new Date("2026-11-26T12:00:00Z");
const { objects, practice, assets } = sound();
const condition = (type: string, status: "True" | "False" | "Unknown", message = "So it is.") => ({
  type,
  status,
  message,
  reason: "Some",
  observedGeneration: 3,
  lastTransitionTime: "2026-11-01T00:00:00Z",
});
const probe = { at: "2026-11-26T03:00:00Z", answered: true, tried: 51 };

function evidence(changes: Partial<Evidence> = {}): Evidence {
  return {
    practice,
    generation: 3,
    status: {
      observedGeneration: 3,
      operatorVersion: "0.1.0",
      conditions: [condition("Ready", "True"), condition("NamespaceHardened", "True")],
      probe,
    },
    objects,
    findings: [],
    unread: [],
    guard: "ab".repeat(32),
    releaseImages: DEFAULT_IMAGES,
    allowedAnnotations: [],
    version: "0.1.0",
    now: NOW,
    ...changes,
  };
}

const statesOf = (changes?: Partial<Evidence>) => reportOn(evidence(changes)).promises.map(({ state }) => state);
const withStatus = (changes: object) => ({ status: { ...evidence().status, ...changes } });

describe("a report", () => {
  it("finds all eight promises met, and only then is it a pass", () => {
    expect(statesOf()).toEqual(Array<string>(8).fill("met"));
    expect(isMet(reportOn(evidence()))).toBe(true);
    expect(isMet(reportOn(evidence(withStatus({ probe: undefined }))))).toBe(false);
  });

  it("holds each check of the chain against a promise or against the hardening, so that none is lost", () => {
    for (const check of LIVE_CHAIN) {
      const finding = { check: check.name, promise: check.promise, object: "Pod/a", message: "It breaks it." };
      const { promises, others } = reportOn(evidence({ findings: [finding] }));
      const broken = [...promises, ...others].filter(({ state }) => state === "notMet");
      expect(broken.length, check.name).toBeGreaterThan(0);
      expect(broken[0]?.evidence).toContain(`Pod/a: It breaks it. (${check.name})`);
    }
  });

  it("is drawn from what the chain finds", () => {
    const open = objects.filter(({ metadata }) => metadata.name !== practice.names.defaultDeny);
    const findings = evaluate(LIVE_CHAIN, { objects: open, practice, assets });
    expect(statesOf({ objects: open, findings })).toEqual(["met", "met", "notMet", ...Array<string>(5).fill("met")]);
  });

  it("says of isolation what the network said, and doubts what is old or proves nothing", () => {
    const isolation = (changes: object | undefined) =>
      reportOn(evidence(withStatus({ probe: changes && { ...probe, ...changes } }))).promises[2];
    expect(isolation({})?.evidence.join()).toContain("51 ways");
    expect(isolation({ open: ["front to postgres TCP 5432"] })).toMatchObject({ state: "notMet" });
    expect(isolation({ at: "2026-11-10T00:00:00Z" })).toMatchObject({ state: "unknown" });
    expect(isolation({ shut: ["synapse to DNS over UDP"] })).toMatchObject({ state: "unknown" });
    expect(isolation({ answered: false })).toMatchObject({ state: "unknown" });
    expect(isolation(undefined)).toMatchObject({ state: "unknown" });
  });

  it("does not know what a policy of the network plugin's own kind opens, nor what the operator may not read", () => {
    for (const reason of ["ForeignPolicyKind", "Forbidden"]) {
      const condition = { type: "NetworkIsolated", status: "Unknown", reason, message: "Kind/hole" };
      const conditions = [...(evidence().status.conditions ?? []), condition];
      const isolation = reportOn(evidence(withStatus({ conditions }))).promises[2];
      expect(isolation).toMatchObject({ state: "unknown" });
      expect(isolation?.evidence.join()).toContain("Kind/hole");
    }
  });

  it("takes nothing for good that could not be read", () => {
    const unread = [{ kind: "PersistentVolumeClaim", reason: "No right." }];
    const missing = evaluate(LIVE_CHAIN, { objects: [], practice, assets });
    expect(missing.length).toBeGreaterThan(0);
    expect(statesOf({ unread, objects: [], findings: missing }).slice(0, 7)).toEqual(Array<string>(7).fill("unknown"));
  });

  it("says when the operator has not looked, or is another version", () => {
    expect(statesOf({ generation: 4 })[7]).toBe("unknown");
    expect(statesOf(withStatus({ conditions: [] }))[7]).toBe("unknown");
    expect(reportOn(evidence({ version: "0.2.0" })).exceptions.join()).toContain("operator at work is 0.1.0");
  });

  it("finds data that go with their practice", () => {
    const owned = objects.map((object) =>
      object.kind === "PersistentVolumeClaim"
        ? {
            ...object,
            metadata: { ...object.metadata, ownerReferences: [{ apiVersion: "v1", kind: "A", name: "a", uid: "1" }] },
          }
        : object,
    );
    expect(statesOf({ objects: owned })[6]).toBe("notMet");
    expect(statesOf({ objects: objects.filter(({ kind }) => kind !== "PersistentVolumeClaim") })[6]).toBe("notMet");
    expect(statesOf({ practice: aPractice({ spec: { deletionPolicy: "Delete" } }) })[6]).toBe("notMet");
  });
});

describe("the exceptions", () => {
  const listed = (changes: Partial<Evidence>) => reportOn(evidence(changes)).exceptions.join("\n");

  it("name every image without a digest, and every one that options override", () => {
    const digest = `@sha256:${"0".repeat(64)}`;
    const pinned = { ...DEFAULT_IMAGES, synapse: `${DEFAULT_IMAGES.synapse}${digest}` };
    const found = listed({ practice: { ...practice, images: pinned } });
    expect(found).not.toContain("Image synapse is not pinned");
    expect(found).toContain(`Image postgres is not pinned by digest: ${DEFAULT_IMAGES.postgres}`);
    expect(found).toContain(`Image synapse is overridden by the operator option images`);
    expect(found).not.toContain("Image postgres is overridden");
  });

  it("name wide egress, widened annotations and an open front door", () => {
    const external = {
      database: {
        external: { host: "db.greenriver.example", secretRef: { name: "db" }, to: { cidrs: ["0.0.0.0/0"] } },
      },
    };
    const wide = sound({ spec: { messaging: external } });
    expect(listed({ objects: wide.objects, practice: wide.practice })).toContain("to 0.0.0.0/0: wide egress");
    expect(listed({})).not.toContain("wide egress");

    const annotated = aPractice({
      spec: { exposure: { ingress: { className: "traefik", annotations: { "example.com/a": "b" } } } },
      options: { allowedAnnotations: ["example.com/a"] },
    });
    const allowedAnnotations = ["example.com/a"];
    expect(listed({ practice: annotated, allowedAnnotations })).toContain("The annotation example.com/a");
    expect(listed({ allowedAnnotations })).not.toContain("example.com/a");

    expect(listed({ practice: aPractice({ options: { frontDoor: [] } }) })).toContain("FrontDoorOpenToCluster");
    expect(listed({})).not.toContain("FrontDoorOpenToCluster");
  });
});

describe("the text of a report", () => {
  it("says all of it to a person, and claims no more than it knows", () => {
    const text = asText(reportOn(evidence(withStatus({ probe: undefined }))));
    expect(text).toMatch(/^\? unknown +3\. Isolation$/m);
    expect(text).toMatch(/^- Secret: never read\.$/m);
    expect(text).toContain("It certifies nothing");
    expect(text).not.toMatch(/certified|compliant\b/i);
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThan(700);
  });

  it("says of certificates from outside that somebody else answers for them", () => {
    const external = aPractice({ spec: { certificates: { external: {} } } });
    expect(asText(reportOn(evidence({ practice: external })))).toMatch(/^~ attested +Certificates$/m);
  });

  it("believes the operator about a certificate in a Secret, which it reads", () => {
    const own = aPractice({ spec: { certificates: { secretRef: { name: "own" } } } });
    const conditions = [condition("CertificatesReady", "False")];
    expect(asText(reportOn(evidence({ practice: own, ...withStatus({ conditions }) })))).toMatch(
      /^✗ not met +Certificates$/m,
    );
  });
});
