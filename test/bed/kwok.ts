import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { apiClient } from "./api.ts";
import { cacheEntry, kept } from "./cache.ts";
import type { ControlPlane } from "./control-plane.ts";
import { goInstall, goModule } from "./go.ts";
import { withProgress } from "./progress.ts";
import { waitFor } from "./wait.ts";

const module = "sigs.k8s.io/kwok";
const version = "v0.8.0";

// What a simulated node or pod does next is told by files of the module; the program itself knows none.
const stageFolders = ["node/fast", "node/heartbeat-with-lease", "pod/fast"];

async function build(into: string): Promise<void> {
  await goInstall(`${module}/cmd/kwok`, version, into);
  const stages: string[] = [];
  for (const folder of stageFolders) {
    const from = join(await goModule(module, version), "kustomize", "stage", folder);
    const files = (await readdir(from)).filter((file) => /^(node|pod)-.*\.yaml$/.test(file));
    for (const file of files) stages.push(await readFile(join(from, file), "utf8"));
  }
  await writeFile(join(into, "stages.yaml"), stages.join("\n---\n"));
}

/** Builds kwok and fetches its stages; returns the folder of both. Needs Go the first time. */
export function provisionKwok(): Promise<string> {
  return kept(cacheEntry("kwok", [version, ...stageFolders]), (into) =>
    withProgress(`building kwok ${version}`, () => build(into)),
  );
}

// Large enough for every practice that a tier makes.
const size = { cpu: "10000", memory: "100Ti", pods: "20000" };

/**
 * Adds one **simulated** node to a control plane that has a scheduler: its pods are called Ready within a second though
 * nothing runs. Whatever a test or a demo shows with it must be called simulated.
 */
export async function startKwok(bed: ControlPlane): Promise<void> {
  const folder = await provisionKwok();
  const client = apiClient(bed.adminConnection);
  try {
    const annotations = { "kwok.x-k8s.io/node": "fake" };
    const labels = {
      "kubernetes.io/hostname": "simulated",
      "kubernetes.io/os": "linux",
      "kubernetes.io/arch": "amd64",
    };
    const metadata = { name: "simulated", annotations, labels };
    const status = { allocatable: size, capacity: size };
    await client.request("POST", "/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata, status });
    bed.group.start("kwok", join(folder, "kwok"), [
      `--kubeconfig=${bed.kubeconfig}`,
      `--config=${join(folder, "stages.yaml")}`,
      "--manage-all-nodes=false",
      "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
      "--cidr=10.77.0.0/16",
      // Without leases the node counts as lost after 50 s, and all its pods as not ready.
      "--node-lease-duration-seconds=40",
    ]);
    const ready = async () => {
      const { body } = await client.request("GET", "/api/v1/nodes/simulated");
      const node = body as { status?: { conditions?: readonly { type: string; status: string }[] } };
      return node.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
    };
    await waitFor(ready, { what: "the simulated node to be ready" });
  } finally {
    await client.close();
  }
}
