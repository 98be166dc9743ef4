import { randomUUID } from "node:crypto";
import type { Cluster } from "../runtime/cluster.ts";
import { connect, type Connection } from "../runtime/connection.ts";
import { createCluster } from "../runtime/kube-cluster.ts";
import { createTransport, type Transport } from "../runtime/transport.ts";
import { createLogger, type Logger } from "../telemetry/logger.ts";
import { createMetrics, type Metrics } from "../telemetry/metrics.ts";

export interface Connected {
  readonly cluster: Cluster;
  readonly transport: Transport;
  readonly connection: Connection;
  /** The context's or the pod's own. */
  readonly namespace: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** The cluster of a kubeconfig context; the current one, or the pod's own, when none is named. Close the transport. */
export async function connectTo(
  context: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  logLevel = "silent",
): Promise<Connected> {
  const connection = await connect({ env, ...(context && { context }) });
  const metrics = createMetrics();
  const transport = createTransport({ connection, metrics });
  const { namespace = "default" } = connection;
  const cluster = createCluster(transport);
  return { cluster, transport, connection, namespace, logger: createLogger(logLevel), metrics };
}

/** A name for this process that no other has. */
export function instanceName(hostname: string): string {
  return `${hostname}_${randomUUID().slice(0, 8)}`;
}
