import { Counter, Gauge, Histogram, Registry } from "prom-client";

interface Definition {
  readonly type: "counter" | "gauge" | "histogram";
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/**
 * Every metric of the operator: this table makes them and documents them.
 * The first fourteen have controller-runtime's names, so that existing dashboards and alerts work.
 */
export const METRICS = {
  reconcileTotal: counter(
    "controller_runtime_reconcile_total",
    "Reconciles by result: success, error, requeue_after.",
    "controller",
    "result",
  ),
  reconcileErrors: counter("controller_runtime_reconcile_errors_total", "Reconciles that failed.", "controller"),
  reconcileSeconds: histogram("controller_runtime_reconcile_time_seconds", "How long a reconcile takes.", "controller"),
  activeWorkers: gauge("controller_runtime_active_workers", "Workers that are reconciling now.", "controller"),
  maxWorkers: gauge(
    "controller_runtime_max_concurrent_reconciles",
    "How many reconciles may run at the same time.",
    "controller",
  ),
  queueDepth: gauge("workqueue_depth", "Keys that wait for a worker.", "name"),
  queueAdds: counter("workqueue_adds_total", "Keys added to the queue.", "name"),
  queueSeconds: histogram("workqueue_queue_duration_seconds", "How long a key waits for a worker.", "name"),
  workSeconds: histogram("workqueue_work_duration_seconds", "How long a worker is busy with a key.", "name"),
  queueRetries: counter("workqueue_retries_total", "Keys that came back after a failure.", "name"),
  unfinishedSeconds: gauge("workqueue_unfinished_work_seconds", "Seconds of work in progress, summed up.", "name"),
  longestSeconds: gauge("workqueue_longest_running_processor_seconds", "Age of the oldest work in progress.", "name"),
  leader: gauge("leader_election_master_status", "1 while this process is the leader, else 0.", "name"),
  requests: counter("rest_client_requests_total", "Answers of the API server.", "code", "method"),
  objects: counter(
    "telehealth_objects_total",
    "Objects handled by action: created, configured, unchanged, pruned, contested.",
    "action",
  ),
  practices: gauge("telehealth_practices", "Practices that this operator looks after, by its shard.", "shard"),
  practicesReady: gauge("telehealth_practices_ready", "Practices of the shard that are Ready.", "shard"),
  unreadySeconds: gauge(
    "telehealth_practices_unready_seconds",
    "Age of the oldest Ready that is not True; suspended practices and waits for a quiet moment are left out.",
    "shard",
  ),
  doorsClosed: gauge(
    "telehealth_doors_closed",
    "Practices whose routes are withdrawn because a promise is broken.",
    "shard",
  ),
  practicesSeen: gauge("telehealth_practices_seen", "Practices that this operator sees, of whatever shard."),
  eventLoopLag: gauge(
    "nodejs_eventloop_lag_max_seconds",
    "How long the event loop was held at most since the last scrape.",
  ),
  cacheObjects: gauge("telehealth_cache_objects", "Objects held in memory.", "kind"),
  cacheStaleSeconds: gauge(
    "telehealth_cache_stale_seconds",
    "Seconds since the API server was last heard of about a kind.",
    "kind",
  ),
  cacheRelists: counter("telehealth_cache_relists_total", "Full lists of a kind.", "kind"),
  cacheReconnects: counter("telehealth_cache_reconnects_total", "Watches opened.", "kind"),
} as const satisfies Record<string, Definition>;

type Metric<D extends Definition> = D["type"] extends "counter"
  ? Counter<D["labels"][number]>
  : D["type"] extends "gauge"
    ? Gauge<D["labels"][number]>
    : Histogram<D["labels"][number]>;

/** One prom-client metric per row of the table, and the registry that prints them. */
export type Metrics = { readonly [K in keyof typeof METRICS]: Metric<(typeof METRICS)[K]> } & {
  readonly registry: Registry;
  /** Runs `refresh` before every scrape: for gauges that are ages. */
  onScrape(refresh: () => void): void;
};

/** A fresh set of metrics in its own registry. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const refreshers: (() => void)[] = [];
  const made = Object.entries(METRICS).map(([key, definition]) => [key, make(definition, registry)]);
  const metrics = registry.metrics.bind(registry);
  registry.metrics = () => {
    for (const refresh of refreshers) refresh();
    return metrics();
  };
  return { ...Object.fromEntries(made), registry, onScrape: (refresh: () => void) => refreshers.push(refresh) };
}

function make(definition: Definition, registry: Registry): object {
  const { name, help, labels, buckets } = definition;
  const options = { name, help, labelNames: labels, registers: [registry] };
  if (definition.type === "counter") return new Counter(options);
  if (definition.type === "gauge") return new Gauge(options);
  return new Histogram({ ...options, buckets: [...(buckets ?? SECONDS)] });
}

function counter<const L extends string[]>(name: string, help: string, ...labels: L) {
  return { type: "counter" as const, name, help, labels };
}

function gauge<const L extends string[]>(name: string, help: string, ...labels: L) {
  return { type: "gauge" as const, name, help, labels };
}

function histogram<const L extends string[]>(name: string, help: string, ...labels: L) {
  return { type: "histogram" as const, name, help, labels, buckets: SECONDS };
}
