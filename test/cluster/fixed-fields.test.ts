import { afterAll, describe, expect, it } from "vitest";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { pathOf, RESOURCES } from "../../src/runtime/resources.ts";
import { apiClient } from "../bed/api.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { FIELD_SAMPLES } from "../support/field-samples.ts";
import { runOperator } from "../support/operator.ts";
import { applyPractice, expectReason, practiceFor, practiceNamespace } from "../support/practice-bed.ts";

const client = apiClient(bed.adminConnection);
afterAll(() => client.close());

const fixed = Object.entries(FIELD_SAMPLES).flatMap(([path, { fixed: next, ...sample }]) =>
  next === undefined ? [] : [{ path, next, ...sample }],
);

describe("a field that stays as it is", () => {
  it.each(fixed)("$path: the API server refuses to go back, and says which and what to do", async (sample) => {
    const { path, next, without = {}, set, changed } = sample;
    const namespace = await practiceNamespace();
    await applyPractice(namespace, changed);
    for (const before of [set, without]) {
      const { status, causes } = await edit(namespace, before);
      expect(status).toBe(422);
      expect(causes).toEqual([
        { field: expect.any(String) as string, message: expect.stringContaining(next) as string },
      ]);
      // Blamed is the field or what it is part of, and the words name it.
      expect(`spec.${path}`.startsWith(causes[0]?.field ?? "none")).toBe(true);
    }
    expect((await edit(namespace, changed)).status).toBe(200);
  });

  it("the kind of the database, either way", async () => {
    const database = FIELD_SAMPLES["messaging.database.external.host"]?.set ?? {};
    for (const [first, then] of [
      [{}, database],
      [database, {}],
    ] as const) {
      const namespace = await practiceNamespace();
      await applyPractice(namespace, first);
      const { status, causes } = await edit(namespace, then);
      expect(status).toBe(422);
      expect(causes.map(({ field }) => field)).toEqual(["spec.messaging.database"]);
      expect(causes[0]?.message).toContain("Give the one that it was made with.");
    }
  });
});

describe("the class of a load balancer", () => {
  const of = (media: object) => ({ video: { media } });
  const [one, two] = [of({ loadBalancerClass: "example.org/one" }), of({ loadBalancerClass: "example.org/two" })];

  it("is changed by way of NodePort, as the refusal says; who is too quick is told so", async () => {
    const namespace = await practiceNamespace();
    const first = runOperator(bed.adminConnection, [namespace]);
    await applyPractice(namespace, one);
    await serviceWith(namespace, { type: "LoadBalancer", loadBalancerClass: "example.org/one" });
    await first.stop();
    // Nobody saw that it was a NodePort in between.
    await applyPractice(namespace, of({ service: "NodePort" }));
    await applyPractice(namespace, two);
    const second = runOperator(bed.adminConnection, [namespace]);
    try {
      const told = await expectReason(namespace, "Stalled", "InvalidSpec");
      expect(told.message).toMatch(/^spec\.video\.media\.loadBalancerClass: .* set service: NodePort/);
      await applyPractice(namespace, of({ service: "NodePort" }));
      await serviceWith(namespace, { type: "NodePort" });
      await applyPractice(namespace, two);
      await serviceWith(namespace, { type: "LoadBalancer", loadBalancerClass: "example.org/two" });
      await waitFor(() => isNot(namespace, "Stalled"), { what: "the practice to go on" });
    } finally {
      await second.stop();
    }
  });

  async function serviceWith(namespace: string, spec: object): Promise<void> {
    const path = pathOf(RESOURCES.Service, { namespace, name: "greenriver-media" });
    const look = async () => {
      const { body } = await client.request("GET", path);
      expect((body as { spec?: object }).spec).toMatchObject(spec);
      return true;
    };
    await waitFor(look, { timeout: 60_000, what: "the media Service" });
  }

  async function isNot(namespace: string, type: string): Promise<boolean> {
    const { body } = await client.request("GET", pathOf(PRACTICES, { namespace, name: "greenriver" }));
    const { conditions = [] } = (body as { status?: { conditions?: { type: string; status: string }[] } }).status ?? {};
    return conditions.some((condition) => condition.type === type && condition.status === "False");
  }
});

/** Puts another spec in the place of the practice's. */
async function edit(namespace: string, spec: object) {
  const practice = await practiceFor(namespace, spec);
  const path = pathOf(PRACTICES, { namespace, name: practice.metadata.name });
  const live = (await client.request("GET", path)).body as { metadata: { resourceVersion: string } };
  const { resourceVersion } = live.metadata;
  const { status, body } = await client.request("PUT", path, {
    ...practice,
    metadata: { ...practice.metadata, resourceVersion },
  });
  const { causes = [] } = (body as { details?: { causes?: { field: string; message: string }[] } }).details ?? {};
  return { status, causes: causes.map(({ field, message }) => ({ field, message })) };
}
