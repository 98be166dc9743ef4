import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { LABEL } from "../../../src/api/group.ts";
import { PRACTICES } from "../../../src/controller/kinds.ts";
import { CHILD_RESOURCES } from "../../../src/controller/live.ts";
import type { LiveObject, Manifest } from "../../../src/manifest.ts";
import type { Cluster } from "../../../src/runtime/cluster.ts";
import { createCluster } from "../../../src/runtime/kube-cluster.ts";
import { createLimiter } from "../../../src/runtime/limiter.ts";
import { pathOf, type Resource, RESOURCES } from "../../../src/runtime/resources.ts";
import { createTransport, type Transport } from "../../../src/runtime/transport.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import type { Connection } from "../../bed/api.ts";
import { type ControlPlane, startControlPlane } from "../../bed/control-plane.ts";
import { installCrds } from "../../bed/crds.ts";
import { kubeconfigFor } from "../../bed/identities.ts";
import { installOwnCrd } from "../../bed/own-crd.ts";
import { provisionControlPlane } from "../../bed/provision.ts";
import { waitFor } from "../../bed/wait.ts";
import { bindTo, halves, type Halves } from "./processors.ts";
import { standIn } from "./stand-in.ts";
import { cpuOf } from "./usage.ts";

/** Where the arms perform: one API server with a namespace for each practice, emptied before each arm. */
export interface Stage {
  readonly plane: ControlPlane;
  readonly cluster: Cluster;
  readonly transport: Transport;
  readonly namespaces: readonly string[];
  /** Absent where all have all processors. */
  readonly processors?: Halves;
  /** What etcd, the API server and the controller manager have used so far. */
  controlPlaneCpuSeconds(): number;
  /** Applies the manifest of every practice. @returns the uid of each, by namespace. */
  makePractices(): Promise<ReadonlyMap<string, string>>;
  /** Deletes a practice as its user would, while the operator runs, and makes it again. */
  remake(namespace: string): Promise<void>;
  /** Deletes everything that an arm made; resolves when it is gone. */
  clean(): Promise<void>;
  /** Of a ServiceAccount that may do everything. */
  token(): Promise<string>;
  /** Writes a kubeconfig for this connection; @returns its path. */
  kubeconfig(connection: Connection): Promise<string>;
  stop(): Promise<void>;
}

/** Kinds that an arm makes; Secrets also for helm's own records. */
export const MADE: readonly Resource[] = [
  ...CHILD_RESOURCES.filter(({ group }) => !isGateway(group)),
  RESOURCES.Secret,
];
export const NAME = "greenriver";
const AT_ONCE = 24;

