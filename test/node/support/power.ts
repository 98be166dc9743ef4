import { containersOf, type NodeProgram, startProgram, stopProgram } from "../../bed/node/places.ts";
import { node, runAt } from "./node.ts";

const PROGRAMS: readonly NodeProgram[] = [
  "kubelet",
  "containerd",
  "kube-proxy",
  "policies",
  "kube-scheduler",
  "kube-controller-manager",
  "kube-apiserver",
  "etcd",
];

/**
 * Ends the whole node at once, as when its power fails: its programs, what runs in the pods of these namespaces, and what holds
 * that; then starts it again with its disk.
 */
export async function failPower(...namespaces: readonly string[]): Promise<void> {
  const containers = (await Promise.all(namespaces.map((namespace) => containersOf(node, namespace)))).flat();
  const pids = containers.map(({ pid }) => pid).join(" ");
  const parents = `for pid in ${pids}; do sed -n 's/^PPid:\\t//p' /proc/$pid/status; done | sort -u`;
  const shims = (await runAt("node", "sh", "-c", parents)).trim().split("\n").join(" ");
  for (const program of PROGRAMS) await stopProgram(node, program);
  await runAt("node", "sh", "-c", `kill -9 ${shims} ${pids} 2>/dev/null; true`);
  for (const program of PROGRAMS.toReversed()) await startProgram(node, program);
}
