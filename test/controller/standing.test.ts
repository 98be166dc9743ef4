import { expect, it } from "vitest";
import { createDoors, REPAIR_SECONDS } from "../../src/controller/door.ts";
import type { Context, PracticeResource } from "../../src/controller/context.ts";
import { judgeAllTheSame } from "../../src/controller/standing.ts";
import type { Report } from "../../src/controller/report.ts";
import type { Finding } from "../../src/policy/policy.ts";
import { render } from "../../src/render/render.ts";
import type { Resource } from "../../src/runtime/resources.ts";
import { loadAssets } from "../../src/assets.ts";
import { everythingObserved, somePractice } from "../support/practice.ts";

const practice = somePractice({
  uid: "uid-1",
  exposure: { kind: "ingress", className: "nginx", annotations: {} },
});
const { manifests } = render({ practice, observed: everythingObserved(), assets: loadAssets() });
const KEY = "greenriver/greenriver";
const wider: Finding = { check: "edges-as-listed", promise: "isolation", object: "NetworkPolicy/x", message: "Wider." };

/** A practice that is live as it was rendered, and whose reconcile has just failed. */
function failed(prune: () => Promise<[]>) {
  let now = 0;
  const doors = createDoors({ now: () => now });
  const list = (resource: Resource) => manifests.filter(({ kind }) => kind === resource.kind);
  const cache = { list } as unknown as Context["cache"];
  const applier = { prune } as unknown as Context["applier"];
  const context = { cache, applier, doors, assets: loadAssets() } as unknown as Context;
  const metadata = { namespace: "greenriver", name: "greenriver", uid: "uid-1" };
  const report: Report = {
    resource: { apiVersion: "x", kind: "y", metadata, spec: {} } as unknown as PracticeResource,
    done: [],
    practice,
    error: new Error("away"),
  };
  return { doors, report, judge: () => judgeAllTheSame(context, report), pass: (ms: number) => void (now += ms) };
}

it("a reconcile that failed opens no door that a fuller judgement has closed, and goes on counting", async () => {
  let withdrawn = 0;
  const { doors, report, judge, pass } = failed(() => Promise.resolve(((withdrawn += 1), [])));
  doors.judge(KEY, [wider]);
  pass(REPAIR_SECONDS * 500);
  await judge();
  expect([report.findings, report.door, withdrawn]).toEqual([[], { closed: false }, 0]);
  pass(REPAIR_SECONDS * 500);
  expect(doors.judge(KEY, [wider])).toEqual({ closed: true });
  await judge();
  expect([doors.isClosed(KEY), report.door, withdrawn]).toEqual([true, { closed: true }, 1]);
});

it("a door that could not be closed is tried again soon", async () => {
  const { doors, report, judge, pass } = failed(() => Promise.reject(new Error("away")));
  doors.judge(KEY, [wider]);
  pass(REPAIR_SECONDS * 1000);
  doors.judge(KEY, [wider]);
  await judge();
  expect(report.door).toEqual({ closed: true, lookAgainSeconds: 5 });
});
