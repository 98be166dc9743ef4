import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, type TestContext } from "vitest";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { waitFor } from "../bed/wait.ts";
import { type Disturbed, disturbed } from "../support/disturbed.ts";
import { quiet } from "../support/practice-bed.ts";
import type { Fault, ProxiedEvent, ProxiedRequest } from "../support/proxy.ts";

/** Longer than a reconcile waits for its own writes to come back. */
const LONGER_THAN_A_LOOK_WAITS = 4000;

/** A practice whose watch of one kind is held back from `hold` until `release`. */
async function heldBack({ onTestFinished }: Pick<TestContext, "onTestFinished">, kind: string) {
  let gate: PromiseWithResolvers<void> | undefined;
  const fault = ({ isWatch }: ProxiedRequest): Fault | undefined =>
    isWatch
      ? {
          kind: "events",
          change: ({ object }) => (gate && isOf(object, kind) ? { after: gate.promise } : { milliseconds: 0 }),
        }
      : undefined;
  const made: Disturbed = await disturbed(fault);
  const release = () => gate?.resolve();
  onTestFinished(async () => {
    release();
    await made.end();
  });
  return { ...made, hold: () => void (gate = Promise.withResolvers()), release };
}

/** Of a practice: a bookmark has no name. */
function isOf({ kind, metadata }: ProxiedEvent["object"], wanted: string): boolean {
  return kind === wanted && metadata.name?.startsWith("greenriver-");
}

describe.concurrent("what was written and has not come back", () => {
  it("is not told of: no status says that a roll-out is through that the operator has not seen", async (test) => {
    const { hold, release, practice, converged, hand, namespace } = await heldBack(test, "StatefulSet");
    await practice();
    await converged();
    await quiet(namespace);
    const pending = async () =>
      (await hand.status(namespace)).conditions?.find(({ type }) => type === "UpdatePending")?.status;
    const generations = async () =>
      (await hand.list(RESOURCES.StatefulSet, namespace)).map(({ metadata }) => metadata.generation).join();
    const before = await generations();
    hold();
    await practice({ placement: { nodeSelector: { "kubernetes.io/os": "linux" } } });
    await waitFor(async () => (await generations()) !== before, { what: "a roll-out to begin" });
    await sleep(LONGER_THAN_A_LOOK_WAITS);
    expect(await pending()).toBe("True");
    release();
    await waitFor(async () => (await pending()) === "False", { what: "the roll-out to be seen" });
    await converged();
  });

  it("is not made again nor asked for: what is born is waited for", async (test) => {
    const { hold, release, practice, converged, hand, namespace, proxy } = await heldBack(
      test,
      "PartialObjectMetadata",
    );
    hold();
    await practice();
    const born = async () => (await hand.list(RESOURCES.Secret, namespace)).length === 6;
    await waitFor(born, { what: "the Secrets to be born" });
    await sleep(LONGER_THAN_A_LOOK_WAITS);
    const asked = proxy.requests.filter(({ method, path }) => method === "GET" && path.includes("/secrets/"));
    expect(asked.map(({ path }) => path)).toEqual([]);
    release();
    await converged();
    const writes = proxy.requests.filter(({ method, path }) => method === "POST" && path.endsWith("/secrets"));
    expect(writes).toHaveLength(6);
  });
});
