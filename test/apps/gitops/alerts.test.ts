import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { promtool } from "../../bed/prometheus.ts";

const FILES = "charts/telehealth-operator/files";
const RULES = resolve(FILES, "alerts.yaml");

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}
const { groups } = parse(readFileSync(RULES, "utf8")) as { groups: { rules: Alert[] }[] };
const alerts = groups.flatMap(({ rules }) => rules);

/** A series, and its value once a minute in Prometheus' own notation: `start+step x times`. */
type Series = Readonly<Record<string, string>>;

/** Two shards, one of them with a standby, that share five practices. */
const SHARED: Series = {
  'telehealth_practices{shard="east",pod="a"}': "3x60",
  'telehealth_practices{shard="west",pod="b"}': "2x60",
  'telehealth_practices{shard="west",pod="c"}': "1x60",
  'telehealth_practices_seen{pod="a"}': "5x60",
  'telehealth_practices_seen{pod="b"}': "5x60",
};

/** For each alert a course of events in which it has to call, and one like it in which it must not. */
const COURSES: Readonly<Record<string, { fires: Series; silent: Series; labels?: Readonly<Record<string, string>> }>> =
  {
    TelehealthOperatorHasNoLeader: {
      fires: { 'leader_election_master_status{name="op",pod="a"}': "0x60" },
      silent: {
        'leader_election_master_status{name="op",pod="a"}': "1x60",
        'leader_election_master_status{name="op",pod="b"}': "0x60",
      },
      labels: { name: "op" },
    },
    TelehealthDoorIsClosed: {
      fires: { 'telehealth_doors_closed{shard="east"}': "0x60", 'telehealth_doors_closed{shard="west"}': "1x60" },
      silent: { 'telehealth_doors_closed{shard="east"}': "0x60", 'telehealth_doors_closed{shard="west"}': "0x60" },
    },
    TelehealthPracticeIsNotReady: {
      fires: {
        'telehealth_practices_unready_seconds{shard="east"}': "0x60",
        'telehealth_practices_unready_seconds{shard="west"}': "1201x60",
      },
      silent: { 'telehealth_practices_unready_seconds{shard="west"}': "1199x60" },
    },
    TelehealthPracticesAreMissed: {
      fires: { ...SHARED, 'telehealth_practices{shard="west",pod="b"}': "1x60" },
      silent: SHARED,
    },
    TelehealthPracticesAreShared: {
      fires: { ...SHARED, 'telehealth_practices{shard="west",pod="b"}': "3x60" },
      silent: SHARED,
    },
    TelehealthOperatorIsStale: {
      fires: { 'telehealth_cache_stale_seconds{kind="Pod"}': "901x60" },
      silent: { 'telehealth_cache_stale_seconds{kind="Pod"}': "899x60" },
      labels: { kind: "Pod" },
    },
    TelehealthReconcilesFail: {
      fires: { 'controller_runtime_reconcile_errors_total{controller="telehealthpractice"}': "0+2x60" },
      silent: { 'controller_runtime_reconcile_errors_total{controller="telehealthpractice"}': "0+1x60" },
      labels: { controller: "telehealthpractice" },
    },
    TelehealthQueueIsSlow: {
      fires: {
        'workqueue_queue_duration_seconds_bucket{name="telehealthpractice",le="30"}': "0x60",
        'workqueue_queue_duration_seconds_bucket{name="telehealthpractice",le="60"}': "0+9x60",
        'workqueue_queue_duration_seconds_bucket{name="telehealthpractice",le="+Inf"}': "0+9x60",
      },
      silent: {
        'workqueue_queue_duration_seconds_bucket{name="telehealthpractice",le="10"}': "0x60",
        'workqueue_queue_duration_seconds_bucket{name="telehealthpractice",le="30"}': "0+9x60",
        'workqueue_queue_duration_seconds_bucket{name="telehealthpractice",le="+Inf"}': "0+9x60",
      },
    },
    TelehealthReconcileHangs: {
      fires: { 'workqueue_longest_running_processor_seconds{name="telehealthpractice"}': "121x60" },
      silent: { 'workqueue_longest_running_processor_seconds{name="telehealthpractice"}': "119x60" },
    },
    TelehealthObjectsAreContested: {
      fires: { 'telehealth_objects_total{action="contested"}': "0+1x60" },
      silent: {
        'telehealth_objects_total{action="contested"}': "7x60",
        'telehealth_objects_total{action="configured"}': "0+9x60",
      },
    },
    TelehealthEventLoopIsHeld: {
      fires: { nodejs_eventloop_lag_max_seconds: "2.1x60" },
      silent: { nodejs_eventloop_lag_max_seconds: "1.9x60" },
    },
  };

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "telehealth-rules-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, content: object): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, stringify(content));
  return path;
}