/** @param shared leaves all processors to everybody, as on a machine that is a whole cluster. */
export async function setStage(practices: number, shared: boolean): Promise<Stage> {
  // To build them may take minutes, and all processors.
  const binaries = await provisionControlPlane();
  const processors = shared ? undefined : halves();
  if (processors) bindTo(processors.controlPlane);
  // Workload controllers would make thousands of pods, and the figure would be theirs.
  const plane = await startControlPlane({ binaries, workloadControllers: false });
  const programs = plane.group.pids();
  if (processors) bindTo(processors.rest);
  await Promise.all([installOwnCrd(plane), installCrds(plane.adminConnection, "cert-manager")]);
  const connection = { ...plane.adminConnection, authorization: async () => undefined };
  const transport = createTransport({ connection, metrics: createMetrics() });
  const cluster = createCluster(transport);
  const namespaces = Array.from({ length: practices }, (_, n) => `bench-${String(n).padStart(5, "0")}`);
  const limiter = createLimiter(AT_ONCE);
  const forAll = <T>(task: (namespace: string) => Promise<T>) =>
    Promise.all(namespaces.map((namespace) => limiter.run(() => task(namespace))));

  await forAll((name) =>
    cluster.create(
      RESOURCES.Namespace,
      { apiVersion: "v1", kind: "Namespace", metadata: { name, labels: RESTRICTED } },
      "bench",
    ),
  );
  await mayDoAll(transport);
  const stopStandIn = standIn(transport);
  const example = await soloPractice();

  async function makePractice(namespace: string): Promise<[string, string]> {
    // A port that the operator chooses depends on who came first, and names of objects on the port.
    const media = { ...MEDIA, port: FIRST_PORT + 2 * namespaces.indexOf(namespace) };
    const spec = { ...(example["spec"] as object), ...SPEC, domain: `${namespace}.example`, video: { media } };
    const made = await cluster.create(PRACTICES, { ...example, metadata: { name: NAME, namespace }, spec }, "bench");
    return [namespace, made.metadata.uid];
  }

  async function cleanOne(namespace: string): Promise<void> {
    const ref = { namespace, name: NAME };
    const practice = await cluster.get(PRACTICES, ref);
    if (practice) {
      await cluster.mergePatch(PRACTICES, ref, { metadata: { finalizers: null } }, "bench");
      await cluster.delete(PRACTICES, ref, { uid: practice.metadata.uid, propagation: "Background" });
    }
    await Promise.all(MADE.map((resource) => empty(resource, namespace)));
  }

  async function empty(resource: Resource, namespace: string): Promise<void> {
    const all = resource.kind === "ConfigMap" || resource.kind === "ServiceAccount";
    const path = pathOf(resource, { namespace });
    const query = all ? { labelSelector: LABEL.practice } : undefined;
    const body = JSON.stringify({ propagationPolicy: "Background", gracePeriodSeconds: 0 });
    await transport.request({ method: "DELETE", path, body, repeatable: true, ...(query && { query }) });
  }

  async function left(): Promise<number> {
    const counts = await Promise.all(
      [PRACTICES, ...MADE].map(async (resource) => {
        const query = { labelSelector: resource === PRACTICES ? "" : LABEL.practice, limit: "1" };
        const body = await transport.request({ method: "GET", path: pathOf(resource), query, repeatable: true });
        return (JSON.parse(body) as { items: readonly LiveObject[] | null }).items?.length ?? 0;
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  let written = 0;
  return {
    plane,
    cluster,
    transport,
    namespaces,
    ...(processors && { processors }),
    controlPlaneCpuSeconds: () => programs.reduce((sum, pid) => sum + cpuOf(pid), 0),
    makePractices: async () => new Map(await forAll(makePractice)),
    async remake(namespace) {
      const ref = { namespace, name: NAME };
      const { uid } = (await cluster.get(PRACTICES, ref))?.metadata ?? { uid: "" };
      await cluster.delete(PRACTICES, ref, { uid, propagation: "Background" });
      const gone = async () => (await cluster.get(PRACTICES, ref)) === undefined;
      await waitFor(gone, { timeout: 120_000, what: `the practice in ${namespace} to be gone` });
      await makePractice(namespace);
    },
    async clean() {
      await forAll(cleanOne);
      // A volume goes when its controller has looked at it.
      const isEmpty = async () => (await left()) === 0;
      await waitFor(isEmpty, { timeout: 300_000, interval: 200, what: "the namespaces to be empty" });
    },
    async token() {
      const path = "/api/v1/namespaces/default/serviceaccounts/default/token";
      const body = JSON.stringify({ spec: { expirationSeconds: 86_400 } });
      const answer = await transport.request({ method: "POST", path, body, repeatable: true });
      return (JSON.parse(answer) as { status: { token: string } }).status.token;
    },
    async kubeconfig(connection) {
      const file = join(plane.directory, `bench-${(written += 1)}.kubeconfig`);
      await writeFile(file, kubeconfigFor(connection), { mode: 0o600 });
      return file;
    },
    async stop() {
      stopStandIn();
      await transport.close();
      await plane.stop();
    },
  };
}

/** Rights are measured elsewhere: here every arm has all of them. */
async function mayDoAll(transport: Transport): Promise<void> {
  const rbac = "rbac.authorization.k8s.io";
  const binding = {
    metadata: { name: "bench" },
    roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "ServiceAccount", name: "default", namespace: "default" }],
  };
  const path = `/apis/${rbac}/v1/clusterrolebindings`;
  await transport.request({ method: "POST", path, body: JSON.stringify(binding), repeatable: false });
}

/** Addresses that nobody has to give, and no more node ports than a thousand practices find: a load balancer takes a third one. */
const MEDIA = { service: "NodePort", addresses: [{ ip: "203.0.113.7", port: 10_000 }] };
const FIRST_PORT = 30_100;

/** A window that is always open, because nobody runs who could say that no call does. */
const SPEC = {
  // Nobody issues certificates here, and an operator that waits for one asks for it again and again.
  certificates: { external: {} },
  maintenance: { windows: [{ days: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], from: "00:00", to: "24:00" }] },
};

const RESTRICTED = { "pod-security.kubernetes.io/enforce": "restricted" };

async function soloPractice(): Promise<Manifest> {
  const text = await readFile(new URL("../../../examples/solo.yaml", import.meta.url), "utf8");
  const documents = parseAllDocuments(text).map((document) => document.toJS() as Manifest);
  const practice = documents.find(({ kind }) => kind === PRACTICES.kind);
  if (!practice) throw new Error("examples/solo.yaml holds no practice.");
  return practice;
}

function isGateway(group: string): boolean {
  return group === "gateway.networking.k8s.io";
}
