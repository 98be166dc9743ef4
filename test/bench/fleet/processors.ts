import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Numbers of processors, as `taskset` takes them. */
export interface Halves {
  readonly controlPlane: readonly number[];
  /** For the arm, the proxy and whoever else talks to the API server. */
  readonly rest: readonly number[];
}

/**
 * The processors that this process may use, in two halves: on a cluster the control plane has machines of its own, and an operator
 * that works while the API server does takes nothing from it.
 * @returns undefined where there is only one.
 */
export function halves(allowed: readonly number[] = allowedProcessors()): Halves | undefined {
  if (allowed.length < 2) return undefined;
  const half = Math.ceil(allowed.length / 2);
  return { controlPlane: allowed.slice(0, half), rest: allowed.slice(half) };
}

/** Binds this process, and all that it starts from now on, to these processors. */
export function bindTo(processors: readonly number[]): void {
  execFileSync("taskset", ["--all-tasks", "--cpu-list", "--pid", processors.join(","), String(process.pid)]);
}

/** Of a text such as `0-3,8`. */
export function processorsIn(list: string): number[] {
  return list.split(",").flatMap((part) => {
    const [from = 0, to = from] = part.split("-").map(Number);
    return Array.from({ length: to - from + 1 }, (_, n) => from + n);
  });
}

function allowedProcessors(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  return processorsIn(list);
}
