import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import {
  BALANCER_RANGE,
  INTERNET_ADDRESS,
  METADATA_ADDRESS,
  NODE_ADDRESS,
  OUTSIDE_ADDRESS,
  POD_RANGE,
  SERVICE_RANGE,
} from "./addresses.ts";
import { waitFor } from "../wait.ts";

/**
 * The first process of the node's own process namespace. It starts what its input names, each program again when it
 * ends, and ends with its input: then the kernel ends all others, and their mounts and networks go with them.
 */
const INIT = `cd "$1"
mount -t tmpfs none /run
mount -t tmpfs none /var/log
mkdir -p lib pid log off programs
mount --bind lib /var/lib
ip netns add outside
ip link add eth0 type veth peer name cable netns outside
ip link set lo up
ip address add ${NODE_ADDRESS}/24 dev eth0
ip link set eth0 up
ip route add default via ${OUTSIDE_ADDRESS}
echo 1 >/proc/sys/net/ipv4/ip_forward
ip -n outside link set lo up
ip -n outside address add ${OUTSIDE_ADDRESS}/24 dev cable
ip -n outside address add ${INTERNET_ADDRESS}/32 dev lo
ip -n outside address add ${METADATA_ADDRESS}/32 dev lo
ip -n outside link set cable up
for range in ${POD_RANGE} ${SERVICE_RANGE} ${BALANCER_RANGE}; do ip -n outside route add $range via ${NODE_ADDRESS}; done
set +e
keep() {
  while :; do
    while [ -e "off/$1" ]; do sleep 0.1; done
    "programs/$1" >>"log/$1.log" 2>&1 </dev/null &
    echo $! >"pid/$1"
    wait $!
    echo "$1 ended with $?" >>"log/$1.log"
    sleep 0.3
  done
}
: >up
while read -r name; do keep "$name" & done`;

/**
 * Outlives whoever started it only until its input ends. Control groups are the one thing that belongs to the machine:
 * those of the node are all in one folder of their own, which goes at the end, when nothing is in them any more.
 */
const GUARD = `folders() {
  if [ -e /sys/fs/cgroup/cgroup.procs ]; then echo "/sys/fs/cgroup/$2"; return; fi
  for parent in /sys/fs/cgroup/*; do [ -e "$parent/cgroup.procs" ] && echo "$parent/$2"; done
}
for folder in $(folders "$@"); do
  mkdir "$folder"
  parent=$(dirname "$folder")
  [ -e "$parent/release_agent" ] && [ -e "$parent/cpuset.cpus" ] || continue
  for file in cpuset.mems cpuset.cpus; do cat "$parent/$file" >"$folder/$file"; done
done
unshare --mount --net --pid --fork --kill-child --mount-proc bash -ec '${INIT}' init "$1"
for try in 1 2 3 4 5 6 7 8 9 10; do
  left=
  for folder in $(folders "$@"); do
    [ -d "$folder" ] || continue
    find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null
    [ -d "$folder" ] && left=1
  done
  [ "$left" ] || break
  sleep 0.3
done
rm -rf "$1" || { sleep 1; rm -rf "$1"; }`;

/** A mount, network and process namespace with a second network beside it, and programs that are kept running in it. */
export interface NodeNamespace {
  /** Of its first process, as this machine counts. */
  readonly pid: number;
  /** Starts a program in its folder and starts it again whenever it ends; see `programSwitch`. */
  readonly start: (name: string, command: string, args: readonly string[]) => Promise<void>;
  /** Ends everything and removes its folder. */
  readonly stop: () => Promise<void>;
}

/** The folder of control groups that belongs to the node with this folder. */
export function cgroupOf(directory: string): string {
  return basename(directory);
}

/** A proxy of the machine is out of reach in there. */
function withoutProxies(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/_proxy$/i.test(name)));
}

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/**
 * Makes the namespaces in which a node runs. Nothing of it is left on the machine when it is stopped or when this
 * process ends in whatever way.
 */
export async function startNamespace(directory: string, env: Readonly<Record<string, string>>): Promise<NodeNamespace> {
  const guard = spawn("sh", ["-c", GUARD, "guard", directory, cgroupOf(directory)], {
    detached: true, // Ctrl-C reaches the caller alone, who then stops things in order
    stdio: ["pipe", "ignore", "pipe"],
    env: { ...withoutProxies(process.env), ...env },
  });
  let said = "";
  guard.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-2_000)));
  const ended = once(guard, "exit");
  const stop = async () => {
    guard.stdin.end();
    await ended;
  };
  const isUp = () => guard.exitCode !== null || existsSync(join(directory, "up"));
  await waitFor(isUp, { what: "the node's namespaces", interval: 20 });
  if (guard.exitCode !== null) throw new Error(`The namespaces of a node could not be made: ${said.trim()}`);
  const child = async (pid: number | undefined) =>
    Number((await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ")[0]);
  const pid = await child(await child(guard.pid));
  const start: NodeNamespace["start"] = async (name, command, args) => {
    const script = `#!/bin/sh\nexec ${[command, ...args].map(quoted).join(" ")}\n`;
    await mkdir(join(directory, "programs"), { recursive: true });
    await writeFile(join(directory, "programs", name), script, { mode: 0o755 });
    guard.stdin.write(`${name}\n`);
  };
  return { pid, start, stop };
}
