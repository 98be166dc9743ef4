import { join } from "node:path";
import { parse } from "yaml";
import { apiClient } from "../bed/api.ts";
import { type ControlPlane, startControlPlane } from "../bed/control-plane.ts";
import { installCrds } from "../bed/crds.ts";
import { helm } from "../bed/helm.ts";
import { startKwok } from "../bed/kwok.ts";
import { run } from "../bed/run.ts";
import { addVolumes } from "../bed/volumes.ts";
import { inForce } from "./admission.ts";
import { CHART, kubeconfigWithToken } from "./chart.ts";
import { type RunningOperator, startOperator } from "./operator.ts";
import { type Hand, handOn } from "./own-cluster.ts";

/** A cluster with the chart installed as release `op` in `operators`, and an operator with its rights. */
export interface Installed {
  readonly plane: ControlPlane;
  /** The administrator of the cluster, whom no policy exempts. */
  readonly hand: Hand;
  readonly kubectl: (args: readonly string[], input?: string) => Promise<string>;
  readonly chart: (...args: string[]) => Promise<string>;
  /** The operator of a release (`op`) as its Deployment would run it; pods are simulated here. */
  readonly operate: (release?: string) => Promise<RunningOperator>;
  /** A kubeconfig for a service account, which is made if it is not there. */
  readonly kubeconfigOf: (namespace: string, account: string) => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** @param values of the chart, as `--set` takes them. */
export async function startInstalled(...values: string[]): Promise<Installed> {
  const plane = await startControlPlane({ scheduler: true });
  const env = { KUBECONFIG: plane.kubeconfig, KUBECACHEDIR: join(plane.directory, "kubectl-cache") };
  const kubectl: Installed["kubectl"] = (args, input) =>
    run(join(plane.binaries, "kubectl"), args, { env, ...(input !== undefined && { input }) });
  const chart: Installed["chart"] = async (...args) => {
    const said = await helm([...args, "--namespace", "operators"], { env });
    if (args[0] !== "uninstall") await inForce(plane);
    return said;
  };
  const tokenOf = async (namespace: string, account: string) => {
    const client = apiClient(plane.adminConnection);
    const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    const object = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: account } };
    await client.request("POST", accounts, object);
    const spec = { expirationSeconds: 7200 };
    const { body } = await client.request("POST", `${accounts}/${account}/token`, { spec });
    await client.close();
    return (body as { status: { token: string } }).status.token;
  };
  const kubeconfigOf: Installed["kubeconfigOf"] = async (namespace, account) =>
    kubeconfigWithToken(plane, namespace, await tokenOf(namespace, account));
  const operate = async (release = "op") => {
    const config = await kubectl(["-n", "operators", "get", "configmap", `${release}-config`, "-o", "json"]);
    const { data } = JSON.parse(config) as { data: Record<string, string> };
    const options = parse(data["config.yaml"] ?? "") as Record<string, unknown>;
    const file = await kubeconfigOf("operators", release);
    return startOperator(file, { ...options, leaderElection: { enabled: false } });
  };
  const hand = handOn(plane.adminConnection);
  const stop = async () => {
    await hand.close();
    await plane.stop();
  };
  try {
    await Promise.all([
      startKwok(plane),
      addVolumes(plane, 20),
      installCrds(plane.adminConnection, "cert-manager"),
      installCrds(plane.adminConnection, "gateway-api"),
    ]);
    await chart("install", "op", CHART, "--create-namespace", ...values.flatMap((value) => ["--set", value]));
    return { plane, hand, kubectl, chart, operate, kubeconfigOf, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
