import { readFileSync } from "node:fs";
import { join } from "node:path";
import { apiClient } from "./api.ts";
import { cacheEntry, kept } from "./cache.ts";
import type { ControlPlane } from "./control-plane.ts";
import { installCrds } from "./crds.ts";
import { goEnvironment } from "./go.ts";
import type { RunningProgram } from "./processes.ts";
import { withProgress } from "./progress.ts";
import { run } from "./run.ts";

const source = join(import.meta.dirname, "cert-manager");
const inputs = ["main.go", "solver/main.go", "go.mod", "go.sum"].map((file) =>
  readFileSync(join(source, file), "utf8"),
);
const version = /cert-manager\/cert-manager (v\S+)$/m.exec(inputs[2] ?? "")?.[1];

async function build(into: string): Promise<void> {
  const stamp = `-X github.com/cert-manager/cert-manager/pkg/util.AppVersion=${version}`;
  const flags = ["-mod=readonly", "-ldflags", `-s -w ${stamp}`];
  const options = { cwd: source, env: goEnvironment };
  await run("go", ["build", ...flags, "-o", join(into, "cert-manager"), "."], options);
  await run("go", ["build", ...flags, "-o", join(into, "acmesolver"), "./solver"], options);
}

/**
 * Builds cert-manager's controllers (`cert-manager`) and the program of its solver pods (`acmesolver`), both static;
 * returns their folder. Needs Go the first time.
 */
export function provisionCertManager(): Promise<string> {
  return kept(cacheEntry("cert-manager", inputs), (into) =>
    withProgress(`building cert-manager ${version}`, () => build(into)),
  );
}

/** What the project's own release runs in solver pods. */
const SOLVER_IMAGE = `quay.io/jetstack/cert-manager-acmesolver:${version}`;

export interface CertManagerOptions {
  /** Image of the pods that answer an ACME challenge; the release's when absent. Without nodes none of them runs. */
  readonly solverImage?: string;
  /** HOST:PORT of DNS servers that the self-check of a challenge asks; the system's when absent. */
  readonly nameservers?: readonly string[];
  /** Answer challenges by HTTPRoute as well; needs the definitions of Gateway API. */
  readonly gateway?: boolean;
}

/** Arguments of `cert-manager`; without `kubeconfig` it uses the ServiceAccount of its pod. */
export function certManagerFlags(kubeconfig: string | undefined, options: CertManagerOptions = {}): string[] {
  const { solverImage = SOLVER_IMAGE, nameservers = [], gateway = false } = options;
  return [
    ...(kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`]),
    `--acme-http01-solver-image=${solverImage}`,
    ...(nameservers.length === 0 ? [] : [`--acme-http01-solver-nameservers=${nameservers.join(",")}`]),
    `--enable-gateway-api=${gateway}`,
  ];
}

/**
 * Installs cert-manager's definitions and runs its controllers beside a control plane; Secrets of ClusterIssuers are
 * looked for in the namespace `cert-manager`, which is made. It ends with the control plane.
 * @param trust path of a PEM file with the only authorities whose ACME servers are trusted; the system's when absent
 */
export async function startCertManager(
  bed: Pick<ControlPlane, "adminConnection" | "kubeconfig" | "group">,
  { trust, ...options }: CertManagerOptions & { readonly trust?: string } = {},
): Promise<RunningProgram> {
  const folder = await provisionCertManager();
  await installCrds(bed.adminConnection, "cert-manager");
  const client = apiClient(bed.adminConnection);
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "cert-manager" } };
  await client.request("POST", "/api/v1/namespaces", namespace).finally(() => client.close());
  const flags = certManagerFlags(bed.kubeconfig, options);
  // A proxy of the machine must not come between it and servers of the bed.
  const env = { NO_PROXY: "*", ...(trust !== undefined && { SSL_CERT_FILE: trust }) };
  return bed.group.start("cert-manager", join(folder, "cert-manager"), flags, env);
}
