/** The promises of the README, by number. */
export type PromiseNumber = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** What became of an attack, from an answer that was seen. One that gets no answer at all throws. */
export type Outcome = "succeeded" | "failed";

/** One attack, tried the same way on programs with and without its defence. */
export interface Attack<Stage> {
  readonly id: string;
  readonly promise: PromiseNumber;
  /** What the attacker does, as a sentence. */
  readonly does: string;
  readonly run: (stage: Stage) => Promise<Outcome>;
}

/** Something that runs until it is stopped. */
export interface Stoppable {
  readonly stop: () => Promise<unknown>;
}

/** Attacks that one defence stops. */
export interface AttackGroup<Stage extends Stoppable = Stoppable> {
  /** What stops them, and what is taken away to see them succeed. */
  readonly defence: string;
  /** The real programs that are attacked. */
  readonly parts: readonly string[];
  /** Starts them on the rendered files, whole or with that one defence taken away by the test. */
  readonly start: (defended: boolean) => Promise<Stage>;
  readonly attacks: readonly Attack<Stage>[];
}

/** A group with its stage forgotten, so that groups of all kinds fit into one list. */
export function group<Stage extends Stoppable>(of: AttackGroup<Stage>): AttackGroup {
  const attacks = of.attacks.map((attack) => ({ ...attack, run: (stage: Stoppable) => attack.run(stage as Stage) }));
  return { ...of, attacks };
}

/** What was measured of one attack. */
export interface Result {
  readonly id: string;
  readonly promise: PromiseNumber;
  readonly parts: readonly string[];
  readonly succeedsWithout: boolean;
  readonly failsWith: boolean;
  /** Why there is no answer, if there is none. */
  readonly error?: string;
}

/** Whether the attack is real and the defence stops it. */
export const isProven = ({ succeedsWithout, failsWith }: Result) => succeedsWithout && failsWith;

/** Runs every attack of a group, first on programs without the defence, then on whole ones. Never rejects. */
export async function runGroup({ start, parts, attacks }: AttackGroup): Promise<Result[]> {
  const without = await tried(start, false, attacks);
  const whole = await tried(start, true, attacks);
  return attacks.map(({ id, promise }) => {
    const [open, shut] = [without.get(id), whole.get(id)];
    const error = [open, shut].map((seen) => seen?.error).find(Boolean);
    return {
      id,
      promise,
      parts,
      succeedsWithout: open?.outcome === "succeeded",
      failsWith: shut?.outcome === "failed",
      ...(error !== undefined && { error }),
    };
  });
}

/**
 * Runs a group, and once more what got no answer: programs on a busy machine may be late. An outcome that was seen is
 * never tried again: an attack that succeeds now and then is a hole.
 */
export async function runAnswered(group: AttackGroup): Promise<Result[]> {
  const first = await runGroup(group);
  const silent = first.filter(({ error }) => error !== undefined).map(({ id }) => id);
  if (silent.length === 0) return first;
  const again = await runGroup({ ...group, attacks: group.attacks.filter(({ id }) => silent.includes(id)) });
  return first.map((result) => again.find(({ id }) => id === result.id) ?? result);
}

type Seen = { readonly outcome?: Outcome; readonly error?: string };

async function tried(
  start: AttackGroup["start"],
  defended: boolean,
  attacks: AttackGroup["attacks"],
): Promise<ReadonlyMap<string, Seen>> {
  const seen = new Map<string, Seen>();
  const where = defended ? "with the defence" : "without the defence";
  const failure = (error: unknown) => ({
    error: `${where}: ${error instanceof Error ? error.message : String(error)}`,
  });
  try {
    const stage = await start(defended);
    for (const { id, run } of attacks) {
      seen.set(id, await run(stage).then((outcome) => ({ outcome }), failure));
    }
    await stage.stop();
  } catch (error) {
    for (const { id } of attacks) if (!seen.has(id)) seen.set(id, failure(error));
  }
  return seen;
}
