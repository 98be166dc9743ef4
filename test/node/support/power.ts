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

/** Files that hold the networks of processes: without them those would outlive the power, and answer with refusals. */
const networksOf = (pids: string) => `
lost=$(for pid in ${pids}; do stat -L -c %i /proc/$pid/ns/net; done | sort -u)
for file in $(awk '$3 == "nsfs" { print $2 }' /proc/self/mounts | sort -u); do
  for network in $lost; do if [ $network = $(stat -c %i $file) ]; then echo $file; fi; done
done`;

/**
 * Ends the whole node at once, as when its power fails: its programs, what runs in the pods of these namespaces, their
 * networks, and what holds all that; then starts it again with its disk.
 */
export async function failPower(...namespaces: readonly string[]): Promise<void> {
  const containers = (await Promise.all(namespaces.map((namespace) => containersOf(node, namespace)))).flat();
  const pids = containers.map(({ pid }) => pid).join(" ");
  const lines = async (script: string) => (await runAt("node", "sh", "-c", script)).trim().split("\n").join(" ");
  const shims = await lines(`for pid in ${pids}; do sed -n 's/^PPid:\\t//p' /proc/$pid/status; done | sort -u`);
  const networks = await lines(networksOf(pids));
  for (const program of PROGRAMS) await stopProgram(node, program);
  await runAt("node", "sh", "-c", `kill -9 ${shims} ${pids} 2>/dev/null; umount ${networks}; rm -f ${networks}`);
  for (const program of PROGRAMS.toReversed()) await startProgram(node, program);
}
