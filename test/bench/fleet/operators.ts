import { freePort } from "../../bed/ports.ts";
import { waitFor } from "../../bed/wait.ts";
import { cacheEntry, kept } from "../../bed/cache.ts";
import { goEnvironment, needGo } from "../../bed/go.ts";
import type { ProcessGroup } from "../../bed/processes.ts";
import { run } from "../../bed/run.ts";
import { withProgress } from "../../bed/progress.ts";
import { startOperator } from "../../support/operator.ts";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** An operator that waits for practices: its caches are filled and it leads. */
export interface Operator {
  readonly pid: number;
  /** What it tells at `/metrics`. */
  metrics(): Promise<string>;
  stop(): Promise<void>;
}

const source = join(import.meta.dirname, "..", "go");

/** Builds the Go operator; its go.mod and go.sum are the lock. @returns the program's path. */
export async function provisionGo(): Promise<string> {
  await needGo();
  const inputs = ["main.go", "go.mod", "go.sum"].map((file) => readFileSync(join(source, file), "utf8"));
  const folder = await kept(cacheEntry("bench-go", inputs), (into) =>
    withProgress("building the operator on controller-runtime (cold up to 8 min)", async () => {
      const flags = ["-mod=readonly", "-ldflags", "-s -w", "-o", join(into, "operator")];
      await run("go", ["build", ...flags, "."], { cwd: source, env: goEnvironment });
    }),
  );
  return join(folder, "operator");
}

export async function startGo(
  group: ProcessGroup,
  options: { readonly kubeconfig: string; readonly objects: string; readonly workers: number },
): Promise<Operator> {
  const program = await provisionGo();
  const [metrics, probes] = [await freePort(), await freePort()];
  const running = group.start(
    "bench-go",
    program,
    [
      `--objects=${options.objects}`,
      `--workers=${options.workers}`,
      `--metrics=127.0.0.1:${metrics}`,
      `--probes=127.0.0.1:${probes}`,
    ],
    { KUBECONFIG: options.kubeconfig },
  );
  const ready = async () => {
    if (running.ended() !== undefined) return true;
    return (await fetch(`http://127.0.0.1:${probes}/readyz`)).ok;
  };
  await waitFor(ready, { timeout: 120_000, interval: 50, what: "the Go operator to be ready" });
  if (running.ended() !== undefined) throw new Error(`The Go operator ${running.ended()}: ${group.tail("bench-go")}`);
  return {
    pid: running.pid,
    metrics: () => read(metrics),
    async stop() {
      process.kill(running.pid, "SIGTERM");
      await waitFor(() => running.ended() !== undefined, { timeout: 60_000, what: "the Go operator to stop" });
    },
  };
}

/** The real operator, a process of its own, with a lease like the other. */
export async function startOurs(kubeconfig: string): Promise<Operator & { readonly log: () => Promise<string> }> {
  const port = await freePort();
  const config = {
    leaderElection: { enabled: true, namespace: "default" },
    telemetry: { host: "127.0.0.1", port },
    logLevel: "warn",
  };
  const running = await startOperator(kubeconfig, config, { ready: false });
  await waitFor(() => isReady(port), { timeout: 120_000, interval: 20, what: "the operator to be ready" });
  return {
    pid: running.pid,
    log: running.log,
    metrics: () => read(port),
    async stop() {
      await running.stop();
    },
  };
}

/** Caches are filled, and it leads. */
async function isReady(port: number): Promise<boolean> {
  if (!(await fetch(`http://127.0.0.1:${port}/readyz`)).ok) return false;
  return /^leader_election_master_status\{[^}]*\} 1$/m.test(await read(port));
}

async function read(port: number): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
}
