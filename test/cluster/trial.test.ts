import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LABEL } from "../../src/api/group.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import type { LiveObject } from "../../src/manifest.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { type RunningOperator, runOperator, startOperator } from "../support/operator.ts";
import { handOn } from "../support/own-cluster.ts";
import { ALWAYS, quiet, writesOf } from "../support/practice-bed.ts";
import { startProxy } from "../support/proxy.ts";

const hand = handOn(bed.adminConnection);
const name = "greenriver";
/** Pods that no node takes: what is to be tried stays where a test can play the kubelet. */
const NOWHERE = { placement: { nodeSelector: { "kubernetes.io/hostname": "nowhere" } } };

let namespaces: string[];
let operator: RunningOperator;
const start = (config: object = {}) => startOperator(bed.kubeconfig, { watchNamespaces: namespaces, ...config });
beforeAll(async () => {
  namespaces = await Promise.all([hand.namespace(), hand.namespace(), hand.namespace()]);
  operator = await start();
});
afterAll(async () => {
  await operator?.stop();
  await hand.close();
});

async function converged(namespace: string): Promise<void> {
  await hand.practice(namespace, { maintenance: ALWAYS });
  await hand.mediaAddress(namespace);
  await hand.converged(namespace);
  await quiet(namespace);
}

const jobs = (namespace: string) => hand.list(RESOURCES.Job, namespace);
const templatesOf = async (namespace: string) => {
  const sets = await hand.list(RESOURCES.StatefulSet, namespace);
  return JSON.stringify(sets.map(({ metadata, spec }) => [metadata.name, (spec as { template: unknown }).template]));
};
const trialPods = async (namespace: string) =>
  (await hand.list(RESOURCES.Pod, namespace)).filter(({ metadata }) => metadata.labels?.[LABEL.role] === "trial");
const conditionOf = async (namespace: string, type: string) =>
  (await hand.status(namespace)).conditions?.find((condition) => condition.type === type);

