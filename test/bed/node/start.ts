import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SharedBed } from "../../support/shared-bed.ts";
import { apiClient, type Connection } from "../api.ts";
import { auditPolicy } from "../audit.ts";
import { cacheEntry, kept } from "../cache.ts";
import { apiServerFlags, controllerManagerFlags, etcdFlags, schedulerFlags } from "../flags.ts";
import { kubeconfigFor, writeIdentities } from "../identities.ts";
import { type Authority, createAuthority } from "../pki.ts";
import { run } from "../run.ts";
import { waitFor } from "../wait.ts";
import { API_PORT, NODE_ADDRESS, NODE_NAME } from "./addresses.ts";
import { addons, DNS_IMAGE, localVolumes } from "./addons.ts";
import { writeProgramImage } from "./archive.ts";
import { commandAt, importImage, OUTSIDE, socketOf } from "./places.ts";
import { ENFORCER_RULES, enforcerFlags } from "./enforcer.ts";
import { forwardTo } from "./forward.ts";
import { type NodeNamespace, startNamespace } from "./namespace.ts";
import { type NodePrograms, provisionNode } from "./programs.ts";
import { PAUSE_IMAGE, writeSettings } from "./settings.ts";

/** Enough for all practices of a tier. */
const VOLUMES = 60;

/** A running node, as plain data that other processes can be given; see places.ts for what can be done with it. */
export interface NodeData extends SharedBed {
  /** Its folder, gone when it is stopped; `bin` in it has its programs, `log` what they say. */
  readonly directory: string;
  /** Of its first process, as this machine counts. */
  readonly pid: number;
  /** What its programs are started with, so that they find their libraries. */
  readonly env: Readonly<Record<string, string>>;
}

export interface StartedNode {
  readonly data: NodeData;
  /** Starts one more program in the node's namespaces, and again whenever it ends. */
  readonly start: NodeNamespace["start"];
  readonly stop: () => Promise<void>;
}

/**
 * Starts a Kubernetes with one real node: its pods run, and what no NetworkPolicy allows is dropped. All of it is in
 * namespaces of its own; nothing is left when it is stopped or when this process ends in whatever way. Needs root.
 */