/** What Alertmanager gets of an alert about something with these labels. */
function told({ labels, annotations }: Alert, about: Readonly<Record<string, string>>) {
  const filled = (text: string) =>
    text.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => about[label] ?? "");
  const texts = Object.entries(annotations).map(([name, text]) => [name, filled(text)]);
  return { exp_labels: { ...labels, ...about }, exp_annotations: Object.fromEntries(texts) as object };
}

/** Lets Prometheus' own rule test play an hour and look for an alert, at its `for` less a minute and at the end. */
function play(alert: Alert, series: Series, { early, late }: { early: object[]; late: object[] }): Promise<string> {
  const input_series = Object.entries(series).map(([name, values]) => ({ series: name, values }));
  const before = `${String(Number.parseInt(alert.for, 10) - 1)}m`;
  const looks = [
    { eval_time: before, alertname: alert.alert, exp_alerts: early },
    { eval_time: "59m", alertname: alert.alert, exp_alerts: late },
  ];
  const tests = [{ interval: "1m", input_series, alert_rule_test: looks }];
  const content = { rule_files: [RULES], evaluation_interval: "1m", tests };
  return file(`${alert.alert}.yaml`, content).then((path) => promtool(["test", "rules", path]));
}

describe("the chart's alerts, by Prometheus' own checker", () => {
  it("are rules that it accepts", async () => {
    expect(await promtool(["check", "rules", RULES])).toContain(`SUCCESS: ${alerts.length} rules found`);
  });

  it("each have a course of events in which they call, and one in which they do not", () => {
    expect(Object.keys(COURSES)).toEqual(alerts.map(({ alert }) => alert));
  });

  it.each(alerts.map((alert) => [alert.alert, alert] as const))("%s calls, and not too early", async (name, alert) => {
    const { fires, labels = {} } = COURSES[name] ?? { fires: {} };
    expect(await play(alert, fires, { early: [], late: [told(alert, labels)] })).toContain("SUCCESS");
  });

  it.each(alerts.map((alert) => [alert.alert, alert] as const))(
    "%s is silent while all is well",
    async (name, alert) => {
      expect(await play(alert, COURSES[name]?.silent ?? {}, { early: [], late: [] })).toContain("SUCCESS");
    },
  );

  it("a shard without a leader is told of beside one that has one", async () => {
    const [alert] = alerts;
    if (!alert) throw new Error("There are no alerts.");
    const series = {
      'leader_election_master_status{name="west"}': "0x60",
      'leader_election_master_status{name="east"}': "1x60",
    };
    expect(await play(alert, series, { early: [], late: [told(alert, { name: "west" })] })).toContain("SUCCESS");
  });

  it("no operator at all is no leader either", async () => {
    const [alert] = alerts;
    if (!alert) throw new Error("There are no alerts.");
    expect(await play(alert, {}, { early: [], late: [told(alert, {})] })).toContain("SUCCESS");
  });

  it("would fail the test if they did not do as they should", async () => {
    for (const alert of alerts) {
      const { fires, silent, labels = {} } = COURSES[alert.alert] ?? { fires: {}, silent: {} };
      await expect(play(alert, silent, { early: [], late: [told(alert, labels)] })).rejects.toThrow("FAILED");
      await expect(play(alert, fires, { early: [], late: [] })).rejects.toThrow("FAILED");
    }
  });
});

describe("the dashboard, by the same checker", () => {
  const dashboard = JSON.parse(readFileSync(`${FILES}/dashboard.json`, "utf8")) as {
    panels: { targets: { expr: string }[] }[];
  };
  const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  const asRules = (expressions: readonly string[]) => ({
    groups: [{ name: "panels", rules: expressions.map((expr, index) => ({ record: `panel:${index}`, expr })) }],
  });

  it("asks nothing that Prometheus does not understand", async () => {
    const path = await file("panels.yaml", asRules(expressions));
    expect(await promtool(["check", "rules", path])).toContain(`SUCCESS: ${expressions.length} rules found`);
  });

  it("would fail if it did", async () => {
    const path = await file("wrong.yaml", asRules(["rate(workqueue_adds_total)"]));
    await expect(promtool(["check", "rules", path])).rejects.toThrow("expected type range vector");
  });
});
