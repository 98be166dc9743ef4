import { readFileSync } from "node:fs";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { goEnvironment } from "../go.ts";
import { run } from "../run.ts";
import { kubernetesVersion, programs } from "../versions.ts";

const source = join(import.meta.dirname, "..", "kube");

/** What the build is made of: another content means another build. */
export const moduleInputs = ["main.go", "go.mod", "go.sum"].map((file) => readFileSync(join(source, file), "utf8"));

/** Linker flags. Without a stamp the programs call themselves 0.0.0 and clients take them for an ancient server. */
export function versionStamps(): string {
  const minor = kubernetesVersion.split(".")[1];
  const values = { gitVersion: `v${kubernetesVersion}`, gitMajor: "1", gitMinor: minor, gitTreeState: "clean" };
  return ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"]
    .flatMap((path) => Object.entries(values).map(([name, value]) => `-X ${path}.${name}=${value}`))
    .join(" ");
}

/** Builds the control plane; go.mod and go.sum beside its source are the lock. Cold it takes up to 10 minutes. */
export async function buildFromModules(into: string): Promise<void> {
  const flags = ["-mod=readonly", "-ldflags", `-s -w ${versionStamps()}`, "-o", join(into, "kube")];
  await run("go", ["build", ...flags, "."], { cwd: source, env: goEnvironment });
  for (const program of programs) await symlink("kube", join(into, program));
}
