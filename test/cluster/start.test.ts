import { afterEach, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { kubeconfigFile } from "../support/kubeconfig.ts";
import { type RunningOperator, startOperator } from "../support/operator.ts";
import { practiceNamespace } from "../support/practice-bed.ts";
import { type Fault, type ProxiedRequest, type Proxy, startProxy } from "../support/proxy.ts";

const DEFINITION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/telehealthpractices.telehealth-operator.io";

describe("an operator that starts in a bad moment", () => {
  let proxy: Proxy;
  let operator: RunningOperator;
  let fault: ((request: ProxiedRequest) => Fault | undefined) | undefined;

  async function start(given: typeof fault): Promise<void> {
    fault = given;
    proxy = await startProxy(bed, (request) => fault?.(request));
    const watchNamespaces = [await practiceNamespace()];
    operator = await startOperator(await kubeconfigFile(proxy.connection), { watchNamespaces }, { ready: false });
  }
  afterEach(async () => {
    await operator.kill();
    await proxy.stop();
  });

  const ready = () =>
    waitFor(async () => (await operator.tell("/readyz")) === "ok\n", { timeout: 60_000, what: "it to be ready" });
  const leads = () => operator.log().then((log) => log.includes("Reconciling practices"));

  it("waits as long as the API server answers nobody, and leads when that is over", async () => {
    await start(() => ({ kind: "answer", status: 503 }));
    await operator.tell("/healthz");
    // Longer than any request is tried again.
    await new Promise((resolve) => setTimeout(resolve, 15_000));
    expect(await operator.tell("/healthz")).toBe("ok\n");
    expect(await operator.tell("/readyz")).toContain("caches: the caches are still filling");
    expect(await leads()).toBe(false);
    fault = undefined;
    await ready();
    await waitFor(leads, { what: "it to lead" });
    expect(await operator.tell("/metrics")).toMatch(/^leader_election_master_status{.*} 1$/m);
  }, 120_000);

  it("is not ready without the definition of a practice, and is when that is there", async () => {
    await start(({ path }) => (path === DEFINITION ? { kind: "answer", status: 404, reason: "NotFound" } : undefined));
    await waitFor(leads, { what: "it to lead" });
    await waitFor(async () => (await operator.tell("/readyz")).includes("is not installed. Install the chart"));
    fault = undefined;
    await ready();
  }, 120_000);
});
