import { execFileSync } from "node:child_process";

/** Numbers of processors, as `taskset` takes them. */
export interface Halves {
  readonly controlPlane: readonly number[];
  /** For the arm, the proxy and the bench itself. */
  readonly rest: readonly number[];
}

/**
 * The processors that this process may use, in two halves by their numbers: on a cluster the control plane has machines of its own,
 * and an operator that works while the API server does takes no processor time from it.
 * @returns undefined where there is only one.
 * @throws Error without `taskset`.
 */
export function halves(allowed: readonly number[] = allowedProcessors()): Halves | undefined {
  if (allowed.length < 2) return undefined;
  const half = Math.ceil(allowed.length / 2);
  return { controlPlane: allowed.slice(0, half), rest: allowed.slice(half) };
}

/** Binds this process, and all that it starts from now on, to these processors. */
export function bindTo(processors: readonly number[]): void {
  taskset("-acp", processors.join(","), String(process.pid));
}

/** Of a text such as `0-3,8`. */
export function processorsIn(list: string): number[] {
  return list.split(",").flatMap((part) => {
    const [from = 0, to = from] = part.split("-").map(Number);
    return Array.from({ length: to - from + 1 }, (_, n) => from + n);
  });
}

/** `taskset` leaves out what is not online, which /proc tells as well. */
function allowedProcessors(): number[] {
  return processorsIn(taskset("-cp", String(process.pid)).trim().split(": ").at(-1) ?? "");
}

function taskset(...flags: readonly string[]): string {
  try {
    return execFileSync("taskset", flags, { encoding: "utf8" });
  } catch (error) {
    const next = "Install util-linux, or say --shared to leave all processors to everybody.";
    throw new Error(`Processors cannot be divided by taskset. ${next}`, { cause: error });
  }
}