describe("a changed configuration", () => {
  it("is tried by one Job for each workload, is rolled out when these have passed, and leaves nothing", async () => {
    const [namespace = ""] = namespaces;
    await converged(namespace);
    expect(await jobs(namespace), "the first start tries nothing").toEqual([]);
    const [since, before] = [new Date(), await templatesOf(namespace)];
    await hand.practice(namespace, { maintenance: ALWAYS, size: "group" });
    await waitFor(async () => (await templatesOf(namespace)) !== before, { what: "the change to arrive" });
    await waitFor(async () => (await jobs(namespace)).length === 0 && (await trialPods(namespace)).length === 0, {
      timeout: 60_000,
      what: "the trials to go",
    });
    await hand.converged(namespace);
    await hand.expectReason(namespace, "UpdatePending", "UpToDate");
    await quiet(namespace);
    const tried = (await writesOf(namespace, since)).filter((write) => write.includes(" jobs/"));
    const count = (verb: string) => tried.filter((write) => write.startsWith(verb)).length;
    expect([count("create"), count("delete"), tried.length], tried.join("\n")).toEqual([4, 4, 8]);
    const rest = new Date();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(await writesOf(namespace, rest)).toEqual([]);
  });

  it("is held back when a check refuses it, across restarts and releases, and what ran before goes on", async () => {
    const [, namespace = ""] = namespaces;
    await converged(namespace);
    const before = await templatesOf(namespace);
    await hand.practice(namespace, { maintenance: ALWAYS, ...NOWHERE });
    const waiting = await hand.expectReason(namespace, "UpdatePending", "ConfigurationOnTrial");
    expect(waiting.message).toContain("before it replaces what runs");
    await waitFor(async () => (await trialPods(namespace)).length === 4, { what: "four trials" });
    // The scheduler says why they do not begin.
    await waitFor(async () => (await conditionOf(namespace, "UpdatePending"))?.message.includes("No node has room"), {
      what: "the reason",
    });
    const of = async (component: string) => {
      const job = (await jobs(namespace)).find(({ metadata }) => metadata.labels?.[LABEL.component] === component);
      const pods = await trialPods(namespace);
      return pods.find(({ metadata }) => metadata.name.startsWith(`${job?.metadata.name}-`)) as LiveObject;
    };
    const said = `("Failed to parse config for module 'x'", ('modules', '<item 0>', 'config'))\n`;
    await hand.podEnds(await of("synapse"), 1, said);
    const refused = await hand.expectReason(namespace, "UpdatePending", "ConfigurationRefused");
    expect(refused.message).toMatch(
      /^The check of synapse refuses the changed configuration\. It names modules\.<item 0>\.config\./,
    );
    expect(refused.message).toMatch(/kubectl -n \S+ logs job\/greenriver-trial-[0-9a-f]{8} --all-containers$/);
    expect(await conditionOf(namespace, "Ready")).toMatchObject({ status: "False" });
    expect(await templatesOf(namespace)).toBe(before);

    // A killed check is no answer: it is tried again by its Job.
    await hand.podEnds(await of("postgres"), 137, "");
    await quiet(namespace);
    expect(await conditionOf(namespace, "UpdatePending")).toMatchObject({ reason: "ConfigurationRefused" });

    // The pod restarts, as after a drain: from what ran before, though for a moment nothing is ready.
    await hand.remove(RESOURCES.Pod, { namespace, name: `${name}-synapse-0` });
    await waitFor(async () => (await templatesOf(namespace)) === before, { what: "the former template" });
    // Another release with another image: the running one is not taken for a stranger's, and no door closes.
    await operator.stop();
    operator = await start({ images: { synapse: "registry.example/other/synapse:v9" } });
    await waitFor(async () => (await jobs(namespace)).some((job) => JSON.stringify(job).includes("other/synapse:v9")), {
      what: "the other image on trial",
    });
    await quiet(namespace);
    expect(await templatesOf(namespace)).toBe(before);
    expect(await conditionOf(namespace, "RecordingDisabled")).toMatchObject({ status: "True" });
    expect(await conditionOf(namespace, "NetworkIsolated")).not.toMatchObject({ status: "False" });
    expect((await hand.names(RESOURCES.Ingress, namespace)).length).toBe(4);

    // Undone: nothing is left to try.
    await operator.stop();
    operator = await start();
    await hand.practice(namespace, { maintenance: ALWAYS });
    await hand.expectReason(namespace, "UpdatePending", "UpToDate");
    await waitFor(async () => (await jobs(namespace)).length === 0, { what: "the trials to go" });
    await hand.converged(namespace);
  });

  it("comes to the same when the operator dies at a write of a trial", { timeout: 400_000 }, async () => {
    const [namespace = ""] = namespaces;
    await operator.stop();
    // The first and the last Job that is made, the first and the last that is taken away.
    for (const write of [1, 4, 5, 8]) {
      for (const moment of ["before", "after"] as const) {
        const size = moment === "before" ? "solo" : "group";
        const crashed = Promise.withResolvers<void>();
        let [seen, dead] = [0, false];
        const proxy = await startProxy(bed, ({ isWrite, path }) => {
          if (dead) return { kind: "cut", moment: "before" };
          seen += Number(isWrite && /\/jobs(\/|$)/.test(path));
          if (seen < write) return undefined;
          dead = true;
          return { kind: "cut", moment, onCut: crashed.resolve };
        });
        const doomed = runOperator(proxy.connection, [namespace]);
        await hand.practice(namespace, { maintenance: ALWAYS, size });
        await crashed.promise;
        await doomed.stop();
        await proxy.stop();
        const successor = runOperator(bed.adminConnection, [namespace]);
        const memory = size === "solo" ? "512Mi" : "1Gi";
        const done = async () =>
          (await hand.get(RESOURCES.StatefulSet, { namespace, name: `${name}-synapse` })) &&
          (await jobs(namespace)).length === 0 &&
          (await templatesOf(namespace)).includes(`"memory":"${memory}"`);
        await waitFor(done, { timeout: 60_000, what: `the ${size} practice, killed ${moment} write ${write}` });
        await hand.converged(namespace);
        await hand.expectReason(namespace, "UpdatePending", "UpToDate");
        await successor.stop();
      }
    }
    operator = await start();
  });

  it("is not tried while suspended, and goes with its practice", async () => {
    const [, , namespace = ""] = namespaces;
    await converged(namespace);
    await hand.practice(namespace, { maintenance: ALWAYS, suspend: true, ...NOWHERE });
    await hand.expectReason(namespace, "UpdatePending", "Suspended");
    await quiet(namespace);
    expect(await jobs(namespace)).toEqual([]);
    await hand.practice(namespace, { maintenance: ALWAYS, suspend: false, ...NOWHERE });
    await waitFor(async () => (await trialPods(namespace)).length === 4, { what: "four trials" });
    await hand.remove(PRACTICES, { namespace, name });
    await hand.gone(PRACTICES, { namespace, name });
    expect(await jobs(namespace)).toEqual([]);
    expect(await trialPods(namespace)).toEqual([]);
    expect(await hand.list(RESOURCES.NetworkPolicy, namespace)).toEqual([]);
  });
});
