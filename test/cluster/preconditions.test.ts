import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { API_VERSION, KIND } from "../../src/api/group.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import type { LiveObject } from "../../src/manifest.ts";
import { asApplied, isUpdatedBy } from "../../src/runtime/managed-fields.ts";
import { pathOf } from "../../src/runtime/resources.ts";
import { apiClient } from "../bed/api.ts";
import { bed, newNamespace } from "../support/bed.ts";
import { applyPractice, practiceNamespace } from "../support/practice-bed.ts";

const client = apiClient(bed.adminConnection);

/** Applies with our manager and says what the API server answered. */
async function apply(path: string, object: object): Promise<{ status: number; body: unknown }> {
  return client.request("PATCH", `${path}?fieldManager=tests&force=true`, object, "application/apply-patch+yaml");
}

/** What the runtime's writes rest upon, asked of the API server itself. */
describe("writes with a precondition", () => {
  const kinds = [
    ["ConfigMap", "v1", "/api/v1", "configmaps", { data: { a: "1" } }],
    ["ServiceAccount", "v1", "/api/v1", "serviceaccounts", {}],
    ["Issuer", "cert-manager.io/v1", "/apis/cert-manager.io/v1", "issuers", { spec: { selfSigned: {} } }],
  ] as const;

  it.each(kinds)("make a %s only if there is none", async (kind, apiVersion, root, plural, rest) => {
    const path = `${root}/namespaces/${await newNamespace()}/${plural}`;
    const made = { apiVersion, kind, metadata: { name: "a", labels: { ours: "yes" } }, ...rest };
    expect(await client.request("POST", path, made)).toMatchObject({ status: 201 });
    const second = await client.request("POST", path, { ...made, metadata: { name: "a", labels: { ours: "no" } } });
    expect(second).toMatchObject({ status: 409, body: { reason: "AlreadyExists" } });
    expect((await client.request("GET", `${path}/a`)).body).toMatchObject({ metadata: { labels: { ours: "yes" } } });
  });

  it.each(kinds)("take from a %s what it was made with only once that counts as applied", async (...asked) => {
    const { path, live, wanted } = await made(...asked);
    expect(await apply(path, wanted)).toMatchObject({ body: { metadata: { labels: { more: "yes" } } } });
    expect(isUpdatedBy((await declared(path, await live())).body as LiveObject, "tests")).toBe(false);
    expect((await apply(path, wanted)).body).not.toHaveProperty("metadata.labels");
  });

  it.each(kinds)("do so with a %s also after more managers than the server keeps apart", async (...asked) => {
    const { path, live, wanted } = await made(...asked);
    // The oldest are told by the second.
    await sleep(1100);
    for (let i = 0; i < 11; i += 1) await annotate(path, `manager-${i}`);
    expect(JSON.stringify(await live())).not.toContain('"manager":"tests"');
    await declared(path, await live());
    expect((await apply(path, wanted)).body).not.toHaveProperty("metadata.labels");
  });

  it("declare what was made as applied whoever writes to it all the time", async () => {
    const { path, live } = await made(...kinds[0]);
    const first = await live();
    let writes = 0;
    const stop = new AbortController();
    const others = Array.from({ length: 3 }, async (_, index) => {
      for (; !stop.signal.aborted; writes += 1) await annotate(path, `manager-${index}`);
    });
    for (let i = 0; i < 20; i += 1) expect(await declared(path, first)).toMatchObject({ status: 200 });
    stop.abort();
    await Promise.all(others);
    expect(writes).toBeGreaterThan(20);
  });

  /** Makes one by POST with a label that is not wanted then. */
  async function made(kind: string, apiVersion: string, root: string, plural: string, rest: object) {
    const all = `${root}/namespaces/${await newNamespace()}/${plural}`;
    const wanted = { apiVersion, kind, metadata: { name: "a" }, ...rest };
    const labelled = { ...wanted, metadata: { name: "a", labels: { more: "yes" } } };
    await client.request("POST", `${all}?fieldManager=tests`, labelled);
    return { path: `${all}/a`, wanted, live: async () => (await client.request("GET", `${all}/a`)).body as LiveObject };
  }

  function declared(path: string, live: LiveObject) {
    const patch = { metadata: { uid: live.metadata.uid, managedFields: asApplied(live, "tests") } };
    return client.request("PATCH", path, patch, "application/merge-patch+json");
  }

  function annotate(path: string, manager: string) {
    const patch = { metadata: { annotations: { [manager]: String(Math.random()) } } };
    return client.request("PATCH", `${path}?fieldManager=${manager}`, patch, "application/merge-patch+json");
  }

  it.each(kinds)("change a %s only if it is the one with this uid", async (kind, apiVersion, root, plural, rest) => {
    const namespace = await newNamespace();
    const path = `${root}/namespaces/${namespace}/${plural}/a`;
    const wanted = { apiVersion, kind, metadata: { name: "a" }, ...rest };
    const { body } = await apply(path, wanted);
    const { uid } = (body as { metadata: { uid: string } }).metadata;
    const another = uid.replace(/^./, (digit) => (digit === "0" ? "1" : "0"));
    const labels = { ours: "yes" };
    expect(await apply(path, { ...wanted, metadata: { name: "a", uid: another, labels } })).toMatchObject({
      status: 422,
      body: {
        details: { causes: expect.arrayContaining([expect.objectContaining({ field: "metadata.uid" })]) as object },
      },
    });
    expect(await apply(path, { ...wanted, metadata: { name: "a", uid, labels } })).toMatchObject({ status: 200 });
    await client.request("DELETE", path);
    expect(await apply(path, { ...wanted, metadata: { name: "a", uid, labels } })).toMatchObject({ status: 409 });
  });

  it("change a practice's status only in the version that they name, and whatever uid they name", async () => {
    const namespace = await practiceNamespace();
    await applyPractice(namespace);
    const path = pathOf(PRACTICES, { namespace, name: "greenriver" });
    const live = async () => ((await client.request("GET", path)).body as LiveObject).metadata;
    const say = (metadata: object) => {
      const said = {
        apiVersion: API_VERSION,
        kind: KIND,
        metadata: { name: "greenriver", ...metadata },
        status: { observedGeneration: 1 },
      };
      return apply(`${path}/status`, said);
    };
    const { resourceVersion } = await live();
    await annotate(path, "somebody");
    expect(await say({ resourceVersion })).toMatchObject({ status: 409 });
    expect(await say({ resourceVersion: (await live()).resourceVersion })).toMatchObject({ status: 200 });
    expect(await say({ uid: "11111111-2222-3333-4444-555555555555" })).toMatchObject({ status: 200 });
  });
});
