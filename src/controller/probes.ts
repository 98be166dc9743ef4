import type { ProbeRun } from "../practice/practice.ts";

/** The runs that try walls, as far as this process began or found them: some at a time, however many are due. */
export interface Probes {
  current(key: string): ProbeRun | undefined;
  /** @returns whether there was room for one more. A run that goes on already always has room. */
  begin(key: string, run: ProbeRun): boolean;
  /** What it has come to, such as where its listeners are. */
  note(key: string, run: ProbeRun): void;
  end(key: string): void;
}

/** Practices that are tried at the same time. */
const AT_A_TIME = 4;

/** Milliseconds after which whoever has not answered does not answer any more. */
export const LONGEST_RUN_MS = 240_000;

export function createProbes(): Probes {
  const runs = new Map<string, ProbeRun>();
  return {
    current: (key) => runs.get(key),
    begin(key, run) {
      // A practice that got no further since keeps no place; its Jobs still tell of its run.
      for (const [other, { at }] of runs) if (Date.parse(run.at) - Date.parse(at) > LONGEST_RUN_MS) runs.delete(other);
      if (!runs.has(key) && runs.size >= AT_A_TIME) return false;
      runs.set(key, run);
      return true;
    },
    note: (key, run) => void runs.set(key, run),
    end: (key) => void runs.delete(key),
  };
}
