import { fileURLToPath } from "node:url";
import { join } from "node:path";
import type { ControlPlane } from "./control-plane.ts";
import { run } from "./run.ts";
import { waitFor } from "./wait.ts";

const file = fileURLToPath(new URL("../../crds/telehealthpractices.yaml", import.meta.url));

/** Installs the definition of a practice from `crds/` and returns once the API server serves it. */
export async function installOwnCrd({
  binaries,
  kubeconfig,
}: Pick<ControlPlane, "binaries" | "kubeconfig">): Promise<void> {
  const kubectl = (...args: string[]) => run(join(binaries, "kubectl"), [`--kubeconfig=${kubeconfig}`, ...args]);
  await kubectl("apply", "--server-side", "-f", file);
  // kubectl fails at once while the definition has no status at all yet.
  await waitFor(() => kubectl("wait", "--for=condition=Established", "-f", file, "--timeout=20s"), {
    what: "the definition of a practice to be served",
  });
}
