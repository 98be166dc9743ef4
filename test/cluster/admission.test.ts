import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ANNOTATION, LABEL } from "../../src/api/group.ts";
import type { LiveObject, Manifest } from "../../src/manifest.ts";
import { pathOf, type Resource, RESOURCES } from "../../src/runtime/resources.ts";
import { type ApiClient, apiClient } from "../bed/api.ts";
import type { AuditEvent } from "../bed/audit.ts";
import { waitFor } from "../bed/wait.ts";
import { aContainer, aPod, bindRole, CERT_MANAGER, GUARDED, OPERATOR, verdictOf } from "../support/admission.ts";
import { type Installed, startInstalled } from "../support/installed.ts";
import type { RunningOperator } from "../support/operator.ts";
import { practiceFor } from "../support/practice-bed.ts";

let cluster: Installed;
let operator: RunningOperator;
/** The practice's. */
let namespace: string;
/** Guarded, without a practice. */
let bare: string;
let admin: ApiClient;
/** Somebody with the role `admin` in both. */
let mallory: ApiClient;

beforeAll(async () => {
  cluster = await startInstalled();
  operator = await cluster.operate();
  const { plane, hand } = cluster;
  admin = apiClient(plane.adminConnection);
  [namespace, bare] = [await hand.namespace(GUARDED), await hand.namespace(GUARDED)];
  await hand.practice(namespace);
  await hand.mediaAddress(namespace);
  await hand.converged(namespace);
  mallory = await bindRole(plane.adminConnection, namespace, "mallory", "admin");
  await (await bindRole(plane.adminConnection, bare, "mallory", "admin")).close();
});
afterAll(async () => {
  await operator.stop();
  await Promise.all([admin.close(), mallory.close()]);
  await cluster.stop();
});

const MERGE = "application/merge-patch+json";
type Ask = (as: ApiClient) => ReturnType<ApiClient["request"]>;
const at = (resource: Resource, name?: string) => pathOf(resource, { namespace, ...(name !== undefined && { name }) });
const patch =
  (resource: Resource, name: string, change: object, below = ""): Ask =>
  (as) =>
    as.request("PATCH", `${at(resource, name)}${below}`, change, MERGE);
const remove =
  (resource: Resource, name: string): Ask =>
  (as) =>
    as.request("DELETE", at(resource, name));
const create =
  (resource: Resource, object: object): Ask =>
  (as) =>
    as.request("POST", `${at(resource)}?dryRun=All`, object);
const pod = (spec: object, labels: object = {}, container: object = {}) =>
  create(RESOURCES.Pod, aPod("another", spec, labels, container));

describe("a practice under the policies", () => {
  it("is made by its operator and the cluster's own programs, and none of them is refused", async () => {
    const own = ({ user, responseStatus }: AuditEvent) =>
      (user.username === OPERATOR || user.username.startsWith("system:")) && (responseStatus?.code ?? 0) >= 400;
    const refused = (await cluster.plane.auditEvents(own)).filter((event) =>
      JSON.stringify(event.responseStatus).includes("ValidatingAdmissionPolicy"),
    );
    expect(refused.map(({ user, verb, requestURI }) => `${user.username} ${verb} ${requestURI}`)).toEqual([]);
  });

  it("has no expression that the API server would warn of", async () => {
    const checked = async () => {
      const said = await cluster.kubectl(["get", "validatingadmissionpolicies", "-o", "json"]);
      const { items } = JSON.parse(said) as {
        items: { metadata: { name: string }; status?: { typeChecking?: object } }[];
      };
      return items.filter(({ metadata }) => metadata.name.startsWith("op-")).map(({ status }) => status?.typeChecking);
    };
    // It says nothing until it has looked.
    const looked = await waitFor(async () => (await checked()).every(Boolean) && checked(), {
      what: "its word on each",
    });
    expect(looked).toEqual(Array.from({ length: 10 }, () => ({})));
  });
});

const SECRET_VOLUME = {
  volumes: [{ name: "token", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } }],
};

