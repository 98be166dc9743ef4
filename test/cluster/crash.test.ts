import { afterAll, describe, expect, it } from "vitest";
import { PRACTICES } from "../../src/controller/kinds.ts";
import type { LiveObject } from "../../src/manifest.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { kubeconfigFile } from "../support/kubeconfig.ts";
import { runOperator, startOperator } from "../support/operator.ts";
import { handOn } from "../support/own-cluster.ts";
import {
  applyPractice,
  childNames,
  children,
  giveMediaAddress,
  practiceNamespace,
  quiet,
} from "../support/practice-bed.ts";
import { type Fault, type ProxiedRequest, startProxy } from "../support/proxy.ts";
import { isGuarded, wallsOf } from "../support/walls.ts";

/** Operators that start at the same time. */
const IN_PARALLEL = 4;

const hand = handOn(bed.adminConnection);
afterAll(() => hand.close());

interface Crash {
  readonly write: number;
  /**
   * `after`: it took effect, then the process is killed with SIGKILL, so that the answer reaches nobody. `before`: the
   * write and all that would follow never arrive; for the API server that is a killed process as well, so this half runs
   * without one.
   */
  readonly moment: "before" | "after";
}

// Nothing here is tried once more: a pod that is without walls now and then is a hole.
describe("an operator that is killed at any of its writes", () => {
  it(
    "leaves no workload without walls, and its successor comes to the same practice",
    { timeout: 1_800_000, retry: 0 },
    async () => {
      const reference = await undisturbed();
      const crashes = Array.from({ length: reference.writes }, (_, index) => index + 1).flatMap((write): Crash[] => [
        { write, moment: "before" },
        { write, moment: "after" },
      ]);
      const namespaces: string[] = [];
      await inParallel(crashes, async (crash) => {
        namespaces.push(await crashAt(crash, reference.walls));
      });

      const successor = await startOperator(bed.kubeconfig, { watchNamespaces: namespaces, workers: 16 });
      try {
        // Where the crash came first, there was no Service yet to give an address to. One operator makes them one after another.
        await Promise.all(namespaces.map((namespace) => giveMediaAddress(namespace, { timeout: 600_000 })));
        for (const namespace of namespaces) {
          await waitFor(async () => sameNames(await children(namespace), namespace) === reference.names, {
            timeout: 120_000,
            interval: 500,
            what: `${namespace} to be like the undisturbed practice`,
          }).catch(async (error: unknown) => {
            expect(sameNames(await children(namespace), namespace), String(error)).toBe(reference.names);
          });
        }
      } finally {
        await successor.stop();
      }
      expect(namespaces).toHaveLength(reference.writes * 2);
    },
  );
});

describe("an operator that is killed after each of its writes while it takes a practice down", () => {
  it(
    "leaves no pod without walls, and the last of its successors ends the work",
    { timeout: 300_000, retry: 0 },
    async () => {
      const namespace = await practiceNamespace();
      const operator = runOperator(bed.adminConnection, [namespace]);
      await applyPractice(namespace);
      await giveMediaAddress(namespace);
      await lastRoute(namespace);
      await quiet(namespace);
      await operator.stop();
      const walls = wallsOf(await children(namespace));
      const ref = { namespace, name: "greenriver" };
      // Simulated pods end at once; this one lingers until there is nothing to do but to wait for it.
      const [name = ""] = await hand.names(RESOURCES.Pod, namespace);
      const pod = { namespace, name };
      await hand.patch(RESOURCES.Pod, pod, { metadata: { finalizers: ["tests.example/lingers"] } });
      await hand.remove(PRACTICES, ref);
      const deaths: Dead[] = [];
      let [write, before] = [1, ""];
      while (await hand.get(PRACTICES, ref)) {
        const dead = await dieOnce(namespace, write);
        deaths.push(dead);
        if (!dead.wrote) await hand.patch(RESOURCES.Pod, pod, { metadata: { finalizers: null } });
        const pods = (await hand.list(RESOURCES.Pod, namespace)).map((pod) => ({ ...pod, kind: "Pod" }));
        const left = [...pods, ...(await children(namespace))];
        // What is ending is told so again: a successor that changes nothing is followed by one that lives for a write more.
        const now = childNames(left).join();
        [write, before] = [now === before ? write + 1 : 1, now];
        if (left.some(isGuarded)) expect(wallsOf(left), `walls beside ${now}`).toEqual(walls);
      }
      expect(wallsOf(await children(namespace))).toEqual([]);
      expect(deaths.length).toBeGreaterThan(walls.length);
      await Promise.all(deaths.map(({ buried }) => buried));
    },
  );
});

