import { describe, expect, it } from "vitest";
import { apiClient } from "../bed/api.ts";
import { bed, newNamespace } from "../support/bed.ts";

const client = apiClient(bed.adminConnection);

/** Applies with our manager and says what the API server answered. */
async function apply(path: string, object: object): Promise<{ status: number; body: unknown }> {
  return client.request("PATCH", `${path}?fieldManager=tests&force=true`, object, "application/apply-patch+yaml");
}

/** What the runtime's applies rest upon, asked of the API server itself. */
describe("server-side apply with a precondition", () => {
  const kinds = [
    ["ConfigMap", "v1", "/api/v1", "configmaps", { data: { a: "1" } }],
    ["ServiceAccount", "v1", "/api/v1", "serviceaccounts", {}],
    ["Issuer", "cert-manager.io/v1", "/apis/cert-manager.io/v1", "issuers", { spec: { selfSigned: {} } }],
  ] as const;

  it.each(kinds)(
    "creates a %s only if there is none, when it names version 1",
    async (kind, apiVersion, root, plural, rest) => {
      const namespace = await newNamespace();
      const path = `${root}/namespaces/${namespace}/${plural}/a`;
      const wanted = {
        apiVersion,
        kind,
        metadata: { name: "a", labels: { ours: "yes" }, resourceVersion: "1" },
        ...rest,
      };
      expect(await apply(path, wanted)).toMatchObject({ status: 201 });
      const second = await apply(path, { ...wanted, metadata: { ...wanted.metadata, labels: { ours: "no" } } });
      expect(second).toMatchObject({ status: 409, body: { reason: "Conflict" } });
      expect((await client.request("GET", path)).body).toMatchObject({ metadata: { labels: { ours: "yes" } } });
    },
  );

  it.each(kinds)("changes a %s only if it is the one with this uid", async (kind, apiVersion, root, plural, rest) => {
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
