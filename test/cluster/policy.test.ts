import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseSpec } from "../../src/api/practice.ts";
import { loadAssets } from "../../src/assets.ts";
import { loadConfig } from "../../src/config.ts";
import { readIdentity } from "../../src/controller/identity.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import type { LiveObject } from "../../src/manifest.ts";
import { LIVE_CHAIN } from "../../src/policy/index.ts";
import { evaluate } from "../../src/policy/policy.ts";
import { resolve } from "../../src/practice/resolve.ts";
import { pathOf, RESOURCES } from "../../src/runtime/resources.ts";
import { apiClient } from "../bed/api.ts";
import { bed } from "../support/bed.ts";
import { type RunningOperator, startOperator } from "../support/operator.ts";
import { handOn } from "../support/own-cluster.ts";
import { applyPractice, children, giveMediaAddress, practiceNamespace, quiet } from "../support/practice-bed.ts";

const client = apiClient(bed.adminConnection);

async function identityOf(namespace: string) {
  const { body } = await client.request("GET", pathOf(RESOURCES.ConfigMap, { namespace, name: "greenriver-identity" }));
  return readIdentity(body as LiveObject);
}

/** The practice as the operator sees it: its media port may be the next one, where somebody else has the first. */
async function livePractice(namespace: string) {
  const { body } = await client.request("GET", pathOf(PRACTICES, { namespace, name: "greenriver" }));
  const resource = body as LiveObject;
  const parsed = parseSpec(resource);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  const { spec } = parsed;
  const metadata = { ...resource.metadata, namespace };
  const { identity } = await identityOf(namespace);
  return resolve({ resource: { metadata }, spec, options: loadConfig({}), identity });
}

describe("the policy chain on what the API server made of a practice", () => {
  let namespace: string;
  let operator: RunningOperator;
  beforeAll(async () => {
    namespace = await practiceNamespace();
    operator = await startOperator(bed.kubeconfig, { watchNamespaces: [namespace] });
    await applyPractice(namespace);
    await giveMediaAddress(namespace);
    await handOn(bed.adminConnection).converged(namespace);
    await quiet(namespace);
  });
  afterAll(() => operator.stop());

  it("finds nothing: what the server adds to our objects breaks no promise", async () => {
    const { body } = await client.request("GET", pathOf(RESOURCES.Pod, { namespace }));
    const pods = (body as { items: LiveObject[] }).items.map((pod) => ({ ...pod, kind: "Pod", apiVersion: "v1" }));
    expect(pods).toHaveLength(6);
    const ours = (await children(namespace)).filter(({ kind }) => kind !== "Secret");
    const practice = await livePractice(namespace);
    const objects = [...ours, ...pods];
    expect(evaluate(LIVE_CHAIN, { objects, practice, assets: loadAssets() })).toEqual([]);
  });
});
