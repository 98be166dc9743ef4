import { readFileSync } from "node:fs";

/** What a program has used so far. */
export interface Usage {
  /** Of the process and of those that it has waited for. */
  readonly cpuSeconds: number;
  /** The most that the process, or one that it started, ever held in memory. */
  readonly peakRssMiB: number;
}

const TICKS_PER_SECOND = 100; // USER_HZ: the same on every Linux that Node runs on
const LOOK_EVERY_MS = 100;

/** Follows a process by what Linux tells of it. Children that have ended count with what was last seen of them. */
export function followUsage(pid: number): { stop: () => Usage } {
  let seen: Usage = { cpuSeconds: 0, peakRssMiB: 0 };
  const look = () => {
    const cpuSeconds = Math.max(seen.cpuSeconds, cpuOf(pid));
    const peakRssMiB = Math.max(seen.peakRssMiB, ...[pid, ...childrenOf(pid)].map(peakOf));
    return (seen = { cpuSeconds, peakRssMiB });
  };
  look();
  const timer = setInterval(look, LOOK_EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      return look();
    },
  };
}

/** Resident memory of a process now, in MiB. */
export function residentMiB(pid: number): number {
  return field(pid, "VmRSS");
}

function peakOf(pid: number): number {
  return field(pid, "VmHWM");
}

function field(pid: number, name: string): number {
  const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(read(`/proc/${pid}/status`))?.[1] ?? "0";
  return Number(kilobytes) / 1024;
}

/** Of a process and of those that it has waited for. */
export function cpuOf(pid: number): number {
  // After the name in parentheses, which may hold anything, come state and numbers: 12th to 15th are the times.
  const fields = read(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
  const ticks = fields.slice(11, 15).reduce((sum, value) => sum + Number(value), 0);
  return ticks / TICKS_PER_SECOND;
}

function childrenOf(pid: number): number[] {
  const own = read(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
  return own.flatMap((child) => [child, ...childrenOf(child)]);
}

/** Nothing once the process is gone. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