export async function startNode(programs?: NodePrograms): Promise<StartedNode> {
  const found = programs ?? (await provisionNode());
  const directory = await mkdtemp(join(tmpdir(), "telehealth-node-"));
  const binaries = join(directory, "bin");
  await found.linkInto(binaries);
  const env = { ...found.env, PATH: `${binaries}:${process.env.PATH}` };
  const [authority, space] = [await createAuthority(), await startNamespace(directory, env)];
  const forwarder = await forwardTo(socketOf({ directory }, "node"), "127.0.0.1", API_PORT);
  const server = `https://127.0.0.1:${forwarder.port}`;
  const stop = async () => {
    forwarder.close();
    await space.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const identities = await writeIdentities(directory, authority, `https://127.0.0.1:${API_PORT}`, [NODE_ADDRESS]);
    await writeNodeIdentities(directory, authority);
    await writeSettings(directory, found.cni);
    const adminConnection = { ...identities.adminConnection, server };
    const kubeconfig = join(directory, "outside.kubeconfig");
    await writeFile(kubeconfig, kubeconfigFor(adminConnection), { mode: 0o600 });
    const { serverIdentity } = identities;
    const auditLog = join(directory, "audit.jsonl");
    const data = { directory, pid: space.pid, env, binaries, adminConnection, serverIdentity, kubeconfig, auditLog };
    await launch(space, data);
    return { data, start: space.start, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function writeNodeIdentities(directory: string, authority: Authority): Promise<void> {
  const server = `https://${NODE_ADDRESS}:${API_PORT}`;
  const write = async (file: string, subject: Parameters<Authority["issue"]>[0]) => {
    const pair = await authority.issue(subject);
    await writeFile(join(directory, "pki", `${file}.crt`), pair.cert);
    await writeFile(join(directory, "pki", `${file}.key`), pair.key, { mode: 0o600 });
    const config = kubeconfigFor({ server, ca: authority.cert, ...pair });
    await writeFile(join(directory, `${file}.kubeconfig`), config, { mode: 0o600 });
  };
  const user = `system:node:${NODE_NAME}`;
  await write("kubelet", { user, group: "system:nodes", dnsNames: [NODE_NAME], addresses: [NODE_ADDRESS] });
  await write("proxy", { user: "system:kube-proxy" });
  await write("apiserver-kubelet", { user: "kube-apiserver-kubelet-client" });
}

/** Like that of the cluster tier, but where pods reach it. A flag that comes later wins. */
function nodeApiServerFlags(): string[] {
  return [
    ...apiServerFlags(API_PORT),
    "--bind-address=0.0.0.0",
    `--advertise-address=${NODE_ADDRESS}`,
    "--endpoint-reconciler-type=lease",
    "--kubelet-client-certificate=pki/apiserver-kubelet.crt",
    "--kubelet-client-key=pki/apiserver-kubelet.key",
    "--kubelet-preferred-address-types=InternalIP",
  ];
}

async function launch(space: NodeNamespace, data: NodeData): Promise<void> {
  const { directory, adminConnection } = data;
  const bin = (name: string) => join(directory, "bin", name);
  await writeFile(join(directory, "audit-policy.json"), JSON.stringify(auditPolicy));
  await space.start("etcd", bin("etcd"), etcdFlags());
  await space.start("kube-apiserver", bin("kube-apiserver"), nodeApiServerFlags());
  await space.start("kube-controller-manager", bin("kube-controller-manager"), controllerManagerFlags(true));
  await space.start("kube-scheduler", bin("kube-scheduler"), schedulerFlags());
  await space.start("containerd", bin("containerd"), ["-c", "containerd.toml"]);
  const forward = (place: "node" | "outside") => [join(import.meta.dirname, "forward.ts"), socketOf(data, place)];
  await space.start("forwarder", process.execPath, forward("node"));
  await space.start("forwarder-outside", "nsenter", [...OUTSIDE, process.execPath, ...forward("outside")]);
  const [command = "", ...args] = commandAt(data, "node", ["iptables-restore", "-w", "--noflush"]);
  await run(command, args, { input: ENFORCER_RULES });
  await ready(data, adminConnection);
  await importBasics(data);
  await space.start("kubelet", bin("kubelet"), [
    "--config=kubelet.yaml",
    "--kubeconfig=kubelet.kubeconfig",
    `--hostname-override=${NODE_NAME}`,
    `--node-ip=${NODE_ADDRESS}`,
  ]);
  await space.start("kube-proxy", bin("kube-proxy"), ["--config=kube-proxy.yaml"]);
  await space.start("policies", bin("kube-network-policies"), enforcerFlags(directory));
  await makeUsable(data);
}

async function ready({ directory }: NodeData, connection: Connection): Promise<void> {
  const client = apiClient(connection);
  const answers = async (path: string) => (await client.request("GET", path)).status === 200;
  const first = "/api/v1/namespaces/default/serviceaccounts/default";
  const all = async () => (await answers("/readyz")) && (await answers(first));
  const wait = waitFor(all, { timeout: 120_000, what: "the control plane of the node" });
  await wait.catch(async (error: Error) => {
    const log = await readFile(join(directory, "log", "kube-apiserver.log"), "utf8").catch(() => "");
    throw new Error(`${error.message} ${log.slice(-1_500)}`);
  });
  await client.close();
}

/** The images that no pod can do without. */
async function importBasics(data: NodeData): Promise<void> {
  for (const [name, program] of [
    [PAUSE_IMAGE, "pause"],
    [DNS_IMAGE, "coredns"],
  ] as const) {
    const source = join(data.directory, "bin", program);
    const { stdout: real } = { stdout: await run("readlink", ["-f", source]) };
    const folder = await kept(cacheEntry(`image-${program}`, [name, real]), async (into) => {
      await writeProgramImage(into, name, source);
    });
    await importImage(data, join(folder, "image.tar"));
  }
}

async function makeUsable(data: NodeData): Promise<void> {
  const kubectl = (args: readonly string[], input = "") =>
    run(join(data.directory, "bin", "kubectl"), [`--kubeconfig=${data.kubeconfig}`, ...args], { input });
  const items = [...addons, ...(await localVolumes(data.directory, VOLUMES))];
  await kubectl(["apply", "--server-side", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  const registered = async () => (await kubectl(["get", "node", NODE_NAME])) !== "";
  await waitFor(registered, { timeout: 120_000, interval: 500, what: "the node to be registered" });
  await kubectl(["wait", "--for=condition=Ready", `node/${NODE_NAME}`, "--timeout=120s"]);
  await kubectl(["-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=120s"]);
}
