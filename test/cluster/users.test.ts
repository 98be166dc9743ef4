import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pathOf, RESOURCES } from "../../src/runtime/resources.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { type ApiClient, apiClient } from "../bed/api.ts";
import { waitFor } from "../bed/wait.ts";
import { bindRole, GUARDED } from "../support/admission.ts";
import { type Installed, startInstalled } from "../support/installed.ts";

let cluster: Installed;
let admin: ApiClient;
const namespaces: Record<"own" | "other", string> = { own: "", other: "" };

beforeAll(async () => {
  cluster = await startInstalled();
  admin = apiClient(cluster.plane.adminConnection);
  for (const which of ["own", "other"] as const) {
    namespaces[which] = await cluster.hand.namespace(GUARDED);
    await cluster.hand.practice(namespaces[which]);
  }
  for (const role of ["view", "edit", "admin"]) {
    await (await bindRole(cluster.plane.adminConnection, namespaces.own, role, role)).close();
  }
  for (const [role, verb] of [
    ["view", "get"],
    ["edit", "get"],
    ["edit", "create"],
    ["admin", "get"],
    ["admin", "create"],
  ] as const) {
    const isAggregated = () => may(role, verb, "telehealthpractices", "telehealth-operator.io");
    await waitFor(isAggregated, { what: `the role ${role} to be aggregated` });
  }
});
afterAll(async () => {
  await admin.close();
  await cluster.stop();
});

/** What the API server says about a right of a user in a namespace; the user's own, unless another is named. */
async function may(user: string, verb: string, what: string, group = "", namespace = namespaces.own) {
  const [resource, subresource] = what.split("/");
  const resourceAttributes = { verb, group, resource, namespace, ...(subresource && { subresource }) };
  const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
  const review = { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview" };
  const { body } = await admin.request("POST", path, { ...review, spec: { user, resourceAttributes } });
  return (body as { status: { allowed: boolean } }).status.allowed;
}

const VERBS = ["get", "list", "watch", "create", "update", "patch", "delete"];
const READS = ["get", "list", "watch"];

describe("the roles of the cluster, where a practice is", () => {
  it.each([
    ["view", READS],
    ["edit", VERBS],
    ["admin", VERBS],
  ])("%s may do exactly that with the practice, and read its status", async (user, verbs) => {
    const allowed = async (what: string) => {
      const asked = VERBS.map(async (verb) => ((await may(user, verb, what, "telehealth-operator.io")) ? verb : []));
      return (await Promise.all(asked)).flat();
    };
    expect(await allowed("telehealthpractices")).toEqual(verbs);
    expect(await allowed("telehealthpractices/status")).toEqual(READS);
    expect(await allowed("telehealthpractices/finalizers")).toEqual([]);
  });

  it("view reads no Secret and enters nothing", async () => {
    expect(await may("view", "get", "secrets")).toBe(false);
    expect(await may("view", "create", "pods/portforward")).toBe(false);
  });
});

describe("the admin of one practice", () => {
  it("reaches nothing of another", async () => {
    const as = apiClient(cluster.plane.adminConnection, "admin-of-one");
    await (await bindRole(cluster.plane.adminConnection, namespaces.own, "admin-of-one", "admin")).close();
    const asked = async (namespace: string) => {
      const kinds = [PRACTICES, RESOURCES.Secret, RESOURCES.ConfigMap, RESOURCES.Pod, RESOURCES.NetworkPolicy];
      const answers = kinds.map((kind) => as.request("GET", pathOf(kind, { namespace })));
      return (await Promise.all(answers)).map(({ status }) => status);
    };
    expect(await asked(namespaces.own)).toEqual([200, 200, 200, 200, 200]);
    expect(await asked(namespaces.other)).toEqual([403, 403, 403, 403, 403]);
    const practice = pathOf(PRACTICES, { namespace: namespaces.other, name: "greenriver" });
    const change = await as.request("PATCH", practice, { spec: { locale: "en" } }, "application/merge-patch+json");
    const forward = await as.request(
      "POST",
      `/api/v1/namespaces/${namespaces.other}/pods/greenriver-synapse-0/portforward`,
    );
    expect([change.status, (await as.request("DELETE", practice)).status, forward.status]).toEqual([403, 403, 403]);
    for (const namespace of [namespaces.other, ""]) {
      expect(await may("admin-of-one", "list", "secrets", "", namespace)).toBe(false);
    }
    await as.close();
  });
});
