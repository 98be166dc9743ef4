import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { unpackedPackages } from "../../apps/support/debian.ts";
import { libraryPath } from "../../apps/support/programs.ts";
import { cacheEntry, kept } from "../cache.ts";
import { goEnvironment, goInstall, needGo } from "../go.ts";
import { withProgress } from "../progress.ts";
import { provisionControlPlane } from "../provision.ts";
import { run } from "../run.ts";
import { kubernetesVersion } from "../versions.ts";
import { moduleInputs, versionStamps } from "../ways/modules.ts";

const CONTAINERD = "v2.3.4";
const CNI = "v1.9.1";
const ENFORCER = "sigs.k8s.io/kube-network-policies/cmd/kube-network-policies/standard";
/** What a machine of ours or a container of CI lacks; the other tools of a node come with every Debian. */
const PACKAGES = ["runc", "iptables", "iproute2"];

/** Builds a program out of one of our own modules, which pins everything it is made of. */
async function build(module: string, path: string, output: string, stamps = ""): Promise<void> {
  const flags = ["-mod=readonly", "-ldflags", `-s -w ${stamps}`.trim(), "-o", output];
  await run("go", ["build", ...flags, path], { cwd: module, env: goEnvironment });
}

const text = (...path: string[]) => readFileSync(join(import.meta.dirname, ...path), "utf8");

interface Part {
  readonly name: string;
  /** Another content means another build. */
  readonly inputs: readonly string[];
  readonly build: (into: string) => Promise<void>;
}

const parts: readonly Part[] = [
  {
    name: "kubelet",
    inputs: [...moduleInputs, text("..", "kube", "node", "main.go")],
    build: async (into) => {
      await build(join(import.meta.dirname, "..", "kube"), "./node", join(into, "kubelet"), versionStamps());
      await symlink("kubelet", join(into, "kube-proxy"));
    },
  },
  {
    name: "containerd",
    inputs: [CONTAINERD],
    build: async (into) => {
      for (const program of ["containerd", "ctr", "containerd-shim-runc-v2"]) {
        await goInstall(`github.com/containerd/containerd/v2/cmd/${program}`, CONTAINERD, into);
      }
    },
  },
  {
    name: "cni",
    inputs: [CNI],
    build: async (into) => {
      for (const plugin of ["main/ptp", "main/loopback", "ipam/host-local", "meta/portmap"]) {
        await goInstall(`github.com/containernetworking/plugins/plugins/${plugin}`, CNI, into);
      }
    },
  },
  {
    name: "policies",
    inputs: [text("netpol", "go.mod"), text("netpol", "go.sum")],
    build: (into) => build(join(import.meta.dirname, "netpol"), ENFORCER, join(into, "kube-network-policies")),
  },
  ...["coredns", "pause"].map((name) => ({
    name,
    inputs: ["go.mod", "main.go"].map((file) => text(name, file)),
    build: (into: string) => build(join(import.meta.dirname, name), ".", join(into, name)),
  })),
];

/** What a node is made of, each program under its own name in one of the folders. */
export interface NodePrograms {
  /** Makes a folder of links to all of them, and to what they call by name. */
  readonly linkInto: (folder: string) => Promise<void>;
  /** Folder of the network plugins. */
  readonly cni: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Builds or fetches the programs of a node, from Go modules and packages of the distribution.
 * @throws Error with a sentence for people where there can be no node.
 */
export async function provisionNode(): Promise<NodePrograms> {
  if (process.platform !== "linux") throw new Error("a node runs on Linux only");
  if (process.getuid?.() !== 0)
    throw new Error("a node needs root, for its namespaces and containers. Run the tests as root");
  await needGo();
  const controlPlane = await provisionControlPlane();
  const folders: Record<string, string> = {};
  for (const part of parts) {
    folders[part.name] = await kept(cacheEntry(`node-${part.name}`, part.inputs), (into) =>
      withProgress(`building ${part.name} for the node (Kubernetes ${kubernetesVersion})`, () => part.build(into)),
    );
  }
  const packages = await unpackedPackages("node", PACKAGES);
  const libraries = libraryPath(packages);
  const linkInto = async (into: string) => {
    await mkdir(into);
    const { cni: _, ...programs } = folders;
    for (const folder of [controlPlane, ...Object.values(programs)]) {
      for (const program of await readdir(folder)) await symlink(join(folder, program), join(into, program));
    }
    for (const [name, target] of distributed(packages)) await symlink(target, join(into, name));
  };
  const matches = libraries.LD_LIBRARY_PATH.split(":")
    .map((folder) => join(folder, "xtables"))
    .find(existsSync);
  const env = { ...libraries, ...(matches !== undefined && { XTABLES_LIBDIR: matches }) };
  return { linkInto, cni: folders["cni"] ?? "", env };
}

/** What is installed here is not unpacked, and found by its name. Some of these links are made by an installation only. */
function distributed(root: string): [string, string][] {
  const tables = ["iptables", "ip6tables"].flatMap((name) => [name, `${name}-save`, `${name}-restore`]);
  const multi = join(root, "usr", "sbin", "xtables-nft-multi");
  const links: [string, string][] = [
    ...tables.map((name): [string, string] => [name, multi]),
    ["runc", join(root, "usr", "sbin", "runc")],
    ["ip", join(root, "bin", "ip")],
  ];
  return links.filter(([, target]) => existsSync(target));
}
