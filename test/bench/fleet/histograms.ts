/** Two quantiles of a histogram, in seconds, estimated within a bucket as Prometheus does. */
export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

/**
 * Reads a histogram out of a Prometheus text; several series of one name are added up.
 * @returns `undefined` when it has no observation.
 */
export function quantilesOf(text: string, name: string): Quantiles | undefined {
  const counts = new Map<number, number>();
  for (const [, labels = "", value = ""] of text.matchAll(new RegExp(`^${name}_bucket\\{(.*)\\} (\\S+)$`, "gm"))) {
    const bound = Number(/le="([^"]+)"/.exec(labels)?.[1]?.replace("+Inf", "Infinity"));
    counts.set(bound, (counts.get(bound) ?? 0) + Number(value));
  }
  const buckets = [...counts].toSorted(([a], [b]) => a - b);
  const total = buckets.at(-1)?.[1] ?? 0;
  if (total === 0) return undefined;
  const quantile = (share: number) => {
    const rank = share * total;
    const index = buckets.findIndex(([, count]) => count >= rank);
    const [from, below] = buckets[index - 1] ?? [0, 0];
    const [to = 0, upTo = 0] = buckets[index] ?? [];
    return Number.isFinite(to) ? from + ((to - from) * (rank - below)) / (upTo - below) : from;
  };
  return { p50: quantile(0.5), p99: quantile(0.99) };
}

/** The value of a series, all labels added up; 0 when it is not there. */
export function valueOf(text: string, name: string): number {
  const values = [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, "gm"))];
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}

/** Of numbers in any order. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}
