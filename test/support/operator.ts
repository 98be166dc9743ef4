import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { loadAssets } from "../../src/assets.ts";
import { type Config, loadConfig } from "../../src/config.ts";
import { askProsody, type InUse } from "../../src/controller/calls.ts";
import { createOperator } from "../../src/controller/operator.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { createCluster } from "../../src/runtime/kube-cluster.ts";
import { createTransport } from "../../src/runtime/transport.ts";
import type { Images } from "../../src/versions.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import type { Connection } from "../bed/api.ts";
import { processGroup } from "../bed/processes.ts";
import { waitFor } from "../bed/wait.ts";

/** Simulated pods try nothing, so nobody is told to; a test that plays the kubelet asks for it. */
const NEVER = { everyHours: 0 };

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** An operator as users run it: a process of its own that is told where the cluster is by a kubeconfig. */
export interface RunningOperator {
  readonly pid: number;
  readonly log: () => Promise<string>;
  /** What it answers at a path of its telemetry, such as `/readyz`, once it has said where. */
  readonly tell: (path: string) => Promise<string>;
  /** SIGTERM, and waits for the end. @returns the exit code. */
  readonly stop: () => Promise<number | null>;
  /** SIGKILL, and waits for the end. */
  readonly kill: () => Promise<void>;
}

/**
 * Starts an operator; resolves when it reconciles (or, with `ready: false`, at once). It ends with this process, however
 * that ends.
 */
export async function startOperator(
  kubeconfig: string,
  config: Readonly<Record<string, unknown>> = {},
  { ready = true, env = {} }: { readonly ready?: boolean; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<RunningOperator> {
  const folder = await mkdtemp(join(tmpdir(), "telehealth-operator-"));
  const file = join(folder, "config.yaml");
  const defaults = {
    logLevel: "info",
    telemetry: { host: "127.0.0.1", port: 0 },
    leaderElection: { enabled: false },
    probe: NEVER,
  };
  await writeFile(file, stringify({ ...defaults, ...config }));
  const group = processGroup(folder);
  const program = group.start("operator", process.execPath, [MAIN, "operator", "--config", file], {
    KUBECONFIG: kubeconfig,
    // Compiled code is kept between starts: the crash test starts well over a hundred.
    NODE_COMPILE_CACHE: join(tmpdir(), "telehealth-compile-cache"),
    ...env,
  });
  const log = () => readFile(join(folder, "log", "operator.log"), "utf8");
  const tell = async (path: string) => {
    const port = await waitFor(async () => /"port":(\d+)/.exec(await log())?.[1], { what: "the operator to start" });
    return (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  };
  let ending: Promise<void> | undefined;
  const kill = () => (ending ??= group.stop());
  const stop = async () => {
    if (program.ended() === undefined) process.kill(program.pid, "SIGTERM");
    await waitFor(() => program.ended() !== undefined, { timeout: 40_000, interval: 20, what: "the operator to stop" });
    await kill();
    return program.exitCode();
  };
  if (ready) {
    const leading = async () => program.ended() !== undefined || (await log()).includes("Reconciling practices");
    const wait = waitFor(leading, { timeout: 120_000, interval: 50, what: "the operator to reconcile" });
    await wait.catch(async (error: unknown) => {
      const said = await log();
      await kill();
      throw new Error(said, { cause: error });
    });
    if (program.ended() !== undefined) throw new Error(`The operator ended: ${await log()}`);
  }
  return { pid: program.pid, log, tell, stop, kill };
}

/**
 * An operator inside the test's own process, without the second that a process of its own takes to start. Of use where
 * only what arrives at the API server counts.
 */
export function runOperator(
  connection: Connection,
  watchNamespaces: readonly string[],
  {
    inUse = askProsody,
    images = {},
    clock,
    shard,
    token,
  }: {
    readonly inUse?: InUse;
    readonly images?: Partial<Images>;
    readonly clock?: Clock;
    readonly shard?: NonNullable<Config["shard"]>;
    /** Of a ServiceAccount; without one it is the administrator. Only through a proxy: a certificate wins over a token. */
    readonly token?: string;
  } = {},
): {
  readonly metrics: () => Promise<string>;
  /** What `/readyz` would say of its caches. */
  readonly stale: () => readonly string[];
  readonly stop: () => Promise<void>;
} {
  const metrics = createMetrics();
  const logger = createLogger("silent");
  const time = clock ? { clock } : {};
  const authorized = { ...connection, authorization: async () => token && `Bearer ${token}` };
  const transport = createTransport({ connection: authorized, metrics, ...time });
  const config = loadConfig({ watchNamespaces: watchNamespaces.join(",") }, {});
  const operator = createOperator({
    cluster: createCluster(transport),
    transport,
    config: { ...config, ...(shard && { shard }), probe: NEVER, images: { ...config.images, ...images } },
    assets: loadAssets(),
    version: "test",
    inUse,
    instance: "test",
    logger,
    metrics,
    ...time,
  });
  const stopping = new AbortController();
  // It also resolves at a stop, with caches that are not filled.
  const running = operator
    .watch(stopping.signal)
    .then(() => (stopping.signal.aborted ? undefined : operator.lead(stopping.signal)));
  return {
    metrics: () => metrics.registry.metrics(),
    stale: operator.stale,
    async stop() {
      stopping.abort();
      await transport.close();
      await running;
    },
  };
}
