import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { startControlPlane } from "../bed/control-plane.ts";
import { installCrds } from "../bed/crds.ts";
import { helm } from "../bed/helm.ts";
import { startKwok } from "../bed/kwok.ts";
import { run } from "../bed/run.ts";
import { addVolumes } from "../bed/volumes.ts";
import type { DemoOptions } from "./options.ts";

const CHART = fileURLToPath(new URL("../../charts/telehealth-operator", import.meta.url));
const OPERATOR_NAMESPACE = "telehealth-operator";

/** The cluster that the demo plays on. */
export interface Stage {
  /** True on our own control plane, where no pod runs and the demo plays the load balancer. */
  readonly simulated: boolean;
  readonly kubectl: (args: readonly string[], input?: string) => Promise<string>;
  /** The line with which the user can look around. */
  readonly lookAround: string;
  /** A kubeconfig with the operator's own rights and no more. */
  readonly operatorKubeconfig: string;
  readonly strike: () => Promise<void>;
}

/** Sets the stage: a cluster, the kinds of others, and the operator's definition, account and rights from its chart. */
export async function setStage(options: DemoOptions): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "telehealth-demo-"));
  const cluster = options.context ? await existingCluster(options.context) : await ownCluster();
  try {
    const installed = await installChart(cluster.kubectl);
    const operatorKubeconfig = join(folder, "operator.kubeconfig");
    await writeFile(operatorKubeconfig, await kubeconfigOfOperator(cluster.kubectl), { mode: 0o600 });
    const strike = async () => {
      if (!cluster.simulated) await uninstall(cluster.kubectl, installed);
      await cluster.stop();
      await rm(folder, { recursive: true, force: true });
    };
    return { ...cluster, operatorKubeconfig, strike };
  } catch (error) {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

type Kubectl = Stage["kubectl"];

async function ownCluster() {
  const plane = await startControlPlane({ scheduler: true });
  await Promise.all([
    startKwok(plane),
    addVolumes(plane, 4),
    installCrds(plane.adminConnection, "cert-manager"),
    installCrds(plane.adminConnection, "gateway-api"),
  ]);
  const command = join(plane.binaries, "kubectl");
  const env = { KUBECONFIG: plane.kubeconfig, KUBECACHEDIR: join(plane.directory, "kubectl-cache") };
  const kubectl: Kubectl = (args, input) => run(command, args, { env, ...(input !== undefined && { input }) });
  return { simulated: true, kubectl, lookAround: `KUBECONFIG=${plane.kubeconfig} ${command}`, stop: plane.stop };
}

async function existingCluster(context: string) {
  const kubectl: Kubectl = (args, input) =>
    run("kubectl", [`--context=${context}`, ...args], input === undefined ? {} : { input });
  await kubectl(["version"]);
  return { simulated: false, kubectl, lookAround: `kubectl --context=${context}`, stop: async () => undefined };
}

/**
 * Applies what the chart renders, but its Deployment: here the operator runs as a process with the same rights.
 * @throws Error on a cluster that has an operator already: its practices must not get a second one.
 */
async function installChart(kubectl: Kubectl): Promise<string> {
  const there = await kubectl(["get", "crd", "telehealthpractices.telehealth-operator.io", "--ignore-not-found"]);
  if (there) {
    throw new Error(
      "This cluster has the definition of a practice already, so an operator may be at work in it. " +
        "Choose a cluster without one: deleting the definition after the demo would delete every practice.",
    );
  }
  const rendered = await helm(["template", "telehealth-operator", CHART, "--namespace", OPERATOR_NAMESPACE]);
  const objects = parseAllDocuments(rendered)
    .map((document) => document.toJS() as { kind?: string } | null)
    .filter((object) => object?.kind !== undefined && object.kind !== "Deployment");
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  await kubectl(["create", "namespace", OPERATOR_NAMESPACE]);
  await kubectl(["apply", "--server-side", "-n", OPERATOR_NAMESPACE, "-f", "-"], list);
  await kubectl([
    "wait",
    "--for=condition=Established",
    "crd/telehealthpractices.telehealth-operator.io",
    "--timeout=20s",
  ]);
  return list;
}

async function uninstall(kubectl: Kubectl, list: string): Promise<void> {
  await kubectl(["delete", "--ignore-not-found", "-n", OPERATOR_NAMESPACE, "-f", "-"], list);
  await kubectl(["delete", "namespace", OPERATOR_NAMESPACE, "--ignore-not-found"]);
}

/** A token of the operator's ServiceAccount, so that what it may not do fails here too. */
async function kubeconfigOfOperator(kubectl: Kubectl): Promise<string> {
  const token = await kubectl(["create", "token", "telehealth-operator", "-n", OPERATOR_NAMESPACE, "--duration=8h"]);
  const config = JSON.parse(await kubectl(["config", "view", "--raw", "--minify", "-o", "json"])) as {
    users: { name: string; user: object }[];
  };
  return JSON.stringify({
    ...config,
    users: config.users.map(({ name }) => ({ name, user: { token: token.trim() } })),
  });
}
