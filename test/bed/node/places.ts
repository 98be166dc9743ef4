import { rm, writeFile } from "node:fs/promises";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { run, type RunOptions } from "../run.ts";
import { waitFor } from "../wait.ts";
import { CONTAINERD_SOCKET } from "./settings.ts";
import type { NodeData } from "./start.ts";

/** Whose network a program is to be in. The files are this machine's everywhere. */
export type Place = "node" | "outside" | { readonly namespace: string; readonly pod: string };

type Bed = Pick<NodeData, "directory" | "pid" | "env">;

/** The command line that runs `command` in the node's namespaces, with its programs in the path. */
export function commandAt({ pid, env }: Bed, place: "node" | "outside" | number, command: readonly string[]) {
  const enter = ["nsenter", `--target=${pid}`, "--mount", "--net", "--pid"];
  const settings = ["env", ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
  const within =
    place === "node"
      ? []
      : place === "outside"
        ? ["nsenter", "--net=/run/netns/outside"]
        : ["nsenter", `--target=${place}`, "--net"];
  return [...settings, ...enter, ...within, ...command];
}

function ctr(bed: Bed, ...args: readonly string[]): Promise<string> {
  return runCommand(commandAt(bed, "node", ["ctr", "--address", CONTAINERD_SOCKET, "--namespace", "k8s.io", ...args]));
}

function runCommand([command = "", ...args]: readonly string[], options?: RunOptions): Promise<string> {
  return run(command, args, options);
}

/** Gives the node an image out of an archive; waits for containerd if it is just starting. */
export async function importImage(bed: Bed, archive: string): Promise<void> {
  await waitFor(() => ctr(bed, "version"), { timeout: 60_000, what: "containerd" });
  await ctr(bed, "images", "import", archive);
}

/** A container, or what holds its pod together, that runs on the node. */
export interface Container {
  readonly pod: string;
  /** As its pod calls it; absent for what holds the pod together. */
  readonly name?: string;
  /** Of its first process, as the node counts. */
  readonly pid: number;
}

/** All that runs of the pods of a namespace. */
export async function containersOf(bed: Bed, namespace: string): Promise<Container[]> {
  const filter = `labels."io.kubernetes.pod.namespace"==${namespace}`;
  const tasks = (await ctr(bed, "tasks", "list")).split("\n").map((line) => line.split(/\s+/));
  const pids = new Map(tasks.map(([id = "", pid, state]) => [id, state === "RUNNING" ? Number(pid) : 0]));
  const ids = (await ctr(bed, "containers", "list", "--quiet", filter)).split("\n").filter((id) => pids.get(id));
  return Promise.all(
    ids.map(async (id) => {
      const { Labels } = JSON.parse(await ctr(bed, "containers", "info", id)) as { Labels: Record<string, string> };
      const name = Labels["io.kubernetes.container.name"];
      return {
        pod: Labels["io.kubernetes.pod.name"] ?? "",
        pid: pids.get(id) ?? 0,
        ...(name !== undefined && { name }),
      };
    }),
  );
}

/** The process, as the node counts, that holds the network of a pod. */
async function processOf(bed: Bed, namespace: string, pod: string): Promise<number> {
  const found = (await containersOf(bed, namespace)).find((entry) => entry.pod === pod && entry.name === undefined);
  if (!found) throw new Error(`No pod ${namespace}/${pod} runs on the node.`);
  return found.pid;
}

/** The command line that runs `command` in a place; good as long as the pod is. */
export async function commandIn(bed: Bed, place: Place, command: readonly string[]): Promise<string[]> {
  if (typeof place === "string") return commandAt(bed, place, command);
  return commandAt(bed, await processOf(bed, place.namespace, place.pod), command);
}

/** Runs a program of this machine in a place to its end; returns what it prints, or throws with its last words. */
export async function runIn(bed: Bed, place: Place, command: readonly string[], options?: RunOptions): Promise<string> {
  return runCommand(await commandIn(bed, place, command), options);
}

/** The programs of a node that tests may take away and bring back. */
export type NodeProgram =
  | "etcd"
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kube-scheduler"
  | "containerd"
  | "kubelet"
  | "kube-proxy"
  | "policies";

const switchOf = ({ directory }: Bed, name: NodeProgram) => join(directory, "off", name);

/** SIGKILL; it stays away until it is started again. */
export async function stopProgram(bed: Bed, name: NodeProgram): Promise<void> {
  await writeFile(switchOf(bed, name), "");
  await killProgram(bed, name);
}

export async function startProgram(bed: Bed, name: NodeProgram): Promise<void> {
  await rm(switchOf(bed, name), { force: true });
}

/** SIGKILL; it is started again at once. */
export async function killProgram(bed: Bed, name: NodeProgram): Promise<void> {
  const pid = (await readFile(join(bed.directory, "pid", name), "utf8")).trim();
  const gone = `kill -9 ${pid}; while kill -0 ${pid} 2>/dev/null; do sleep 0.05; done`;
  await runCommand(commandAt(bed, "node", ["sh", "-c", gone]));
}
