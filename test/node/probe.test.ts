import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LABEL } from "../../src/api/group.ts";
import type { Report } from "../../src/audit/report.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { apiClient } from "../bed/api.ts";
import { waitFor } from "../bed/wait.ts";
import { kubectl } from "../support/bed.ts";
import { telehealth } from "../support/cli.ts";
import { hand, node, withoutEnforcer } from "./support/node.ts";
import { OPERATORS } from "./support/operator.ts";
import { type RunningPractice, startPractice } from "./support/practice.ts";

const name = "greenriver";
let practice: RunningPractice;
let config: string;

beforeAll(async () => {
  practice = await startPractice();
  config = join(await mkdtemp(join(tmpdir(), "telehealth-audit-")), "config.yaml");
  const path = "-o=jsonpath={.data.config\\.yaml}";
  await writeFile(config, await kubectl(["-n", OPERATORS, "get", "configmap", "op-config", path]));
}, 400_000);
afterAll(() => hand.close());

/** One run of the probe, as an auditor asks for it, and what the report says of isolation then. */
async function probed() {
  const args = ["audit", name, "-n", practice.namespace, "--probe", "--json", "--config", config];
  const start = performance.now();
  const { stdout, stderr } = await telehealth(node.kubeconfig, args);
  if (stdout === "") throw new Error(stderr);
  process.stdout.write(`A run of the probe took ${Math.round((performance.now() - start) / 1000)} s.\n`);
  return (JSON.parse(stdout) as Report).promises[2];
}

interface Slice {
  readonly endpoints: readonly { readonly addresses: readonly string[] }[] | null;
}

/** Addresses to which Services of the practice send anybody. */
async function served(): Promise<string[]> {
  const client = apiClient(node.adminConnection);
  const path = `/apis/discovery.k8s.io/v1/namespaces/${practice.namespace}/endpointslices`;
  const { body } = await client.request("GET", path);
  await client.close();
  return (body as { items: readonly Slice[] }).items.flatMap(({ endpoints }) =>
    (endpoints ?? []).flatMap(({ addresses }) => addresses),
  );
}

async function probeAddresses(): Promise<string[]> {
  const pods = await hand.list(RESOURCES.Pod, practice.namespace);
  return pods
    .filter(({ metadata }) => metadata.labels?.[LABEL.name] === "probe")
    .flatMap(({ status }) => (status as { podIP?: string }).podIP ?? []);
}

describe("the probe on a real node", () => {
  it("finds the walls as declared, and no Service ever sends anybody to its pods", { timeout: 300_000 }, async () => {
    const over = new AbortController();
    const seen = new Set<string>();
    const sent = new Set<string>();
    const watching = (async () => {
      while (!over.signal.aborted) {
        for (const address of await probeAddresses()) seen.add(address);
        for (const address of await served()) sent.add(address);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    const isolation = await probed().finally(() => over.abort());
    await watching;
    expect(isolation).toMatchObject({ state: "met" });
    expect(isolation?.evidence.join(" ")).toMatch(/ways were tried at .* as declared\.$/);
    await hand.expectReason(practice.namespace, "NetworkIsolated", "Verified");
    expect(seen.size, "six pods were seen").toBe(6);
    expect(sent.size, "Services lead somewhere").toBeGreaterThanOrEqual(6);
    expect([...sent].filter((address) => seen.has(address))).toEqual([]);
  });

  it(
    "finds out in one run that nobody enforces the policies, and that somebody does again",
    { timeout: 600_000 },
    async () => {
      await withoutEnforcer(async () => {
        const isolation = await probed();
        expect(isolation).toMatchObject({ state: "notMet" });
        const said = isolation?.evidence.join(" ") ?? "";
        const ways = [
          "front to postgres TCP 5432",
          "front to the API server",
          "a pod without a role to postgres UDP 7007",
        ];
        for (const way of ways) expect(said).toContain(way);
        const found = await hand.expectReason(practice.namespace, "NetworkIsolated", "PoliciesNotEnforced");
        expect(found.status).toBe("False");
        await hand.expectReason(practice.namespace, "Ready", "PoliciesNotEnforced");
      });
      const again = async () => (await probed())?.state === "met";
      await waitFor(again, { timeout: 200_000, what: "the walls to hold again" });
      await hand.expectReason(practice.namespace, "NetworkIsolated", "Verified");
    },
  );
});
