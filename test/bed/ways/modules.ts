import { readFileSync } from "node:fs";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../run.ts";
import { kubernetesVersion, programs } from "../versions.ts";

/** Go's own environment for every build of the bed; the same everywhere, so that its build cache serves all. */
export const goEnvironment = { CGO_ENABLED: "0", GOFLAGS: "-mod=readonly -trimpath -buildvcs=false", GOWORK: "off" };

const source = join(import.meta.dirname, "..", "kube");

/** What the build is made of: another content means another build. */
export const moduleInputs = ["main.go", "go.mod", "go.sum"].map((file) => readFileSync(join(source, file), "utf8"));

// Without a stamp the programs call themselves 0.0.0 and clients take them for an ancient server.
function stamps(): string {
  const minor = kubernetesVersion.split(".")[1];
  const values = { gitVersion: `v${kubernetesVersion}`, gitMajor: "1", gitMinor: minor, gitTreeState: "clean" };
  return ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"]
    .flatMap((path) => Object.entries(values).map(([name, value]) => `-X ${path}.${name}=${value}`))
    .join(" ");
}

/** Says whether Go can be called: the reason why not, or `undefined`. */
export async function goMissing(): Promise<string | undefined> {
  try {
    await run("go", ["version"]);
    return undefined;
  } catch {
    return "Go is not installed";
  }
}

/** Builds the control plane from Go modules; go.mod and go.sum beside the source are the lock. Cold: up to 10 minutes. */
export async function buildFromModules(into: string): Promise<void> {
  const flags = ["-ldflags", `-s -w ${stamps()}`];
  await run("go", ["build", ...flags, "-o", join(into, "kube"), "."], { cwd: source, env: goEnvironment });
  for (const program of programs) await symlink("kube", join(into, program));
}
