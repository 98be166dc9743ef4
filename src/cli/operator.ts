import { hostname } from "node:os";
import { loadAssets } from "../assets.ts";
import { environment, loadConfig } from "../config.ts";
import { askProsody } from "../controller/calls.ts";
import { createOperator } from "../controller/operator.ts";
import { createDefinition } from "../controller/schema.ts";
import { createCluster } from "../runtime/kube-cluster.ts";
import { leadAlone } from "../runtime/lease.ts";
import { createLeaseThread } from "../runtime/lease-thread.ts";
import { watchEventLoop } from "../telemetry/event-loop.ts";
import { createLogger, type Logger } from "../telemetry/logger.ts";
import { startTelemetryServer } from "../telemetry/server.ts";
import { argumentsOf } from "./arguments.ts";
import { connectTo, instanceName } from "./connect.ts";
import type { LeaseWork } from "./lease-worker.ts";
import { packageVersion } from "./package-version.ts";

/**
 * `telehealth operator`: fills its caches, leads when the lease is free, reconciles until SIGTERM or SIGINT. Ends with 1
 * when the leadership is lost, because another process may be writing by then.
 */
export async function operator(argv: readonly string[]): Promise<number> {
  const { values } = argumentsOf(argv, { config: { type: "string" }, context: { type: "string" } });
  const config = loadConfig({ config: values.config });
  const logger = createLogger(config.logLevel);
  const { cluster: unchecked, transport, metrics } = await connectTo(values.context, environment(), config.logLevel);
  const stop = stopSignal(logger);
  const instance = instanceName(hostname());

  const { namespace } = config.leaderElection;
  // Each shard has a leader of its own.
  const name = [config.leaderElection.name, config.shard?.name].filter(Boolean).join("-");
  // Who cannot fill his caches leaves the lease to one who can.
  const filled = Promise.withResolvers<void>();
  const lease = config.leaderElection.enabled
    ? createLeaseThread({
        worker: new URL("./lease-worker.ts", import.meta.url),
        data: {
          context: values.context,
          logLevel: config.logLevel,
          namespace,
          name,
          identity: instance,
        } satisfies LeaseWork,
        name,
        ready: filled.promise,
        metrics,
        logger,
        onLost: () => process.exit(1),
      })
    : leadAlone({ name, metrics });
  const running = createOperator({
    cluster: createCluster(transport, { beforeWrite: lease.assertLeader }),
    transport,
    config,
    assets: loadAssets(),
    version: packageVersion(),
    inUse: askProsody,
    instance,
    logger,
    metrics,
  });
  watchEventLoop(metrics);
  const definition = createDefinition({ cluster: unchecked, logger });
  const telemetry = await startTelemetryServer({
    ...config.telemetry,
    metrics,
    health: {},
    readiness: {
      caches: () => (running.synced() ? undefined : "the caches are still filling"),
      freshness: () => running.stale().join("; ") || undefined,
      definition: () => definition.problem,
    },
  });
  logger.info({ instance, version: packageVersion(), port: telemetry.port }, "Operator started");
  const over = new AbortController();
  const signal = AbortSignal.any([stop, over.signal]);
  void definition.follow(signal);
  // It also resolves at a stop, with caches that are not filled.
  void running.watch(signal).then(() => !signal.aborted && filled.resolve(), filled.reject);
  const done = new AbortController();
  const renewing = lease.run(done.signal);
  try {
    await Promise.race([Promise.all([filled.promise, lease.acquired]), aborted(stop)]);
    if (!stop.aborted) {
      logger.info("Reconciling practices");
      await running.lead(stop);
    }
  } finally {
    // Whatever ended it, nothing of it goes on.
    over.abort();
    // Given back only when the last write has ended, so that a successor never meets us.
    done.abort();
    await renewing;
    await telemetry.close();
    await transport.close();
  }
  return 0;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** Fires at the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopSignal(logger: Logger): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.once(name, () => {
      logger.info({ signal: name }, "Stopping");
      controller.abort(new Error("The operator is stopping."));
      process.once(name, () => process.exit(1));
    });
  }
  return controller.signal;
}
