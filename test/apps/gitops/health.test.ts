import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { REASONS } from "../../../src/api/reasons.ts";
import type { Condition } from "../../../src/api/status.ts";
import { argoScript } from "../../bed/lua.ts";

const FOLDER = "examples/argo-cd/resource_customizations/telehealth-operator.io/TelehealthPractice";
const read = (file: string) => readFileSync(join(FOLDER, file), "utf8");
const yaml = (file: string): unknown => parse(read(file));

interface Health {
  readonly status: "Healthy" | "Progressing" | "Degraded" | "Suspended";
  readonly message: string;
}
interface Practice {
  readonly metadata: { readonly generation: number };
  readonly spec: object;
  readonly status: { readonly conditions: readonly Condition[] };
}

const script = read("health.lua");
const health = (practice: unknown) => argoScript<Health>(script, practice);

describe("Argo CD's health of a practice, under Lua 5.1", () => {
  const { tests } = yaml("health_test.yaml") as { tests: { healthStatus: Health; inputPath: string }[] };

  it.each(tests.map(({ inputPath, healthStatus }) => [inputPath, healthStatus] as const))(
    "%s is what health_test.yaml says",
    async (inputPath, healthStatus) => {
      expect(await health(yaml(inputPath))).toEqual(healthStatus);
    },
  );

  it("is tested on every recorded state, and each verdict occurs", () => {
    const recorded = globSync("testdata/*.yaml", { cwd: FOLDER }).toSorted();
    expect(tests.map(({ inputPath }) => inputPath).toSorted()).toEqual(recorded);
    const verdicts = new Set(tests.map(({ healthStatus }) => healthStatus.status));
    expect(verdicts).toEqual(new Set(["Healthy", "Progressing", "Degraded", "Suspended"]));
  });

  const ready = yaml("testdata/ready.yaml") as Practice;
  const told = (overrides: Readonly<Record<string, Partial<Condition>>>) => {
    const conditions = ready.status.conditions.map((condition) => ({ ...condition, ...overrides[condition.type] }));
    return { ...ready, status: { ...ready.status, conditions } };
  };

  it.each(Object.entries(REASONS).filter(([, { conditions }]) => !conditions.includes("Reconciling")))(
    "of a practice that is not ready for %s is a wait only where the reason is documented as one",
    async (reason, { waiting }: { waiting?: true }) => {
      const { status } = await health(told({ Ready: { status: "False", reason } }));
      expect(status).toBe(waiting ? "Progressing" : "Degraded");
    },
  );

  it("counts what needs somebody before a suspension, and a suspension before readiness", async () => {
    const suspended = { status: "True", reason: "Suspended" } as const;
    const stalled = told({ Suspended: suspended, Ready: { status: "False" }, Stalled: { status: "True" } });
    expect((await health(stalled)).status).toBe("Degraded");
    expect((await health(told({ Suspended: suspended }))).status).toBe("Suspended");
  });

  it("never calls a practice healthy whose newest manifest was not looked at", async () => {
    expect((await health(ready)).status).toBe("Healthy");
    const edited = { ...ready, metadata: { ...ready.metadata, generation: ready.metadata.generation + 1 } };
    expect((await health(edited)).status).toBe("Progressing");
  });

  it("is found out when it uses what Argo CD does not give it", async () => {
    await expect(argoScript('return string.upper("x")', {})).rejects.toThrow("'string' (a nil value)");
    await expect(argoScript('return ("x"):upper()', {})).rejects.toThrow("attempt to index a string value");
    await expect(argoScript("return { status = obj.status.conditions }", {})).rejects.toThrow("nil value");
  });
});

describe("Argo CD's actions on a practice, under Lua 5.1", () => {
  const { discoveryTests, actionTests } = yaml("actions/action_test.yaml") as {
    discoveryTests: { inputPath: string; result: ({ name: string } & object)[] }[];
    actionTests: { action: string; inputPath: string; expectedOutputPath: string }[];
  };
  const action = (name: string) => read(`actions/${name}/action.lua`);

  it.each(discoveryTests)("$inputPath offers what action_test.yaml says", async ({ inputPath, result }) => {
    const offered = await argoScript<object>(read("actions/discovery.lua"), yaml(`actions/${inputPath}`));
    expect(offered).toEqual(Object.fromEntries(result.map(({ name, ...rest }) => [name, rest])));
  });

  it.each(actionTests)("$action makes $expectedOutputPath of $inputPath", async (test) => {
    const made = await argoScript(action(test.action), yaml(`actions/${test.inputPath}`));
    expect(made).toEqual(yaml(`actions/${test.expectedOutputPath}`));
  });

  it("change a recorded practice in nothing but spec.suspend", async () => {
    const ready = yaml("testdata/ready.yaml") as Practice;
    const paused = await argoScript<Practice>(action("pause"), ready);
    expect(paused).toEqual({ ...ready, spec: { ...ready.spec, suspend: true } });
    expect(await argoScript(action("resume"), paused)).toEqual({ ...ready, spec: { ...ready.spec, suspend: false } });
  });

  it("are all tried", () => {
    const all = globSync("actions/*/action.lua", { cwd: FOLDER }).map((file) => basename(dirname(file)));
    expect([...new Set(actionTests.map(({ action }) => action))].toSorted()).toEqual(all.toSorted());
  });
});
