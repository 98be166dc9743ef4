import { randomBytes } from "node:crypto";
import type { Condition, PracticeStatus } from "../../src/api/status.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import type { LiveObject, Manifest } from "../../src/manifest.ts";
import type { Ref } from "../../src/runtime/cluster.ts";
import { pathOf, type Resource, RESOURCES } from "../../src/runtime/resources.ts";
import { apiClient, type Connection } from "../bed/api.ts";
import { type ControlPlane, startControlPlane } from "../bed/control-plane.ts";
import { type CrdSource, installCrds } from "../bed/crds.ts";
import { startKwok } from "../bed/kwok.ts";
import { installOwnCrd } from "../bed/own-crd.ts";
import { addVolumes } from "../bed/volumes.ts";
import { waitFor } from "../bed/wait.ts";
import { practiceFor, RESTRICTED } from "./practice-bed.ts";

/** What tests do to a cluster and look at in it, without a process of its own for each. */
export type Hand = ReturnType<typeof handOn>;

export function handOn(connection: Connection) {
  const client = apiClient(connection);

  /** Sends a request that must succeed. */
  async function must(...[method, path, body, type]: Parameters<typeof client.request>): Promise<unknown> {
    const answer = await client.request(method, path, body, type);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** `undefined` when there is no such thing. Any other answer throws: it does not say that there is nothing. */
  async function look(path: string): Promise<unknown> {
    const { status, body } = await client.request("GET", path);
    if (status !== 200 && status !== 404) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
    return status === 200 ? body : undefined;
  }

  const hand = {
    /** `undefined` when it does not exist. */
    async get(resource: Resource, ref: Ref): Promise<LiveObject | undefined> {
      return (await look(pathOf(resource, ref))) as LiveObject | undefined;
    },
    /** Nothing when the kind is not served. */
    async list(resource: Resource, namespace: string): Promise<LiveObject[]> {
      const list = await look(pathOf(resource, { namespace }));
      return (list as { items: LiveObject[] } | undefined)?.items ?? [];
    },
    /** Whether the API server serves a kind. */
    async serves(resource: Resource): Promise<boolean> {
      return (await client.request("GET", pathOf(resource))).status === 200;
    },
    async names(resource: Resource, namespace: string): Promise<string[]> {
      return (await hand.list(resource, namespace)).map(({ metadata }) => metadata.name);
    },
    async create(resource: Resource, object: Manifest): Promise<LiveObject> {
      const { namespace } = object.metadata;
      return (await must("POST", pathOf(resource, namespace ? { namespace } : {}), object)) as LiveObject;
    },
    async patch(resource: Resource, ref: Ref, patch: object, subresource = ""): Promise<void> {
      await must("PATCH", `${pathOf(resource, ref)}${subresource}`, patch, "application/merge-patch+json");
    },
    async remove(resource: Resource, ref: Ref): Promise<void> {
      await must("DELETE", pathOf(resource, ref), { propagationPolicy: "Background", gracePeriodSeconds: 0 });
    },
    /** Resolves when it exists no more. */
    async gone(resource: Resource, ref: Ref): Promise<void> {
      const isGone = async () => (await hand.get(resource, ref)) === undefined;
      await waitFor(isGone, { timeout: 60_000, what: `${resource.kind} ${ref.name} to be gone` });
    },
    /** A namespace with a name of its own; labelled as the examples do unless told otherwise. */
    async namespace(labels: Readonly<Record<string, string>> = RESTRICTED): Promise<string> {
      const name = `test-${randomBytes(5).toString("hex")}`;
      await must("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
      return name;
    },
    /** Applies the practice of examples/solo.yaml with `spec` over it. */
    async practice(namespace: string, spec: object = {}, name?: string): Promise<Manifest> {
      const practice = await practiceFor(namespace, spec, name);
      const path = `${pathOf(PRACTICES, { namespace, name: practice.metadata.name })}?fieldManager=tests&force=true`;
      await must("PATCH", path, practice, "application/apply-patch+yaml");
      return practice;
    },
    async status(namespace: string, name = "greenriver"): Promise<Partial<PracticeStatus>> {
      const practice = await hand.get(PRACTICES, { namespace, name });
      return practice?.["status"] ?? {};
    },
    /** Waits until a condition has a reason; fails with what it says instead. */
    expectReason(namespace: string, type: string, reason: string, name?: string, timeout = 30_000): Promise<Condition> {
      const look = async () => {
        const found = (await hand.status(namespace, name)).conditions?.find((entry) => entry.type === type);
        if (found?.reason === reason) return found;
        throw new Error(`${type} is ${found?.status} ${found?.reason}: ${found?.message}`);
      };
      return waitFor(look, { timeout, what: `${type} to say ${reason}` });
    },
    /** Plays the load balancer, as soon as there is a media Service. */
    async mediaAddress(namespace: string, ip = "203.0.113.7", name = "greenriver"): Promise<void> {
      const ref = { namespace, name: `${name}-media` };
      const give = async () => {
        await hand.patch(RESOURCES.Service, ref, { status: { loadBalancer: { ingress: [{ ip }] } } }, "/status");
        return true;
      };
      await waitFor(give, { what: "a media Service to give an address to" });
    },
    /** Reports, as the kubelet does, that every container of a pod has ended with this code and these last words. */
    async podEnds({ metadata, spec }: LiveObject, exitCode: number, message: string): Promise<void> {
      const reason = exitCode === 0 ? "Completed" : "Error";
      const containerStatuses = (spec as { containers: { name: string; image: string }[] }).containers.map(
        ({ name, image }) => ({
          name,
          image,
          imageID: "",
          ready: false,
          restartCount: 0,
          state: { terminated: { exitCode, reason, message } },
        }),
      );
      const conditions = [{ type: "PodScheduled", status: "True", lastTransitionTime: new Date().toISOString() }];
      const status = { phase: exitCode === 0 ? "Succeeded" : "Failed", conditions, containerStatuses };
      await hand.patch(RESOURCES.Pod, metadata, { status }, "/status");
    },
    /** The practice runs as far as it can where nobody issues certificates: all pods, all routes. */
    async converged(namespace: string, name = "greenriver"): Promise<void> {
      await hand.expectReason(namespace, "ComponentsReady", "AllReady", name, 60_000);
      const last = { namespace, name: `${name}-meet` };
      const route = async () => (await hand.get(RESOURCES.Ingress, last)) ?? hand.get(RESOURCES.HTTPRoute, last);
      await waitFor(route, { what: "the last route" });
    },
    close: () => client.close(),
  };
  return hand;
}

/** A control plane of a test's own, for tests that break one, with simulated pods and volumes. */
export async function startOwnCluster(apis: readonly CrdSource[] = []): Promise<{ plane: ControlPlane; hand: Hand }> {
  const plane = await startControlPlane({ scheduler: true });
  await Promise.all([
    startKwok(plane),
    addVolumes(plane, 20),
    installOwnCrd(plane),
    ...apis.map((api) => installCrds(plane.adminConnection, api)),
  ]);
  return { plane, hand: handOn(plane.adminConnection) };
}