describe("whoever administers the namespace of a practice cannot", () => {
  it.each<[string, Ask]>([
    ["make a network policy", create(RESOURCES.NetworkPolicy, policy("another"))],
    ["change a wall", patch(RESOURCES.NetworkPolicy, "greenriver-front", { spec: { egress: [{}] } })],
    ["delete a wall", remove(RESOURCES.NetworkPolicy, "greenriver-default-deny")],
    ["delete what keeps data", remove(RESOURCES.PersistentVolumeClaim, "greenriver-postgres-data")],
    ["delete the identity", remove(RESOURCES.ConfigMap, "greenriver-identity")],
    ["delete a key", remove(RESOURCES.Secret, "greenriver-synapse-1")],
    ["change a Service", patch(RESOURCES.Service, "greenriver-front", { spec: { type: "NodePort" } })],
    [
      "note something on a route",
      patch(RESOURCES.Ingress, "greenriver-meet", { metadata: { annotations: { a: "b" } } }),
    ],
    [
      "take the labels off",
      patch(RESOURCES.StatefulSet, "greenriver-bridge", { metadata: { labels: { [LABEL.practiceUid]: null } } }),
    ],
    ["scale a workload", patch(RESOURCES.StatefulSet, "greenriver-bridge", { spec: { replicas: 2 } }, "/scale")],
    ["delete a workload", remove(RESOURCES.Deployment, "greenriver-front")],
    ["run another image", pod({}, {}, { image: "registry.example/other:1" })],
    ["prepare with another image", pod({ initContainers: [aContainer({ name: "first", image: "other" })] })],
    ["use the node's network", template({ hostNetwork: true })],
    ["see the node's processes", template({ hostPID: true })],
    ["use the node's files", template({ volumes: [{ name: "node", hostPath: { path: "/" } }] })],
    ["open a port of the node", template({}, { ports: [{ containerPort: 1, hostPort: 1 }] })],
    ["run with privilege", template({}, { securityContext: { privileged: true } })],
    ["allow more privilege", template({}, { securityContext: {} })],
    [
      "add a capability",
      template({}, { securityContext: { allowPrivilegeEscalation: false, capabilities: { add: ["NET_ADMIN"] } } }),
    ],
    ["mount a token", pod({ automountServiceAccountToken: true })],
    ["mount a token by hand", pod(SECRET_VOLUME)],
    ["take the front's labels", pod({}, { [LABEL.role]: "front" })],
    ["take the front's traffic", pod({}, { [LABEL.serves]: "front" })],
    [
      "relabel a pod",
      patch(RESOURCES.Pod, "greenriver-synapse-0", { metadata: { labels: { [LABEL.role]: "backup" } } }),
    ],
    ["run a shell", (as) => as.request("POST", `${at(RESOURCES.Pod, "greenriver-synapse-0")}/exec?command=sh`)],
    ["attach", (as) => as.request("POST", `${at(RESOURCES.Pod, "greenriver-synapse-0")}/attach`)],
    [
      "go through the API server to a pod",
      (as) => as.request("GET", `${at(RESOURCES.Pod, "greenriver-synapse-0")}/proxy/`),
    ],
    [
      "go through the API server to a Service",
      (as) => as.request("GET", `${at(RESOURCES.Service, "greenriver-front:8080")}/proxy/`),
    ],
  ])("%s", async (_, ask) => {
    expect(verdictOf(await ask(mallory))).toBe("refused");
  });

  it.each(["StatefulSet", "Deployment", "CronJob", "Job"] as const)("run another image in a %s", async (kind) => {
    const template = {
      metadata: { labels: { a: "b" } },
      spec: { ...(aPod("", {}, {}, { image: "other" })["spec"] as object) },
    };
    const once = { template: { ...template, spec: { ...template.spec, restartPolicy: "Never" } } };
    const spec = {
      StatefulSet: { selector: { matchLabels: { a: "b" } }, serviceName: "a", template },
      Deployment: { selector: { matchLabels: { a: "b" } }, template },
      CronJob: { schedule: "0 3 * * *", jobTemplate: { spec: once } },
      Job: once,
    }[kind];
    const resource = RESOURCES[kind];
    const apiVersion = resource.group === "apps" ? "apps/v1" : "batch/v1";
    expect(verdictOf(await create(resource, { apiVersion, kind, metadata: { name: "a" }, spec })(mallory))).toBe(
      "refused",
    );
  });
});

describe("whoever administers the namespace of a practice can still", () => {
  it.each<[string, Ask]>([
    [
      "note a proof on a pod, as `telehealth user` does",
      patch(RESOURCES.Pod, "greenriver-synapse-0", { metadata: { annotations: { [ANNOTATION.proof]: "x" } } }),
    ],
    [
      "keep a Secret of their own",
      create(RESOURCES.Secret, { apiVersion: "v1", kind: "Secret", metadata: { name: "login" } }),
    ],
    ["start a pod of the release", pod({})],
    [
      "change the practice",
      (as) =>
        as.request(
          "PATCH",
          `/apis/telehealth-operator.io/v1alpha1/namespaces/${namespace}/telehealthpractices/greenriver`,
          { spec: { locale: "en" } },
          MERGE,
        ),
    ],
    ["end a pod, and its controller makes it anew", remove(RESOURCES.Pod, "greenriver-bridge-0")],
  ])("%s", async (_, ask) => {
    expect(verdictOf(await ask(mallory))).toBe("done");
  });

  it("forward a port, which is how people are administered and backups leave", async () => {
    const path = `${at(RESOURCES.Pod, "greenriver-synapse-0")}/portforward?ports=8008`;
    const { status, body } = await mallory.request("POST", path);
    // Here no kubelet takes it; what matters is that the request came as far as that.
    expect(JSON.stringify(body)).not.toContain("ValidatingAdmissionPolicy");
    expect(status).not.toBe(403);
  });
});

