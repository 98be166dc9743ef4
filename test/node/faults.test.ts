import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { killProgram, startProgram, stopProgram } from "../bed/node/places.ts";
import { waitFor } from "../bed/wait.ts";
import { ask } from "./support/front.ts";
import { hand, node } from "./support/node.ts";
import { PLAIN, serverPod, startPods, tryEdge } from "./support/pods.ts";
import { expectAllReady, podsOf, type RunningPractice, startPractice } from "./support/practice.ts";

let practice: RunningPractice;
let walls: readonly string[];
/** A pod of somebody else, from which the database must never be reached. */
let stranger: { readonly namespace: string; readonly pod: string };

beforeAll(async () => {
  practice = await startPractice();
  walls = await hand.names(RESOURCES.NetworkPolicy, practice.namespace);
  const namespace = await hand.namespace(PLAIN);
  await startPods(namespace, serverPod(namespace, "stranger"));
  stranger = { namespace, pod: "stranger" };
}, 400_000);
afterAll(() => hand.close());

const address = async (part: string) => {
  const pods = await podsOf(practice.namespace);
  return pods.find(({ metadata }) => metadata.name.startsWith(`greenriver-${part}`))?.status.podIP ?? "";
};
/** Whether the database is open to a stranger. */
const database = async () => tryEdge(stranger, "TCP", await address("postgres"), 5432);
const homeserver = async () => {
  const { body } = await ask(practice, practice.hosts.matrix, "/_matrix/client/versions");
  return body.includes("versions");
};
const expectAnswers = () => waitFor(homeserver, { timeout: 60_000, what: "the homeserver to answer" });
/** Who runs, and how often each container was started. */
const lives = async () => {
  const pods = await podsOf(practice.namespace);
  const restarts = pods.map(({ metadata, status }) => [
    metadata.uid,
    ...status.containerStatuses.map(({ restartCount }) => restartCount),
  ]);
  return restarts.map(String).toSorted((a, b) => a.localeCompare(b));
};

describe("a practice on a node on which things go wrong", () => {
  it("comes back whole when all of its pods are killed at once, and its walls stand all along", async () => {
    const before = await podsOf(practice.namespace);
    for (const { metadata } of before) {
      await hand.remove(RESOURCES.Pod, { namespace: practice.namespace, name: metadata.name });
    }
    expect(await hand.names(RESOURCES.NetworkPolicy, practice.namespace)).toEqual(walls);
    const old = new Set(before.map(({ metadata }) => metadata.uid));
    const anew = async () => (await podsOf(practice.namespace)).every(({ metadata }) => !old.has(metadata.uid));
    await waitFor(anew, { timeout: 120_000, what: "new pods" });
    await expectAllReady(practice.namespace);
    await expectAnswers();
    expect(await database()).toBe("closed");
    expect(await hand.names(RESOURCES.NetworkPolicy, practice.namespace)).toEqual(walls);
  }, 400_000);

  it("is not more open while the network's policy engine is away, and answers when it is back", async () => {
    await stopProgram(node, "policies");
    try {
      expect(await database()).toBe("closed");
    } finally {
      await startProgram(node, "policies");
    }
    await expectAnswers();
    expect(await database()).toBe("closed");
  }, 200_000);

  it("goes on running while kubelet, container runtime and API server are killed", async () => {
    await expectAllReady(practice.namespace);
    const before = await lives();
    for (const name of ["kubelet", "containerd", "kube-apiserver"] as const) await killProgram(node, name);
    await waitFor(async () => (await lives()).join("\n") === before.join("\n"), {
      timeout: 120_000,
      what: "the same pods, none of them started anew",
    });
    await expectAllReady(practice.namespace);
    await expectAnswers();
    expect(await database()).toBe("closed");
  }, 400_000);
});
