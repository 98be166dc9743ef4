import { describe, expect, it, type TestContext } from "vitest";
import { LABEL } from "../../src/api/group.ts";
import { pathOf, RESOURCES } from "../../src/runtime/resources.ts";
import { apiClient } from "../bed/api.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { disturbed } from "../support/disturbed.ts";
import { quiet } from "../support/practice-bed.ts";

const RIVAL = "another-controller";
const FOUGHT_FOR = "greenriver-front";
const OTHER = "greenriver-entry";

/** Without end for a breaker that breaks nothing: each is waited for until it is put back. */
const ROUNDS = 25;

/** Six at once, and those that come due 10 and 30 s later; the next would not be before 70 s. */
const MOST_REPAIRS = 8;

/** One that is refused because the field is somebody else's, and one that takes it over. */
const WRITES_OF_A_REPAIR = 2;

/** How a rival may write: what the path and the body have to say for it. */
const WAYS = {
  apply: { query: "&force=true", type: "application/apply-patch+yaml" },
  update: { query: "", type: "application/merge-patch+json" },
};

interface Event {
  readonly reason: string;
  readonly note: string;
  readonly series?: { readonly count: number };
}

/** A practice at rest, and a rival who wants a label of its Services otherwise. */
async function rivalled({ onTestFinished }: Pick<TestContext, "onTestFinished">) {
  const { namespace, hand, proxy, practice, converged, end } = await disturbed();
  const client = apiClient(bed.adminConnection);
  onTestFinished(async () => {
    await client.close();
    await end();
  });
  await practice();
  await converged();
  await quiet(namespace);
  const pathTo = (name: string) => pathOf(RESOURCES.Service, { namespace, name });

  return {
    namespace,
    async change(name: string, value: string, how: keyof typeof WAYS = "apply"): Promise<void> {
      const { query, type } = WAYS[how];
      const wanted = { apiVersion: "v1", kind: "Service", metadata: { name, labels: { [LABEL.partOf]: value } } };
      const answer = await client.request("PATCH", `${pathTo(name)}?fieldManager=${RIVAL}${query}`, wanted, type);
      expect(answer).toMatchObject({ status: 200, body: { metadata: { labels: { [LABEL.partOf]: value } } } });
    },
    async isOurs(name: string): Promise<boolean> {
      const live = await hand.get(RESOURCES.Service, { namespace, name });
      return live?.metadata.labels?.[LABEL.partOf] === "greenriver";
    },
    /** The events of this reason: what they say, and how often each was told. */
    async told(reason: string): Promise<{ note: string; count: number }[]> {
      const events = (await hand.list(RESOURCES.Event, namespace)) as unknown as Event[];
      const found = events.filter((event) => event.reason === reason);
      return found.map(({ note, series }) => ({ note, count: series?.count ?? 1 }));
    },
    /** How often the operator has written to a Service. */
    writes: (name: string) => proxy.requests.filter(({ isWrite, path }) => isWrite && path === pathTo(name)).length,
  };
}

describe.concurrent("what somebody else changes that is ours", () => {
  it.for(["apply", "update"] as const)("once, by an %s, is put back, and one event names him", async (how, test) => {
    const { namespace, change, isOurs, told } = await rivalled(test);
    await change(FOUGHT_FOR, "theirs", how);
    await waitFor(() => isOurs(FOUGHT_FOR), { what: "the label as it was" });
    await waitFor(async () => (await told("ChangedByOthers")).length > 0, { what: "the event" });
    await quiet(namespace);
    const note = `${RIVAL} changed Service/${FOUGHT_FOR}; it was put back. Change the practice's manifest instead.`;
    expect(await told("ChangedByOthers")).toEqual([{ note, count: 1 }]);
    expect(await told("Contested")).toEqual([]);
  });

  it(
    "again and again, is put back seldom, all else at once, and for good when he stops",
    { timeout: 240_000 },
    async (test) => {
      const { namespace, change, isOurs, told, writes } = await rivalled(test);
      const before = writes(FOUGHT_FOR);
      for (let round = 1; round <= ROUNDS; round += 1) {
        await change(FOUGHT_FOR, `theirs-${round}`);
        const answered = async () => (await isOurs(FOUGHT_FOR)) || (await told("Contested")).length > 0;
        await waitFor(answered, { what: `an answer in round ${round}` });
      }
      await change(OTHER, "theirs");
      await waitFor(() => isOurs(OTHER), { what: "another label as it was" });
      expect(writes(FOUGHT_FOR) - before).toBeLessThanOrEqual(MOST_REPAIRS * WRITES_OF_A_REPAIR);
      const contested = await told("Contested");
      expect(contested.map(({ note }) => note)).toEqual([
        `Service/${FOUGHT_FOR} is changed or deleted again and again, so it is put back less often. The last to change it: ${RIVAL}. Stop that.`,
      ]);

      await waitFor(() => isOurs(FOUGHT_FOR), { timeout: 60_000, what: "the label as it was" });
      await quiet(namespace);
      expect(await isOurs(FOUGHT_FOR)).toBe(true);
    },
  );
});
