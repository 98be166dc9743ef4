import { setTimeout as sleep } from "node:timers/promises";
import { type ApiClient, apiClient } from "../bed/api.ts";
import { type ControlPlane, startControlPlane } from "../bed/control-plane.ts";
import { installOwnCrd } from "../bed/own-crd.ts";
import { applyAll, inForce, installPolicies } from "../support/admission.ts";
import { type Kubelet, startKubelet } from "./kubelet.ts";

/** A real API server with the definition of a practice, the chart's policies and a node that is a stand-in. */
export interface ApiServer {
  readonly plane: ControlPlane;
  readonly admin: ApiClient;
  readonly kubelet: Kubelet;
}

/** How long it is kept for the next one who asks: to start it is most of the time that an attack takes. */
const KEPT_MS = 5000;

let started: Promise<ApiServer> | undefined;
let users = 0;

/** The API server that those share who ask for it one after the other. `release` says that one of them is done. */
export async function sharedApiServer(): Promise<ApiServer & { readonly release: () => void }> {
  users += 1;
  const mine = (started ??= start());
  const release = () => {
    users -= 1;
    void sleep(KEPT_MS).then(async () => {
      if (users > 0 || started !== mine) return;
      started = undefined;
      const { plane, admin, kubelet } = await mine;
      await Promise.all([admin.close(), kubelet.stop()]);
      await plane.stop();
    });
  };
  try {
    return { ...(await mine), release };
  } catch (error) {
    users -= 1;
    if (started === mine) started = undefined;
    throw error;
  }
}

async function start(): Promise<ApiServer> {
  const plane = await startControlPlane({ workloadControllers: false });
  const [admin, kubelet] = [apiClient(plane.adminConnection), await startKubelet()];
  await installOwnCrd(plane);
  await installPolicies(plane);
  await kubelet.join(admin);
  return { plane, admin, kubelet };
}

/** Takes the binding of a policy away until it is given back. @throws Error when there is none: nothing would be taken. */
export async function takeBinding(plane: ControlPlane, name: string) {
  const client = apiClient(plane.adminConnection);
  const path = `/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/${name}`;
  const { status, body } = await client.request("GET", path);
  if (status !== 200) throw new Error(`There is no binding ${name}.`);
  await client.request("DELETE", path);
  await client.close();
  await inForce(plane);
  const { apiVersion, kind, spec } = body as { apiVersion: string; kind: string; spec: object };
  const giveBack = async () => {
    await applyAll(plane, [{ apiVersion, kind, metadata: { name }, spec }]);
    await inForce(plane);
  };
  return { giveBack };
}
