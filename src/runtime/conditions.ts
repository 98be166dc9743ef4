/** A condition as Kubernetes' API conventions describe it (`metav1.Condition`). */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  /** RFC 3339, whole seconds. */
  readonly lastTransitionTime: string;
}

export type NewCondition = Omit<Condition, "lastTransitionTime">;

/**
 * The conditions after this judgement: `wanted` in the given order, each with the time at which its *status* last changed.
 * Types that are not in `wanted` are dropped.
 * @param now the time of this judgement, RFC 3339.
 */
export function mergeConditions(
  previous: readonly Condition[],
  wanted: readonly NewCondition[],
  now: string,
): Condition[] {
  return wanted.map((condition) => {
    const before = previous.find(({ type }) => type === condition.type);
    const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime : wholeSeconds(now);
    return { ...condition, lastTransitionTime };
  });
}

/** The list with one condition set in its place, or at the end. */
export function setCondition(previous: readonly Condition[], wanted: NewCondition, now: string): Condition[] {
  const [merged] = mergeConditions(previous, [wanted], now) as [Condition];
  return previous.some(({ type }) => type === wanted.type)
    ? previous.map((condition) => (condition.type === wanted.type ? merged : condition))
    : [...previous, merged];
}

function wholeSeconds(time: string): string {
  return time.replace(/\.\d+Z$/, "Z");
}
