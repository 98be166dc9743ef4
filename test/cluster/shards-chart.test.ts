import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { CHART } from "../support/chart.ts";
import { type Installed, startInstalled } from "../support/installed.ts";
import type { RunningOperator } from "../support/operator.ts";

const LABEL = "telehealth-operator.io/shard";

let cluster: Installed;
const operators: RunningOperator[] = [];

beforeAll(async () => {
  cluster = await startInstalled(...valuesOf("op", "west"));
});
afterAll(async () => {
  await Promise.all(operators.map((operator) => operator.stop()));
  await cluster.stop();
});

describe("two releases of the chart that share the practices, each with its own rights and policies", () => {
  it("each make their own, as docs/fleet.md says", async () => {
    const values = valuesOf("west", "op", "crd.install=false").flatMap((value) => ["--set", value]);
    await cluster.chart("install", "west", CHART, ...values);
    const practices = [await practiceIn("op"), await practiceIn("west")];
    operators.push(await cluster.operate("op"), await cluster.operate("west"));
    for (const namespace of practices) {
      await cluster.hand.mediaAddress(namespace);
      await cluster.hand.converged(namespace);
      expect(await cluster.hand.expectReason(namespace, "Stalled", "Settled")).toMatchObject({ status: "False" });
    }
  });

  it("the policies of one refuse the operator of the other where its values do not name it", async () => {
    await cluster.chart("upgrade", "op", CHART, ...valuesOf("op").flatMap((value) => ["--set", value]));
    const namespace = await practiceIn("west");
    const told = await cluster.hand.expectReason(namespace, "Ready", "Forbidden");
    expect(told.message).toMatch(/^An admission policy refuses the operator: .*'op-.*admission\.exempt/);
  });
});

/** A release's shard, named like the release, and whom its policies let pass. */
function valuesOf(release: string, other?: string, ...more: string[]): string[] {
  return [
    `config.shard.name=${release}`,
    `config.shard.practices.matchLabels.${LABEL.replaceAll(".", "\\.")}=${release}`,
    ...(other === undefined ? [] : [`admission.exempt={system:serviceaccount:operators:${other}}`]),
    ...more,
  ];
}

async function practiceIn(shard: string): Promise<string> {
  const namespace = await cluster.hand.namespace();
  await cluster.hand.practice(namespace);
  await cluster.hand.patch(PRACTICES, { namespace, name: "greenriver" }, { metadata: { labels: { [LABEL]: shard } } });
  return namespace;
}
