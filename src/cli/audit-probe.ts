import { setTimeout as sleep } from "node:timers/promises";
import { ANNOTATION } from "../api/group.ts";
import type { PracticeStatus } from "../api/status.ts";
import { PRACTICES } from "../controller/kinds.ts";
import type { LiveObject } from "../manifest.ts";
import type { Cluster } from "../runtime/cluster.ts";

const MANAGER = "telehealth-audit";

/** Longer than a run may take, and than the operator may be busy with others. */
const LONGEST_SECONDS = 600;

/**
 * Asks the operator to try the practice's walls, and waits for the end of that.
 * @returns the practice as it is then.
 * @throws Error when nobody does it, with the next step.
 */
export async function probed(
  cluster: Cluster,
  practice: LiveObject,
  tell: (sentence: string) => void,
): Promise<LiveObject> {
  const { namespace = "", name } = practice.metadata;
  const ref = { namespace, name };
  const asked = new Date().toISOString();
  const annotate = (value: string | null) =>
    cluster.mergePatch(PRACTICES, ref, { metadata: { annotations: { [ANNOTATION.probe]: value } } }, MANAGER);
  await annotate(asked);
  try {
    tell("The operator tries the walls, with six small pods; that takes about a minute.");
    for (let second = 1; second <= LONGEST_SECONDS; second += 1) {
      await sleep(1000);
      const now = await cluster.get(PRACTICES, ref);
      if (!now) throw new Error("The practice was deleted meanwhile.");
      const { probe } = (now["status"] ?? {}) as Partial<PracticeStatus>;
      if (probe && Date.parse(probe.triedInVain ?? probe.at) >= Date.parse(asked)) return now;
      if (second % 15 === 0) tell(`Still trying, for ${second} s so far …`);
    }
  } finally {
    await annotate(null);
  }
  throw new Error(
    "Nobody tried the walls. See to it that the operator runs, and that the namespace enforces Pod Security restricted: " +
      `telehealth status ${name} -n ${namespace}`,
  );
}
