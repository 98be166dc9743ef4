import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A program that runs for as long as its group does, or until it is ended. */
export interface RunningProgram {
  readonly pid: number;
  /** How it ended, or `undefined` while it runs. */
  readonly ended: () => string | undefined;
  /** `null` while it runs and after a signal. */
  readonly exitCode: () => number | null;
  /** SIGKILL, and waits until it is gone. */
  readonly kill: () => Promise<void>;
}

/** Programs that live and die together with one folder. */
export interface ProcessGroup {
  /** Starts a program in the folder; what it prints goes to `log/NAME.log`. */
  readonly start: (
    name: string,
    command: string,
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
  ) => RunningProgram;
  /** Of those that run. */
  readonly pids: () => readonly number[];
  /** The last lines of a program's log, for error messages. */
  readonly tail: (name: string) => string;
  /** Ends every program and removes the folder. */
  readonly stop: () => Promise<void>;
}

// Reads the process ids to look after, always the whole list in one line. When its input ends, because the group
// was stopped or because this process died in whatever way, it kills the last list and removes the folder.
const watchdog = `
while read -r line; do pids=$line; done
[ -z "$pids" ] || kill -9 $pids 2>/dev/null
rm -rf "$1" 2>/dev/null || { sleep 1; rm -rf "$1"; }`;

const isRunning = (child: ChildProcess) => child.exitCode === null && child.signalCode === null;

/**
 * Makes a group of programs in `directory`. Nothing of it outlives this process: not after an exception, Ctrl-C or
 * SIGKILL, because a shell with its own session waits for the end of a pipe that only this process holds.
 */
export function processGroup(directory: string): ProcessGroup {
  const logs = join(directory, "log");
  mkdirSync(logs, { recursive: true });
  const children = new Set<ChildProcess>();
  const guard = spawn("sh", ["-c", watchdog, "watchdog", directory], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const pids = () => [...children].flatMap(({ pid }) => pid ?? []);
  const report = () => guard.stdin.write(`${pids().join(" ")}\n`);

  const start: ProcessGroup["start"] = (name, command, args, env = {}) => {
    const log = openSync(join(logs, `${name}.log`), "a");
    // An own process group: Ctrl-C in a terminal reaches the caller alone, who then stops things in order.
    const child = spawn(command, args, {
      cwd: directory,
      detached: true,
      stdio: ["ignore", log, log],
      env: { ...process.env, ...env },
    });
    closeSync(log);
    let failure: string | undefined;
    child.once("error", (error) => (failure = error.message));
    child.once("exit", () => {
      children.delete(child);
      report();
    });
    if (child.pid === undefined) throw new Error(`${name} could not be started from ${command}.`);
    children.add(child);
    report();
    const ended = () => failure ?? (isRunning(child) ? undefined : `ended with ${child.exitCode ?? child.signalCode}`);
    const kill = async () => {
      if (!isRunning(child)) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    };
    return { pid: child.pid, ended, exitCode: () => child.exitCode, kill };
  };

  const tail = (name: string) =>
    readFileSync(join(logs, `${name}.log`), "utf8")
      .trim()
      .split("\n")
      .slice(-5)
      .join("\n");

  const stop = async () => {
    const exits = [...children].map((child) => once(child, "exit"));
    const gone = once(guard, "exit");
    guard.stdin.end();
    await Promise.all([...exits, gone]);
  };
  return { start, pids, tail, stop };
}
