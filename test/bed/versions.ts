import { readFileSync } from "node:fs";
import { join } from "node:path";

const lock = readFileSync(join(import.meta.dirname, "kube", "go.mod"), "utf8");

function required(module: string): string {
  const version = new RegExp(`^\\s*${module} v(\\S+)$`, "m").exec(lock)?.[1];
  if (version === undefined) throw new Error(`test/bed/kube/go.mod does not require ${module}.`);
  return version;
}

/** Versions of the control plane, without `v`; go.mod is the only place that names them. */
export const kubernetesVersion = required("k8s.io/kubernetes");
export const etcdVersion = required("go.etcd.io/etcd/server/v3");

/** What a folder must hold to serve as a control plane. */
export const programs = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"] as const;
