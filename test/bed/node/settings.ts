import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { DNS_ADDRESS, NODE_ADDRESS, NODE_NAME, POD_RANGE } from "./addresses.ts";
import { cgroupOf } from "./namespace.ts";

/** Image that holds a pod together. */
export const PAUSE_IMAGE = "bed.local/pause:1";

/** A socket in the node's own `/run`: paths of sockets must be short. */
export const CONTAINERD_SOCKET = "/run/containerd.sock";

function network(directory: string): object {
  return {
    cniVersion: "1.0.0",
    name: "bed",
    plugins: [
      {
        type: "ptp",
        ipMasq: false,
        ipam: {
          type: "host-local",
          dataDir: join(directory, "addresses"),
          ranges: [[{ subnet: POD_RANGE.replace("/16", "/24") }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
      { type: "portmap", capabilities: { portMappings: true }, snat: true },
    ],
  };
}

/** TOML; all of it is needed where there is no AppArmor and no right to lower an OOM score. */
function containerd(directory: string, cni: string): string {
  return `version = 3
root = "${join(directory, "containerd")}"
state = "/run/containerd"
oom_score = 0
[grpc]
  address = "${CONTAINERD_SOCKET}"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "${PAUSE_IMAGE}"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
  disable_apparmor = true
  netns_mounts_under_state_dir = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ["${cni}"]
  conf_dir = "${join(directory, "cni")}"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  SystemdCgroup = false
`;
}

function kubelet(directory: string): object {
  const pki = (name: string) => join(directory, "pki", name);
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: NODE_ADDRESS,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: pki("ca.crt") },
    },
    authorization: { mode: "Webhook" },
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${cgroupOf(directory)}`,
    clusterDNS: [DNS_ADDRESS],
    clusterDomain: "cluster.local",
    containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
    failCgroupV1: false,
    failSwapOn: false,
    healthzBindAddress: "127.0.0.1",
    imageGCHighThresholdPercent: 100,
    maxOpenFiles: 16_384,
    // A lower one is refused to whoever lacks the right to it.
    oomScoreAdj: 0,
    podLogsDir: join(directory, "pod-logs"),
    resolvConf: join(directory, "resolv.conf"),
    seccompDefault: true,
    tlsCertFile: pki("kubelet.crt"),
    tlsPrivateKeyFile: pki("kubelet.key"),
  };
}

function kubeProxy(directory: string): object {
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    clientConnection: { kubeconfig: join(directory, "proxy.kubeconfig") },
    clusterCIDR: POD_RANGE,
    // These settings are the machine's: a network namespace cannot write them.
    conntrack: { maxPerCore: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
    hostnameOverride: NODE_NAME,
    mode: "iptables",
    oomScoreAdj: 0,
  };
}

/** Writes the settings of the programs of a node into its folder. `cni` is the folder of the network plugins. */
export async function writeSettings(directory: string, cni: string): Promise<void> {
  const write = (name: string, content: object | string) =>
    writeFile(join(directory, name), typeof content === "string" ? content : stringify(content));
  await mkdir(join(directory, "cni"));
  await writeFile(join(directory, "cni", "10-bed.conflist"), JSON.stringify(network(directory)));
  await write("containerd.toml", containerd(directory, cni));
  await write("kubelet.yaml", kubelet(directory));
  await write("kube-proxy.yaml", kubeProxy(directory));
  await write("resolv.conf", "");
}
