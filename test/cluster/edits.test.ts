import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { telehealth } from "../support/cli.ts";
import { type RunningOperator, startOperator } from "../support/operator.ts";
import {
  ALWAYS,
  applyPractice,
  children,
  giveMediaAddress,
  practiceFor,
  practiceNamespace,
} from "../support/practice-bed.ts";

/** Each run takes some ten seconds on a real API server; another seed comes with each run of the tests. */
const RUNS = 4;

/** What an admin may set, change and leave out again. */
const edit = fc.record(
  {
    size: fc.constantFrom("solo", "group", "clinic"),
    locale: fc.constantFrom("de", "en"),
    exposure: fc.constantFrom({ ingress: { className: "nginx" } }, { ingress: { className: "traefik" } }),
    video: fc.record(
      {
        maxParticipants: fc.integer({ min: 2, max: 6 }),
        verification: fc.constantFrom("prompt", "required"),
        media: fc.record({ externalTrafficPolicy: fc.constantFrom("Local", "Cluster") }, { requiredKeys: [] }),
      },
      { requiredKeys: [] },
    ),
    // Nodes that there are: what is tried first, such as a changed configuration, waits for one. Never an empty selector:
    // the API server makes null of it where there were keys, and refuses that (docs/bad-input.md).
    placement: fc.record({
      nodeSelector: fc.record(
        { "kubernetes.io/os": fc.constant("linux"), "kubernetes.io/arch": fc.constant("amd64") },
        { requiredKeys: ["kubernetes.io/os"] },
      ),
    }),
  },
  { requiredKeys: [] },
);

describe("a practice that is edited again and again", () => {
  let namespace: string;
  let operator: RunningOperator;
  beforeAll(async () => {
    namespace = await practiceNamespace();
    operator = await startOperator(bed.kubeconfig, { watchNamespaces: [namespace] });
    await applyPractice(namespace, { maintenance: ALWAYS });
    await giveMediaAddress(namespace);
    // Routes are opened when pods are ready for the first time.
    const opened = async () => (await children(namespace)).filter(({ kind }) => kind === "Ingress").length === 4;
    await waitFor(opened, { timeout: 60_000, what: "the last route" });
  });
  afterAll(() => operator.stop());

  /**
   * `plan` renders the last manifest from scratch and lets the API server say what its apply would change: a field that an
   * earlier edit set and nobody wants any more would be a change, and an object too many a removal.
   */
  it(
    "ends where the last manifest alone would have led, with no trace of those before",
    { timeout: 300_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(edit, { minLength: 2, maxLength: 4 }),
          fc.integer({ min: 0, max: 800 }),
          async (edits, pause) => {
            for (const spec of edits) {
              await applyPractice(namespace, { ...spec, maintenance: ALWAYS });
              await new Promise((resolve) => setTimeout(resolve, pause));
            }
            const last = JSON.stringify(await practiceFor(namespace, { ...edits.at(-1), maintenance: ALWAYS }));
            const planned = async () => {
              const { stdout, stderr } = await telehealth(bed.kubeconfig, ["plan", "-f", "-"], last);
              expect(stderr).toMatch(/: 0 to create, 0 to change, 0 to remove, \d{2} unchanged\.\n$/);
              return stdout;
            };
            expect(await waitFor(async () => ({ diff: await planned() }), { timeout: 60_000, interval: 500 })).toEqual({
              diff: "",
            });
          },
        ),
        { numRuns: RUNS, endOnFailure: true },
      );
    },
  );
});