/** Pod Security refuses such pods, but only warns of a template. */
function template(changes: object, container: object = {}): Ask {
  const matchLabels = { a: "b" };
  const spec = aPod("", changes, {}, container)["spec"];
  const made = { selector: { matchLabels }, template: { metadata: { labels: matchLabels }, spec } };
  return create(RESOURCES.Deployment, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "a" },
    spec: made,
  });
}

function policy(name: string): Manifest {
  const spec = { podSelector: {}, ingress: [{}] };
  return { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name }, spec };
}

/** An object of a living practice in the other namespace, made by the operator. */
async function madeByOperator(resource: Resource, object: Manifest): Promise<void> {
  const as = apiClient(cluster.plane.adminConnection, OPERATOR);
  const labels = { [LABEL.practice]: "other", [LABEL.practiceUid]: "0b7d7c54-94a7-4f0c-a4f4-0c9a3b1f4d2e" };
  const made = { ...object, metadata: { ...object.metadata, labels } };
  expect(verdictOf(await as.request("POST", pathOf(resource, { namespace: bare }), made))).toBe("done");
  await as.close();
}

describe("the policies let pass", () => {
  it("the garbage collector", async () => {
    const owner = { apiVersion: "v1", kind: "ConfigMap", name: "gone", uid: "5a0f3c62-1f5b-4e0f-8d11-3e4b1a2c9d77" };
    const metadata = { name: "orphan", ownerReferences: [owner] } as Manifest["metadata"];
    await madeByOperator(RESOURCES.ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata });
    await cluster.hand.gone(RESOURCES.ConfigMap, { namespace: bare, name: "orphan" });
    expect(await cluster.hand.names(RESOURCES.ConfigMap, bare)).not.toContain("orphan");
  });

  it("the controllers of StatefulSets, Deployments and ReplicaSets", async () => {
    await cluster.hand.converged(namespace);
    // An earlier change may still be rolled out: then the pods that there were go by themselves.
    const one = async () => {
      const pods = await podsOf("front");
      return pods.length === 1 && pods;
    };
    const front = await waitFor(one, { what: "the last roll-out to end" });
    for (const name of [...front, "greenriver-synapse-0"]) {
      const uid = async () => (await cluster.hand.get(RESOURCES.Pod, { namespace, name }))?.metadata.uid;
      const former = await uid();
      await cluster.hand.remove(RESOURCES.Pod, { namespace, name });
      await waitFor(async () => (await uid()) !== former, { what: `${name} to be replaced` });
    }
    await cluster.hand.converged(namespace);
  });

  it("the controllers of CronJobs and Jobs", async () => {
    const { hand } = cluster;
    const spec = { ...(aPod("")["spec"] as object), restartPolicy: "Never" };
    const template = { metadata: {}, spec };
    const cronJob = {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: "nightly" },
      spec: { schedule: "* * * * *", jobTemplate: { spec: { template } } },
    };
    await madeByOperator(RESOURCES.CronJob, cronJob);
    await waitFor(async () => (await hand.names(RESOURCES.Pod, bare)).some((name) => name.startsWith("nightly-")), {
      timeout: 100_000,
      what: "the pod of a Job of a CronJob",
    });
    await madeByOperator(RESOURCES.Job, {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "once" },
      spec: { template },
    });
    await waitFor(async () => (await hand.names(RESOURCES.Pod, bare)).some((name) => name.startsWith("once-")), {
      what: "the pod of a Job",
    });
  });

  it("the controllers of Services and endpoints", async () => {
    const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
    const { body } = await admin.request("GET", path);
    const slices = (body as { items: (LiveObject & { endpoints?: object[] })[] }).items;
    const front = slices.filter(({ metadata }) => metadata.name.startsWith("greenriver-front-"));
    expect(front.flatMap(({ endpoints = [] }) => endpoints).length).toBeGreaterThan(0);
    // A load balancer's program with an account of its own namespace notes where it is, and changes nothing else.
    const driver = "system:serviceaccount:metallb-system:controller";
    const as = await bindRole(cluster.plane.adminConnection, namespace, driver, "admin");
    const note = (change: object) => patch(RESOURCES.Service, "greenriver-media", change)(as);
    expect(verdictOf(await note({ metadata: { annotations: { "metallb.io/ip-allocated-from-pool": "a" } } }))).toBe(
      "done",
    );
    expect(verdictOf(await note({ spec: { externalIPs: ["203.0.113.99"] } }))).toBe("refused");
    await as.close();
  });

  it("cert-manager on its Secrets and solvers, and nobody who poses as one", async () => {
    const as = await bindRole(cluster.plane.adminConnection, namespace, CERT_MANAGER, "admin");
    const labels = { [LABEL.practiceUid]: "1", "controller.cert-manager.io/fao": "true" };
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "issued", labels }, type: "Opaque" };
    const image = { image: "mirror.example:5000/jetstack/cert-manager-acmesolver:v1.20.2" };
    const solver = aPod("cm-acme-http-solver-x", {}, { "acme.cert-manager.io/http01-solver": "true" }, image);
    expect(verdictOf(await as.request("POST", at(RESOURCES.Secret), secret))).toBe("done");
    expect(verdictOf(await patch(RESOURCES.Secret, "issued", { stringData: { a: "b" } })(as))).toBe("done");
    expect(verdictOf(await create(RESOURCES.Pod, solver)(as))).toBe("done");
    expect(verdictOf(await create(RESOURCES.Pod, solver)(mallory))).toBe("refused");
    const other = aPod("cm-acme-http-solver-y", {}, solver.metadata.labels, { image: "registry.example/recorder" });
    expect(verdictOf(await create(RESOURCES.Pod, other)(as))).toBe("refused");
    const wall = patch(RESOURCES.NetworkPolicy, "greenriver-front", { spec: { egress: [{}] } });
    expect(verdictOf(await wall(as))).toBe("refused");
    expect(verdictOf(await remove(RESOURCES.Secret, "issued")(mallory))).toBe("refused");
    expect(verdictOf(await remove(RESOURCES.Secret, "issued")(as))).toBe("done");
    await as.close();
  });

  async function podsOf(role: string): Promise<string[]> {
    const pods = await cluster.hand.list(RESOURCES.Pod, namespace);
    return pods.filter(({ metadata }) => metadata.labels?.[LABEL.role] === role).map(({ metadata }) => metadata.name);
  }
});

