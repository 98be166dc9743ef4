import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { NODE_NAME } from "../../bed/node/addresses.ts";
import { CONTAINERD_SOCKET } from "../../bed/node/settings.ts";
import { kubectl, kubectlApply } from "../../support/bed.ts";
import { commandTo, node, runAt } from "./node.ts";
import { OPERATORS } from "./operator.ts";

/** Takes an image away from the node, which no registry has; returns what brings it back. */
export async function takeImage(name: string): Promise<() => Promise<void>> {
  const images = (...args: string[]) =>
    runAt("node", "ctr", "--address", CONTAINERD_SOCKET, "--namespace", "k8s.io", "images", ...args);
  const aside = `${name}-aside`;
  await images("tag", "--force", name, aside);
  await images("rm", "--sync", name);
  return async () => {
    await images("tag", "--force", aside, name);
    await images("rm", "--sync", aside);
  };
}

/** A volume with an end, for one claim: what the kubelet finds in it is as small as it is. */
export interface SmallVolume {
  /** Takes the last free byte, and each that becomes free: a database on a full volume frees some when it starts. */
  readonly fill: () => Promise<void>;
  /** As if it had been enlarged. */
  readonly enlarge: () => Promise<void>;
}

const FILLER = `const fs = require("node:fs"), [, path] = process.argv;
const file = fs.openSync(path, "a"), piece = Buffer.alloc(1 << 16);
let told = false;
setInterval(() => {
  if (!fs.existsSync(path)) process.exit();
  try { for (;;) fs.writeSync(file, piece); } catch { if (!told) console.log("full"); told = true; }
}, 1);`;

/** Makes a small volume that only this claim can have. */
export async function smallVolume(namespace: string, claim: string, mebibytes: number): Promise<SmallVolume> {
  const name = `small-${namespace}`;
  const path = join(node.directory, "volumes", name);
  await runAt("node", "sh", "-c", `mkdir ${path} && mount -t tmpfs -o size=${mebibytes}m none ${path}`);
  const onNode = [{ key: "kubernetes.io/hostname", operator: "In", values: [NODE_NAME] }];
  await kubectlApply({
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name },
    spec: {
      capacity: { storage: "1Ti" },
      accessModes: ["ReadWriteOnce"],
      storageClassName: "local",
      claimRef: { namespace, name: claim },
      local: { path },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: onNode }] } },
    },
  });
  const ballast = join(path, "ballast");
  let filler: ChildProcess | undefined;
  return {
    fill: async () => {
      const [command = "", ...args] = await commandTo("node", process.execPath, "-e", FILLER, ballast);
      filler = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
      filler.stdout?.resume();
      await once(filler.stdout as NodeJS.ReadableStream, "data");
    },
    enlarge: async () => {
      const ended = filler && once(filler, "exit");
      await runAt("node", "rm", "-f", ballast);
      await ended;
    },
  };
}

/** Ends the operator; what is returned starts it again, and resolves once it is ready. */
export async function takeOperator(): Promise<() => Promise<void>> {
  const scale = async (replicas: number) => {
    await kubectl(["-n", OPERATORS, "scale", "deployment/op", `--replicas=${replicas}`]);
    await kubectl(["-n", OPERATORS, "rollout", "status", "deployment/op", "--timeout=120s"]);
  };
  await scale(0);
  await kubectl(["-n", OPERATORS, "wait", "--for=delete", "pod", "--all", "--timeout=120s"]);
  return () => scale(1);
}
