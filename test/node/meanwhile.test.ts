import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { waitFor } from "../bed/wait.ts";
import { ALWAYS } from "../support/practice-bed.ts";
import { hand, withoutEnforcer } from "./support/node.ts";
import { expectAllOpen, type Patrol, patrol } from "./support/patrol.ts";
import { PLAIN, serverPod, startPods } from "./support/pods.ts";
import { expectAllReady, PARTS, podsOf, practiceNamespace, startPractice } from "./support/practice.ts";

let namespace: string;
let stranger: { readonly namespace: string; readonly pod: string };
let walking: Patrol;

beforeAll(async () => {
  const plain = await hand.namespace(PLAIN);
  await startPods(plain, serverPod(plain, "stranger"));
  stranger = { namespace: plain, pod: "stranger" };
  namespace = await practiceNamespace();
  walking = await patrol(namespace, stranger);
}, 120_000);
afterAll(() => hand.close());

const uids = async () => (await podsOf(namespace)).map(({ metadata }) => metadata.uid);

/** Resolves when enough was tried: each pod by the stranger and by the others, of which the last ones join late. */
const enough = (pods: number, by = walking) =>
  waitFor(() => Promise.resolve(by.tried().length > pods * 40), { timeout: 60_000, what: "ways to try" });

describe("the walls of a practice on a real node, tried without end", () => {
  it("stand from the first moment of its first pod", async () => {
    await startPractice({ maintenance: ALWAYS, deletionPolicy: "Delete" }, namespace);
    await enough(PARTS.length);
    expect(walking.open()).toEqual([]);
  }, 400_000);

  it("stand while all its pods are replaced by larger ones", async () => {
    const before = new Set(await uids());
    await hand.patch(PRACTICES, { namespace, name: "greenriver" }, { spec: { size: "group" } });
    const replaced = async () => (await uids()).filter((uid) => !before.has(uid)).length >= 4;
    await waitFor(replaced, { timeout: 240_000, what: "new pods" });
    await expectAllReady(namespace);
    await enough(PARTS.length + 4);
    expect(walking.open()).toEqual([]);
  }, 600_000);

  it("are what is seen: without them every one of these ways is open", async () => {
    await walking.stop();
    await withoutEnforcer(async () => {
      const bare = await patrol(namespace, stranger);
      await enough(PARTS.length, bare);
      expect(bare.open()).not.toEqual([]);
      await expectAllOpen(bare);
      await bare.stop();
    });
    walking = await patrol(namespace, stranger);
  }, 200_000);

  it("stand while it is deleted, until its last pod is gone", async () => {
    await enough(PARTS.length);
    const order: string[] = [];
    const over = new AbortController();
    const watching = (async () => {
      while (!over.signal.aborted) {
        // Walls first: what falls in between is told by the next look.
        const walls = await hand.names(RESOURCES.NetworkPolicy, namespace);
        const pods = await hand.names(RESOURCES.Pod, namespace);
        if (pods.length > 0 && walls.length < PARTS.length) order.push(`${pods.join(", ")} without all walls`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    watching.catch(() => over.abort()); // told below
    await hand.remove(PRACTICES, { namespace, name: "greenriver" });
    await hand.gone(PRACTICES, { namespace, name: "greenriver" });
    over.abort();
    await watching;
    await walking.stop();
    expect(order).toEqual([]);
    expect(await uids()).toEqual([]);
    expect(walking.open()).toEqual([]);
  }, 200_000);
});
