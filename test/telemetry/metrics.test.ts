import { describe, expect, it } from "vitest";
import { createMetrics, METRICS } from "../../src/telemetry/metrics.ts";

describe("metrics", () => {
  it("are all registered, under controller-runtime's names where it has one", async () => {
    const text = await createMetrics().registry.metrics();
    for (const { name, help } of Object.values(METRICS)) expect(text).toContain(`# HELP ${name} ${help}`);
    for (const name of [
      "controller_runtime_reconcile_total",
      "controller_runtime_reconcile_errors_total",
      "controller_runtime_reconcile_time_seconds",
      "controller_runtime_active_workers",
      "controller_runtime_max_concurrent_reconciles",
      "workqueue_depth",
      "workqueue_adds_total",
      "workqueue_queue_duration_seconds",
      "workqueue_work_duration_seconds",
      "workqueue_retries_total",
      "workqueue_unfinished_work_seconds",
      "workqueue_longest_running_processor_seconds",
      "leader_election_master_status",
      "rest_client_requests_total",
    ]) {
      expect(text).toContain(`# TYPE ${name} `);
    }
  });

  it("carry no label that could name a patient, a room or a person", () => {
    const labels = new Set(Object.values(METRICS).flatMap((metric): readonly string[] => metric.labels));
    expect([...labels].toSorted()).toEqual([
      "action",
      "code",
      "controller",
      "kind",
      "method",
      "name",
      "result",
      "shard",
    ]);
  });

  it("refresh ages when they are scraped", async () => {
    const metrics = createMetrics();
    let age = 1;
    metrics.onScrape(() => metrics.cacheStaleSeconds.set({ kind: "Pod" }, age));
    expect(await metrics.registry.metrics()).toContain('telehealth_cache_stale_seconds{kind="Pod"} 1');
    age = 2;
    expect(await metrics.registry.metrics()).toContain('telehealth_cache_stale_seconds{kind="Pod"} 2');
  });
});