describe("a practice is refused where it cannot live", () => {
  const practices = (where: string) =>
    `/apis/telehealth-operator.io/v1alpha1/namespaces/${where}/telehealthpractices?dryRun=All`;
  const apply = async (where: string, name = "greenriver") =>
    verdictOf(await admin.request("POST", practices(where), await practiceFor(where, {}, name)));

  it("in shared namespaces, and beside another one", async () => {
    expect(await apply("default")).toBe("refused");
    expect(await apply("kube-public")).toBe("refused");
    expect(await apply(namespace, "second")).toBe("refused");
    expect(await apply(bare)).toBe("done");
  });

  it("but only warned of where the namespace lacks a label", async () => {
    const plain = await cluster.hand.namespace({});
    const strictly = async (where: string) =>
      cluster.kubectl(
        ["apply", "--server-side", "--dry-run=server", "--warnings-as-errors", "-f", "-"],
        JSON.stringify(await practiceFor(where)),
      );
    await expect(strictly(plain)).rejects.toThrow(/2 warnings/);
    await expect(strictly(bare)).resolves.toContain("serverside-applied");
    expect(await apply(plain)).toBe("done");
  });
});

describe("a namespace", () => {
  it("that is to be kept cannot be deleted, by nobody, until its label is gone", async () => {
    const kept = await cluster.hand.namespace({ [LABEL.keep]: "true" });
    const path = `/api/v1/namespaces/${kept}`;
    expect(verdictOf(await admin.request("DELETE", path))).toBe("refused");
    await admin.request("PATCH", path, { metadata: { labels: { [LABEL.keep]: null } } }, MERGE);
    expect(verdictOf(await admin.request("DELETE", path))).toBe("done");
    await cluster.hand.gone(RESOURCES.Namespace, { name: kept });
  });

  it("goes with its practice, walls, pods and all", async () => {
    await cluster.hand.remove(RESOURCES.Namespace, { name: namespace });
    await cluster.hand.gone(RESOURCES.Namespace, { name: namespace });
    expect(await operator.log()).not.toContain("ValidatingAdmissionPolicy");
  });
});
