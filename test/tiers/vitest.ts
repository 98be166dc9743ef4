import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import type { Outcome } from "./summary.ts";

const root = join(import.meta.dirname, "..", "..");
const cli = join(root, "node_modules", "vitest", "vitest.mjs");

/** The part of vitest's JSON report that is counted. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly TestFile[];
}

interface TestFile {
  readonly name: string;
  readonly status: string;
  /** Why the file could not be run at all. */
  readonly message: string;
  readonly assertionResults: readonly Assertion[];
}

interface Assertion {
  readonly fullName: string;
  readonly status: string;
  /** Those of every try, so a test that passed has some when it was tried again. */
  readonly failureMessages: readonly string[];
}

/**
 * Counts a report. A file that failed without a test that did counts as one failure, and so does a run that ended badly
 * for a reason that no test shows, or that left no report.
 */
export function count(
  report: Report | undefined,
  exitCode: number | null,
): Pick<Outcome, "passed" | "failed" | "skipped"> {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const failed = report.numFailedTests + report.testResults.filter(isBroken).length;
  const skipped = report.numPendingTests + report.numTodoTests;
  const unexplained = exitCode !== 0 && failed === 0 ? 1 : 0;
  return { passed: report.numPassedTests, failed: failed + unexplained, skipped };
}

/** It could not be loaded, or a hook failed: no test of it says why. */
const isBroken = ({ status, assertionResults }: TestFile) =>
  status === "failed" && !assertionResults.some((test) => test.status === "failed");

/** The tests that passed only when they were tried again, with what was wrong at first. */
export function secondTries(report: Report | undefined): string[] {
  return withReasons(report, "passed");
}

/** The tests that failed, and the files that could not be run, with the reason of the first try. */
export function failures(report: Report | undefined): string[] {
  const broken = report?.testResults.filter(isBroken) ?? [];
  const files = broken.map(({ name, message }) => `${relative(root, name)}: ${withoutStack(message)}`);
  return [...files, ...withReasons(report, "failed")];
}

function withReasons(report: Report | undefined, became: "passed" | "failed"): string[] {
  const tests = report?.testResults.flatMap(({ assertionResults }) => assertionResults) ?? [];
  return tests
    .filter(({ status, failureMessages }) => status === became && failureMessages.length > 0)
    .map(({ fullName, failureMessages: [error = ""] }) => `${fullName}: ${withoutStack(error)}`);
}

function withoutStack(error: string): string {
  const [message = ""] = error.split(/\n\s+at /, 1);
  return message.replaceAll("\n", "\n  ");
}

/** So that the lines of tiers that run side by side can be told apart. */
const WIDTH = 7;

/** Runs one vitest project with its output on this terminal, which is never silent for more than 10 s. */
export async function runProject(project: string): Promise<Outcome> {
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  const folder = await mkdtemp(join(tmpdir(), "telehealth-report-"));
  const file = join(folder, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const args = [cli, "run", "--project", project, "--allowOnly=false", ...reporters];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const interrupt = (signal: NodeJS.Signals) => child.kill(signal);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, interrupt);
  let last = performance.now();
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    createInterface(from).on("line", (line) => {
      last = performance.now();
      to.write(`${project.padEnd(WIDTH)} ${line}\n`);
    });
  }
  const heartbeat = setInterval(() => {
    if (performance.now() - last < 7_000) return;
    last = performance.now();
    process.stdout.write(`${project.padEnd(WIDTH)} running for ${seconds().toFixed(0)} s\n`);
  }, 1_000);
  const [code] = (await once(child, "close")) as [number | null];
  clearInterval(heartbeat);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, interrupt);
  const text = await readFile(file, "utf8").catch(() => undefined);
  await rm(folder, { recursive: true });
  const report = text === undefined ? undefined : (JSON.parse(text) as Report);
  return {
    tier: project,
    seconds: seconds(),
    ...count(report, code),
    failures: failures(report),
    again: secondTries(report),
  };
}
