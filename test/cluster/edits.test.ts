import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PracticeStatus } from "../../src/api/status.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { waitFor } from "../bed/wait.ts";
import { bed, kubectlApply } from "../support/bed.ts";
import { anEdit, editOf, merged, type Spec } from "../support/edits.ts";
import { likenessOf } from "../support/likeness.ts";
import { type RunningOperator, startOperator } from "../support/operator.ts";
import { handOn } from "../support/own-cluster.ts";
import { ALWAYS, applyPractice, practiceNamespace } from "../support/practice-bed.ts";

const hand = handOn(bed.adminConnection);

/** Each run takes some six seconds on a real API server; another seed comes with each run of the tests. */
const RUNS = 5;

/** Edits that once led astray, or undo as much as can be undone: tried first, each time. One that fails belongs here. */
const KNOWN: readonly [edits: Spec[], pause: number][] = [
  [
    [
      {
        size: "clinic",
        locale: "en",
        exposure: { ingress: { className: "traefik" } },
        video: { maxParticipants: 6, verification: "required", media: { externalTrafficPolicy: "Cluster" } },
        placement: { nodeSelector: { "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64" } },
      },
      { exposure: { gateway: { className: "one" } } },
      { exposure: { service: { type: "NodePort" } }, certificates: { external: {} } },
      {},
    ],
    800,
  ],
];

/** The seed and path that a failure printed, to see just that one again. */
const AGAIN: fc.Parameters<unknown> = {};

describe("a practice that is edited again and again", () => {
  let edited: string;
  let fresh: string[];
  let operator: RunningOperator;
  beforeAll(async () => {
    edited = await practiceNamespace();
    fresh = await Promise.all(Array.from({ length: KNOWN.length + RUNS }, () => practiceNamespace()));
    const namespaces = [edited, ...fresh];
    operator = await startOperator(bed.kubeconfig, { watchNamespaces: namespaces });
    await kubectlApply(...["one", "two"].map(priorityClass), ...namespaces.flatMap(clientSecrets));
    await apply(edited, {});
    await settled(edited);
  });
  afterAll(async () => {
    await operator.stop();
    await hand.close();
  });

  /**
   * A fresh practice of the last manifest, in a namespace of its own, is what the edited one has to be like: a field that an
   * earlier edit set and nobody wants any more would be a difference, and so would an object too many.
   */
  it(
    "ends where the last manifest alone would have led, with no trace of those before",
    // Another seed would not fail again: what was found is not to be lost.
    { timeout: 300_000, retry: 0 },
    async ({ annotate }) => {
      const seed = AGAIN.seed ?? randomInt(2 ** 31);
      await annotate(`seed ${seed}`);
      await fc.assert(
        fc.asyncProperty(
          fc.array(anEdit, { minLength: 2, maxLength: 4 }),
          fc.integer({ min: 0, max: 800 }),
          async (edits, pause) => {
            const other = fresh.shift() ?? "";
            await apply(other, edits.at(-1) ?? {});
            for (const edit of edits) {
              await apply(edited, edit);
              await sleep(pause);
            }
            await settled(edited);
            await settled(other);
            await waitFor(async () => isDeepStrictEqual(await likenessOf(edited), await likenessOf(other)), {
              timeout: 60_000,
              interval: 500,
            }).catch(async () => expect(await likenessOf(edited)).toEqual(await likenessOf(other)));
          },
        ),
        { numRuns: KNOWN.length + RUNS, examples: [...KNOWN], endOnFailure: true, ...AGAIN, seed },
      );
    },
  );
});

/** Changes need not wait for the end of calls, and the address is given: nobody plays a load balancer or names nodes. */
const ALWAYS_SO = { maintenance: ALWAYS, video: { media: { addresses: [{ ip: "203.0.113.7", port: 10_000 }] } } };

async function apply(namespace: string, edit: Spec): Promise<void> {
  await applyPractice(namespace, editOf(namespace, merged(ALWAYS_SO, edit)));
}

/** Waits until the last edit was seen, all pods are ready, and nothing is held back. */
async function settled(namespace: string): Promise<void> {
  const look = async () => {
    const practice = await hand.get(PRACTICES, { namespace, name: "greenriver" });
    const { observedGeneration, conditions = [] } = (practice?.["status"] ?? {}) as Partial<PracticeStatus>;
    expect(observedGeneration).toBe(practice?.metadata.generation);
    const told = conditions.map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
    expect(told).toEqual(
      expect.arrayContaining([expect.stringMatching(/ AllReady:/), expect.stringMatching(/ UpToDate:/)]),
    );
    return true;
  };
  await waitFor(look, { timeout: 60_000, what: "the practice to be as its manifest says" });
}

/** What the samples of fields name, so that nothing waits for it. */
function clientSecrets(namespace: string): object[] {
  const stringData = { secret: "of the samples", other: "of the samples" };
  return ["id", "other"].map((name) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace, name },
    stringData,
  }));
}

function priorityClass(name: string): object {
  return { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", metadata: { name }, value: 0 };
}
