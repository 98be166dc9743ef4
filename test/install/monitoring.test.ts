import { readFileSync } from "node:fs";
import { parser } from "@prometheus-io/lezer-promql";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { METRICS } from "../../src/telemetry/metrics.ts";

const FILES = "charts/telehealth-operator/files";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly annotations: Readonly<Record<string, string>>;
}
const alerts = (parse(readFileSync(`${FILES}/alerts.yaml`, "utf8")) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  ({ rules }) => rules,
);
const dashboard = JSON.parse(readFileSync(`${FILES}/dashboard.json`, "utf8")) as {
  panels: { title: string; targets: { expr: string }[] }[];
};
const panels = dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const));

/** The series that a metric is scraped as, each with its labels. */
const SERIES = new Map<string, readonly string[]>(
  Object.values(METRICS).flatMap(({ name, type, labels }): [string, readonly string[]][] =>
    type === "histogram"
      ? [
          [`${name}_bucket`, [...labels, "le"]],
          [`${name}_sum`, labels],
          [`${name}_count`, labels],
        ]
      : [[name, labels]],
  ),
);

type SyntaxNode = ReturnType<typeof parser.parse>["topNode"];

/** Where neither side has a label, `or` takes the two for one series and shows the first alone. */
function hidesASide(node: SyntaxNode): boolean {
  const sums = node.getChildren("AggregateExpr").filter((sum) => sum.getChild("AggregateModifier") === null);
  return node.getChild("Or") !== null && sums.length === 2;
}

/** What Prometheus' own grammar finds wrong with an expression, given the metrics that there are. */
function problems(expression: string): string[] {
  const found: string[] = [];
  const known = new Set<string>();
  parser.parse(expression).iterate({
    enter({ name, type, from, to, node }) {
      const text = expression.slice(from, to);
      if (type.isError) found.push(`syntax error at ${String(from)}`);
      if (hidesASide(node)) found.push("never shown after or");
      if (name === "Identifier" && node.parent?.name === "VectorSelector") {
        const labels = SERIES.get(text);
        if (!labels) found.push(`no metric ${text}`);
        for (const label of labels ?? []) known.add(label);
      }
    },
  });
  parser.parse(expression).iterate({
    enter({ name, from, to }) {
      const label = expression.slice(from, to);
      if (name === "LabelName" && !known.has(label)) found.push(`no label ${label}`);
    },
  });
  return found;
}

describe("the chart's alerts and dashboard", () => {
  it.each(alerts.map(({ alert, expr }) => [alert, expr]))("%s asks for what there is", (_, expr) => {
    expect(problems(expr)).toEqual([]);
  });

  it.each(panels)("%s shows what there is", (_, expr) => {
    expect(problems(expr)).toEqual([]);
  });

  it("is judged by a check that finds a wrong metric, a wrong label and a broken expression", () => {
    expect(problems("sum(rate(telehealth_object_total[5m]))")).toEqual(["no metric telehealth_object_total"]);
    expect(problems("sum by (practice) (workqueue_depth)")).toEqual(["no label practice"]);
    expect(problems('workqueue_depth{room="x"} > 1')).toEqual(["no label room"]);
    expect(problems("workqueue_queue_duration_seconds > 1")).toEqual(["no metric workqueue_queue_duration_seconds"]);
    expect(problems("sum(rate(workqueue_adds_total[5m])")[0]).toMatch(/^syntax error/);
  });

  it("is judged by a check that finds what is never shown", () => {
    const [lists, watches] = ["(telehealth_cache_relists_total)", "(telehealth_cache_reconnects_total)"];
    expect(problems(`sum${lists} or sum${watches}`)).toEqual(["never shown after or"]);
    expect(problems(`sum by (kind) ${lists} or sum${watches}`)).toEqual([]);
    expect(problems(`sum${lists} or absent${watches}`)).toEqual([]);
    expect(problems(`sum${lists} + sum${watches}`)).toEqual([]);
  });

  it("every alert waits before it calls, and says what to do", () => {
    expect(alerts.length).toBeGreaterThan(5);
    for (const { alert, annotations, ...rule } of alerts) {
      expect(rule.for, alert).toMatch(/^\d+m$/);
      expect(annotations["description"], alert).toMatch(/\.$/);
    }
  });
});
