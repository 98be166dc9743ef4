import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { BED_IMAGES } from "../bed/node/images.ts";
import { killProgram, startProgram, stopProgram } from "../bed/node/places.ts";
import { waitFor } from "../bed/wait.ts";
import { ask } from "./support/front.ts";
import { hand, node } from "./support/node.ts";
import { OPERATORS } from "./support/operator.ts";
import { PLAIN, serverPod, startPods, tryEdge } from "./support/pods.ts";
import { failPower } from "./support/power.ts";
import { smallVolume, type SmallVolume, takeImage, takeOperator } from "./support/shortages.ts";
import {
  expectAllReady,
  isReady,
  livesOf,
  podsOf,
  practiceNamespace,
  type RunningPractice,
  startPractice,
} from "./support/practice.ts";

let practice: RunningPractice;
let walls: readonly string[];
/** A pod of somebody else, from which the database must never be reached. */
let stranger: { readonly namespace: string; readonly pod: string };

let volume: SmallVolume;

beforeAll(async () => {
  const own = await practiceNamespace();
  volume = await smallVolume(own, "greenriver-postgres-data", 256);
  practice = await startPractice({}, own);
  walls = await hand.names(RESOURCES.NetworkPolicy, practice.namespace);
  const namespace = await hand.namespace(PLAIN);
  await startPods(namespace, serverPod(namespace, "stranger"));
  stranger = { namespace, pod: "stranger" };
}, 400_000);
afterAll(() => hand.close());

const podOf = async (part: string) =>
  (await podsOf(practice.namespace)).find(({ metadata }) => metadata.name.startsWith(`greenriver-${part}`));
const address = async (part: string) => {
  const ip = (await podOf(part))?.status.podIP;
  // Without one a stranger would try itself.
  if (!ip) throw new Error(`There is no pod of ${part} to try.`);
  return ip;
};
/** Tries the database from outside, wherever it is told to be, until `over`; resolves with what was found at each address. */
const tryAlong = async (over: AbortSignal) => {
  const found: Record<string, string> = {};
  for (let at = await address("postgres"); !over.aborted; at = await address("postgres").catch(() => at)) {
    const result = await tryEdge("outside", "TCP", at, 5432);
    if (found[at] !== "open") found[at] = result;
  }
  return found;
};
/** Whether the database is open to a stranger. */
const database = async () => tryEdge(stranger, "TCP", await address("postgres"), 5432);
const homeserver = async () => {
  const { body } = await ask(practice, practice.hosts.matrix, "/_matrix/client/versions");
  return body.includes("versions");
};
/** Ends the pod of a part; resolves when there is another one. */
const restart = async (part: string) => {
  const former = (await podOf(part))?.metadata;
  await hand.remove(RESOURCES.Pod, { namespace: practice.namespace, name: former?.name ?? "" });
  const another = async () => ![undefined, former?.uid].includes((await podOf(part))?.metadata.uid);
  await waitFor(another, { timeout: 60_000, what: `another pod of ${part}` });
};
const expectAnswers = () => waitFor(homeserver, { timeout: 60_000, what: "the homeserver to answer" });

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
    const before = await livesOf(practice.namespace);
    for (const name of ["kubelet", "containerd", "kube-apiserver"] as const) await killProgram(node, name);
    await waitFor(async () => (await livesOf(practice.namespace)).join("\n") === before.join("\n"), {
      timeout: 120_000,
      what: "the same pods, none of them started anew",
    });
    await expectAllReady(practice.namespace);
    await expectAnswers();
    expect(await database()).toBe("closed");
  }, 400_000);

  it("comes back alone when the power of the whole node fails, and no wall is down meanwhile", async () => {
    await expectAllReady(practice.namespace);
    const uids = async () => (await podsOf(practice.namespace)).map(({ metadata }) => metadata.uid);
    const before = await uids();
    const lived = new Set(await livesOf(practice.namespace));
    const former = await address("postgres");
    const over = new AbortController();
    onTestFinished(() => over.abort());
    const trying = tryAlong(over.signal);
    await failPower(practice.namespace, OPERATORS, "kube-system");
    const started = async () => (await livesOf(practice.namespace)).every((life) => !lived.has(life));
    await waitFor(started, { timeout: 120_000, what: "every pod to be started again" });
    await expectAllReady(practice.namespace);
    await expectAnswers();
    over.abort();
    expect(await trying).toEqual({ [former]: "closed", [await address("postgres")]: "closed" });
    expect(await uids()).toEqual(before);
    expect(await database()).toBe("closed");
    expect(await hand.names(RESOURCES.NetworkPolicy, practice.namespace)).toEqual(walls);
  }, 600_000);

  it("tells of an image that is not there, then of a volume that is full, and heals alone when it may", async () => {
    const { namespace } = practice;
    const told = (reason: string) => hand.expectReason(namespace, "ComponentsReady", reason, "greenriver", 180_000);
    const bringBack = await takeImage(BED_IMAGES.postgres);
    try {
      await restart("postgres");
      await told("ImageMissing");
      expect((await hand.status(namespace)).nextStep).toContain("See to it that the nodes reach the registry");
      await volume.fill();
    } finally {
      await bringBack();
    }
    try {
      await told("VolumeFull");
      expect((await hand.status(namespace)).nextStep).toContain("Raise spec.messaging.database.managed.storage");
      expect(await hand.names(RESOURCES.NetworkPolicy, namespace)).toEqual(walls);
    } finally {
      await volume.enlarge();
    }
    await expectAllReady(namespace);
    await expectAnswers();
  }, 600_000);

  it("keeps its walls while it is deleted and the operator is down, and is gone when that is back", async () => {
    const { namespace } = practice;
    const before = await livesOf(namespace);
    const bringBack = await takeOperator();
    try {
      await hand.remove(PRACTICES, { namespace, name: "greenriver" });
      await restart("postgres");
      await waitFor(async () => (await podsOf(namespace)).every(isReady), { timeout: 120_000, what: "a new database" });
      expect(await database()).toBe("closed");
      expect(await hand.names(RESOURCES.NetworkPolicy, namespace)).toEqual(walls);
      expect(before.length).toBe((await podsOf(namespace)).length);
    } finally {
      await bringBack();
    }
    const gone = async () => {
      // Walls do not come back: what is missing now was missing when the pods were counted.
      const left = await hand.names(RESOURCES.NetworkPolicy, namespace);
      const running = await hand.names(RESOURCES.Pod, namespace);
      if (running.length > 0) expect({ running, left }).toEqual({ running, left: walls });
      return (await hand.get(PRACTICES, { namespace, name: "greenriver" })) === undefined;
    };
    let opened: unknown;
    const noted = () => gone().catch((error: unknown) => ((opened = error), true));
    await waitFor(noted, { timeout: 180_000, interval: 50, what: "the practice to be gone" });
    expect(opened).toBeUndefined();
    expect(await hand.names(RESOURCES.NetworkPolicy, namespace)).toEqual([]);
    expect(await hand.names(RESOURCES.Pod, namespace)).toEqual([]);
    // By default what people wrote is kept.
    const claims = await hand.names(RESOURCES.PersistentVolumeClaim, namespace);
    expect(claims).toEqual(["greenriver-postgres-data", "greenriver-synapse-media"]);
  }, 600_000);
});
