import { join } from "node:path";
import { NODE_NAME } from "../../bed/node/addresses.ts";
import { CONTAINERD_SOCKET } from "../../bed/node/settings.ts";
import { kubectl, kubectlApply } from "../../support/bed.ts";
import { node, runAt } from "./node.ts";
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
  /** Takes the last free byte. */
  readonly fill: () => Promise<void>;
  /** As if it had been enlarged. */
  readonly enlarge: () => Promise<void>;
}

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
  return {
    fill: async () => {
      const left = await runAt("node", "sh", "-c", `cat /dev/zero >${ballast} 2>/dev/null; stat -f -c %a ${path}`);
      if (left.trim() !== "0") throw new Error(`${left.trim()} blocks of the volume are still free.`);
    },
    enlarge: async () => {
      await runAt("node", "rm", ballast);
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
