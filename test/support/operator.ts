import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { loadAssets } from "../../src/assets.ts";
import { loadConfig } from "../../src/config.ts";
import { createOperator } from "../../src/controller/operator.ts";
import { createCluster } from "../../src/runtime/kube-cluster.ts";
import { createTransport } from "../../src/runtime/transport.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import type { Connection } from "../bed/api.ts";
import { waitFor } from "../bed/wait.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** An operator as users run it: a process of its own that is told where the cluster is by a kubeconfig. */
export interface RunningOperator {
  readonly pid: number;
  readonly log: () => Promise<string>;
  /** SIGTERM, and waits for the end. @returns the exit code. */
  readonly stop: () => Promise<number | null>;
  /** SIGKILL, and waits for the end. */
  readonly kill: () => Promise<void>;
  readonly ended: Promise<unknown>;
}

/** Starts an operator; resolves when it reconciles (or, with `ready: false`, at once). */
export async function startOperator(
  kubeconfig: string,
  config: Readonly<Record<string, unknown>> = {},
  { ready = true } = {},
): Promise<RunningOperator> {
  const folder = await mkdtemp(join(tmpdir(), "telehealth-operator-"));
  const file = join(folder, "config.yaml");
  const defaults = { logLevel: "info", telemetry: { host: "127.0.0.1", port: 0 }, leaderElection: { enabled: false } };
  await writeFile(file, stringify({ ...defaults, ...config }));
  const logFile = join(folder, "log");
  const output = openSync(logFile, "a");
  const child = spawn(process.execPath, [MAIN, "operator", "--config", file], {
    stdio: ["ignore", output, output],
    // Compiled code is kept between starts: the crash test starts well over a hundred.
    env: { ...process.env, KUBECONFIG: kubeconfig, NODE_COMPILE_CACHE: join(tmpdir(), "telehealth-compile-cache") },
  });
  const ended = once(child, "exit");
  const log = () => readFile(logFile, "utf8");
  const end = async (signal: NodeJS.Signals) => {
    if (isRunning(child)) child.kill(signal);
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  if (ready) {
    const leading = async () => !isRunning(child) || (await log()).includes("Reconciling practices");
    await waitFor(leading, { timeout: 60_000, interval: 50, what: "the operator to reconcile" }).catch(
      async (error) => {
        throw new Error(await log(), { cause: error });
      },
    );
    if (!isRunning(child)) throw new Error(`The operator ended: ${await log()}`);
  }
  return {
    pid: child.pid ?? 0,
    log,
    ended,
    stop: () => end("SIGTERM").then(() => child.exitCode),
    kill: () => end("SIGKILL"),
  };
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/**
 * An operator inside the test's own process, without the second that a process of its own takes to start. Of use where
 * only what arrives at the API server counts.
 */
export function runOperator(connection: Connection, watchNamespaces: readonly string[]): { stop: () => Promise<void> } {
  const metrics = createMetrics();
  const logger = createLogger("silent");
  const transport = createTransport({ connection: { ...connection, authorization: async () => undefined }, metrics });
  const operator = createOperator({
    cluster: createCluster(transport),
    transport,
    config: loadConfig({ watchNamespaces: watchNamespaces.join(",") }, {}),
    assets: loadAssets(),
    version: "test",
    instance: "test",
    logger,
    metrics,
  });
  const stopping = new AbortController();
  const running = operator.watch(stopping.signal).then(() => operator.lead(stopping.signal));
  return {
    async stop() {
      stopping.abort();
      await transport.close();
      await running;
    },
  };
}
