import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { pathOf, RESOURCES } from "../../src/runtime/resources.ts";
import { type ApiClient, apiClient } from "../bed/api.ts";
import { type ControlPlane, startControlPlane } from "../bed/control-plane.ts";
import { shiftedClock } from "../bed/faketime.ts";
import { installOwnCrd } from "../bed/own-crd.ts";
import { waitFor } from "../bed/wait.ts";
import { type RunningOperator, startOperator } from "../support/operator.ts";

const MINUTE = 60_000;
const LEASE = pathOf(RESOURCES.Lease, { namespace: "default", name: "clocks" });
/** Longer than the 15 s after which a Lease that nobody renews is another's. */
const LONGER_THAN_A_LEASE_MS = 17_000;

let plane: ControlPlane;
let client: ApiClient;
let folder: string;
const started: Shifted[] = [];

beforeAll(async () => {
  plane = await startControlPlane({ workloadControllers: false });
  await installOwnCrd(plane);
  client = apiClient(plane.adminConnection);
  folder = await mkdtemp(join(tmpdir(), "telehealth-clock-"));
});
/** What a first try left behind must not lead in a second one. */
beforeEach(async () => {
  await Promise.all(started.splice(0).map(({ kill }) => kill()));
  await client.request("DELETE", LEASE);
});
afterAll(async () => {
  await Promise.all(started.map(({ kill }) => kill()));
  await client.close();
  await plane.stop();
  await rm(folder, { recursive: true });
});

describe("real operators whose clocks are ten minutes apart from the cluster's", () => {
  it("have one leader at a time, also when clocks jump, and a new one within 17 s", { timeout: 300_000 }, async () => {
    const ahead = await start("ahead", "+10m");
    await waitFor(() => leads(ahead), { timeout: 60_000, what: "the first operator to lead" });
    // By the time that stands in it, the Lease is of the future to the one that waits.
    const behind = await start("behind", "-10m");
    await waitFor(() => waits(behind), { timeout: 60_000, what: "the second operator to wait" });
    expect(await writtenApart()).toBeGreaterThan(9 * MINUTE);
    expect(await loggedApart(behind)).toBeLessThan(-9 * MINUTE);
    await staysWith(ahead, behind);

    // By that time it would now be long abandoned.
    ahead.shift("-10m");
    behind.shift("+10m");
    await waitFor(async () => (await writtenApart()) < -9 * MINUTE, { what: "the leader's clock to have jumped" });
    await staysWith(ahead, behind);

    await takesOver(ahead, behind);
    expect(await writtenApart()).toBeGreaterThan(9 * MINUTE);

    const late = await start("late", "-10m");
    await waitFor(() => waits(late), { timeout: 60_000, what: "the third operator to wait" });
    await staysWith(behind, late);
    await takesOver(behind, late);
    expect(await writtenApart()).toBeLessThan(-9 * MINUTE);
  });
});

interface Shifted extends RunningOperator {
  readonly shift: (by: string) => void;
}

async function start(name: string, by: string): Promise<Shifted> {
  const file = join(folder, name);
  const shift = (by: string) => writeFileSync(file, `${by}\n`);
  shift(by);
  const leaderElection = { enabled: true, namespace: "default", name: "clocks" };
  const env = await shiftedClock(file);
  const operator = { ...(await startOperator(plane.kubeconfig, { leaderElection }, { ready: false, env })), shift };
  started.push(operator);
  return operator;
}

const leads = async ({ log }: RunningOperator) => (await log()).includes("Reconciling practices");
const waits = async ({ log }: RunningOperator) => (await log()).includes("Operator started");

async function lease() {
  const { body } = await client.request("GET", LEASE);
  return (body as { spec: { holderIdentity: string; renewTime: string; leaseTransitions: number } }).spec;
}

/** How far the thread that renews is from this process's time, in milliseconds. */
async function writtenApart(): Promise<number> {
  return Date.parse((await lease()).renewTime) - Date.now();
}

/** How far the main thread is. */
async function loggedApart({ log }: RunningOperator): Promise<number> {
  const line = (await log()).split("\n").find((text) => text.includes("Operator started")) ?? "";
  return Number(new Date((JSON.parse(line) as { time: string | number }).time)) - Date.now();
}

async function staysWith(leader: RunningOperator, other: RunningOperator): Promise<void> {
  const { holderIdentity, leaseTransitions } = await lease();
  for (const end = performance.now() + LONGER_THAN_A_LEASE_MS; performance.now() < end; await sleep(250)) {
    expect(await lease()).toMatchObject({ holderIdentity, leaseTransitions });
    expect([await leads(leader), await leads(other)]).toEqual([true, false]);
  }
  expect(await leader.log()).not.toContain("lost the leadership");
}

async function takesOver(leader: RunningOperator, other: RunningOperator): Promise<void> {
  const { holderIdentity: former } = await lease();
  const killedAt = performance.now();
  await leader.kill();
  let isEarly = false;
  const isAnothers = async () => {
    const hasBegun = await leads(other);
    const isHeld = (await lease()).holderIdentity !== former;
    isEarly ||= hasBegun && !isHeld;
    return isHeld;
  };
  await waitFor(isAnothers, { timeout: 25_000, interval: 20, what: "the other to take over" });
  const took = performance.now() - killedAt;
  // Not earlier either: the former one may believe itself leader for 10 s after its last renewal, up to 2 s ago.
  expect(took).toBeGreaterThan(8000);
  expect(took).toBeLessThan(17_000);
  expect(isEarly).toBe(false);
  await waitFor(() => leads(other), { timeout: 5000, what: "the new leader to begin" });
}