/** An operator whose requests reach nobody any more. It takes a while to notice. */
interface Dead {
  readonly wrote: boolean;
  readonly buried: Promise<void>;
}

/** Runs an operator until its n-th write, which takes effect, or until it has nothing to write for a while. */
async function dieOnce(namespace: string, write: number): Promise<Dead> {
  let dead = false;
  const fault = ({ isWrite, writes }: ProxiedRequest): Fault | undefined => {
    if (dead) return { kind: "cut", moment: "before" };
    if (!isWrite || writes < write) return undefined;
    dead = true;
    return { kind: "cut", moment: "after", onCut: killed.resolve };
  };
  const killed = Promise.withResolvers<void>();
  const proxy = await startProxy(bed, fault);
  const operator = runOperator(proxy.connection, [namespace]);
  const late = setTimeout(() => killed.resolve(), 8000);
  await killed.promise;
  clearTimeout(late);
  const wrote = dead;
  dead = true;
  return { wrote, buried: operator.stop().then(() => proxy.stop()) };
}

async function lastRoute(namespace: string): Promise<void> {
  const isOpen = async () => childNames(await children(namespace)).some((name) => name === "Ingress/greenriver-meet");
  await waitFor(isOpen, { timeout: 60_000, what: "the last route" });
}

/** A practice made without any crash: what it consists of, and how many writes it takes. */
async function undisturbed(): Promise<{ names: string; walls: readonly string[]; writes: number }> {
  const namespace = await practiceNamespace();
  const proxy = await startProxy(bed);
  const operator = await startOperator(await kubeconfigFile(proxy.connection), { watchNamespaces: [namespace] });
  await applyPractice(namespace);
  await giveMediaAddress(namespace);
  await hand.converged(namespace);
  await quiet(namespace);
  await operator.stop();
  await proxy.stop();
  const writes = proxy.requests.filter(({ isWrite, path }) => isWrite && !path.includes("/events")).length;
  const made = await children(namespace);
  return { names: sameNames(made, namespace), walls: wallsOf(made), writes };
}

/** Runs an operator until its n-th write and kills it there. @returns the namespace. */
async function crashAt({ write, moment }: Crash, walls: readonly string[]): Promise<string> {
  const namespace = await practiceNamespace();
  let dead = false;
  const killed = Promise.withResolvers<void>();
  const fault = ({ isWrite, writes }: { isWrite: boolean; writes: number }): Fault | undefined => {
    // What a killed process had not sent yet never arrives.
    if (dead) return { kind: "cut", moment: "before" };
    if (!isWrite || writes < write) return undefined;
    dead = true;
    return { kind: "cut", moment, onCut: killed.resolve };
  };
  const proxy = await startProxy(bed, fault);
  const operator =
    moment === "before"
      ? runOperator(proxy.connection, [namespace])
      : await startOperator(await kubeconfigFile(proxy.connection), { watchNamespaces: [namespace] });
  await applyPractice(namespace);
  const late = setTimeout(() => killed.resolve(), 8000);
  void giveMediaAddress(namespace).catch(() => undefined);
  await killed.promise;
  clearTimeout(late);
  await ("kill" in operator ? operator.kill() : operator.stop());
  await proxy.stop();
  const left = await children(namespace);
  if (left.some(isGuarded)) expect(wallsOf(left), `walls when killed ${moment} write ${write}`).toEqual(walls);
  return namespace;
}

/** Names without what differs from practice to practice: the content in ConfigMaps' names. */
function sameNames(objects: readonly LiveObject[], namespace: string): string {
  const names = childNames(objects).map((name) => name.replaceAll(namespace, "NS").replace(/-[0-9a-f]{8}$/, "-HASH"));
  return names.toSorted().join("\n");
}

async function inParallel<T>(items: readonly T[], task: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await task(item);
  };
  await Promise.all(Array.from({ length: IN_PARALLEL }, worker));
}
