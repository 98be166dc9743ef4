import { describe, expect, it } from "vitest";
import type { LiveObject } from "../../src/manifest.ts";
import { asApplied, isUpdatedBy } from "../../src/runtime/managed-fields.ts";
import { apiClient } from "../bed/api.ts";
import { bed, newNamespace } from "../support/bed.ts";

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
    const [kind, apiVersion, root, plural, rest] = asked;
    const path = `${root}/namespaces/${await newNamespace()}/${plural}`;
    const wanted = { apiVersion, kind, metadata: { name: "a" }, ...rest };
    const labelled = { ...wanted, metadata: { name: "a", labels: { more: "yes" } } };
    const made = (await client.request("POST", `${path}?fieldManager=tests`, labelled)).body as LiveObject;
    expect(await apply(`${path}/a`, wanted)).toMatchObject({ body: { metadata: { labels: { more: "yes" } } } });
    const live = (await client.request("GET", `${path}/a`)).body as LiveObject;
    const { resourceVersion } = live.metadata;
    const patch = { metadata: { uid: made.metadata.uid, resourceVersion, managedFields: asApplied(live, "tests") } };
    const patched = await client.request("PATCH", `${path}/a`, patch, "application/merge-patch+json");
    expect(patched).toMatchObject({ status: 200 });
    expect(isUpdatedBy(patched.body as LiveObject, "tests")).toBe(false);
    expect((await apply(`${path}/a`, wanted)).body).not.toHaveProperty("metadata.labels");
  });

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
});
