import { readFileSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { haproxy } from "../apps/support/programs.ts";
import { apiClient } from "./api.ts";
import { cacheEntry, kept } from "./cache.ts";
import type { ControlPlane } from "./control-plane.ts";
import { goEnvironment, goModule } from "./go.ts";
import { freePort } from "./ports.ts";
import { withProgress } from "./progress.ts";
import { run } from "./run.ts";
import { waitFor } from "./wait.ts";

const source = join(import.meta.dirname, "ingress");
const inputs = ["go.mod", "go.sum"].map((file) => readFileSync(join(source, file), "utf8"));
const module = "github.com/jcmoraisjr/haproxy-ingress";
const version = new RegExp(`${module} (v\\S+)$`, "m").exec(inputs[0] ?? "")?.[1] ?? "";

async function build(into: string): Promise<void> {
  // Another way than `go install`, which refuses this module because it holds replacements.
  const args = ["build", "-mod=readonly", "-ldflags", "-s -w", "-o", join(into, "haproxy-ingress"), `${module}/pkg`];
  await run("go", args, { cwd: source, env: goEnvironment });
  // Templates of the configuration and scripts, which it reads from beside it.
  await cp(join(await goModule(module, version), "rootfs"), join(into, "rootfs"), { recursive: true });
  await run("chmod", ["-R", "u+w", join(into, "rootfs")]);
}

/**
 * Builds haproxy-ingress, a controller for Ingress and Gateway API that drives the distribution's HAProxy; returns the
 * folder of `haproxy-ingress` and `rootfs/`. Needs Go the first time.
 */
export function provisionIngress(): Promise<string> {
  return kept(cacheEntry("haproxy-ingress", inputs), (into) =>
    withProgress(`building haproxy-ingress ${version}`, () => build(into)),
  );
}

/** The classes that the controller serves; made by `startIngress`. */
export const INGRESS_CLASS = "haproxy";
export const GATEWAY_CLASS = "haproxy";
const CONTROLLER = "haproxy-ingress.github.io/controller";

export interface IngressController {
  /** Ports of 127.0.0.1. */
  readonly http: number;
  readonly https: number;
  /** The configuration that HAProxy runs on now. */
  readonly configuration: () => string;
  /** The last lines of its logs. */
  readonly log: () => string;
}

/**
 * Runs haproxy-ingress and HAProxy beside a control plane, for all its namespaces, on ports of loopback. Of the node's
 * network it sees what the machine sees; pods of a bed without nodes answer nowhere unless `settings` lead there.
 * @param settings global settings as its ConfigMap takes them, in addition to the ports
 */
export async function startIngress(
  bed: Pick<ControlPlane, "adminConnection" | "kubeconfig" | "group" | "directory">,
  settings: Readonly<Record<string, string>> = {},
): Promise<IngressController> {
  const [programs, proxy] = await Promise.all([provisionIngress(), haproxy()]);
  const folder = await mkdtemp(join(bed.directory, "ingress-"));
  const [http, https, health, prometheus, stats] = await Promise.all(Array.from({ length: 5 }, freePort));
  const loopback = ["http", "healthz", "prometheus", "stats"].map((name) => [`bind-ip-addr-${name}`, "127.0.0.1"]);
  const data = {
    ...Object.fromEntries(loopback),
    "http-port": String(http),
    "https-port": String(https),
    "healthz-port": String(health),
    "prometheus-port": String(prometheus),
    "stats-port": String(stats),
    ...settings,
  };
  await createObjects(bed, data);
  const configurationFolder = join(folder, "etc", "haproxy");
  const socket = join(folder, "master.sock");
  await mkdir(join(folder, "var", "run", "haproxy"), { recursive: true });
  await mkdir(join(folder, "var", "lib", "haproxy"), { recursive: true });
  await cp(join(programs, "rootfs", "etc", "lua"), join(configurationFolder, "lua"), { recursive: true });
  // HAProxy wants a configuration to begin with; this is the one that the controller's own image begins with.
  const first = "defaults\n    timeout server 1s\n    timeout client 1s\n    timeout connect 1s\n";
  await writeFile(join(configurationFolder, "haproxy.cfg"), first);
  bed.group.start("haproxy", proxy.command, ["-W", "-S", `${socket},mode,600`, "-f", configurationFolder], proxy.env);
  const wrapper = join(folder, "haproxy");
  await writeFile(wrapper, `#!/bin/sh\nexec ${proxy.command} "$@"\n`);
  await chmod(wrapper, 0o755);
  const controller = bed.group.start("haproxy-ingress", "env", [
    `--chdir=${programs}`,
    // Whose elections these are.
    `POD_NAMESPACE=${NAMESPACE}`,
    `PATH=${folder}:${process.env.PATH}`,
    ...Object.entries(proxy.env).map(([name, value]) => `${name}=${value}`),
    join(programs, "haproxy-ingress"),
    `--kubeconfig=${bed.kubeconfig}`,
    `--local-filesystem-prefix=${folder}`,
    `--master-socket=${socket}`,
    `--configmap=${NAMESPACE}/settings`,
    "--healthz-addr=",
    "--update-status=false",
    "--rate-limit-update=10",
    "--v=2",
  ]);
  const configuration = () => readFileSync(join(configurationFolder, "haproxy.cfg"), "utf8");
  const log = () => `${bed.group.tail("haproxy-ingress")}\n${bed.group.tail("haproxy")}`;
  // Nobody serves the bare address.
  const serves = async () => (await fetch(`http://127.0.0.1:${http}/`)).status === 404;
  const ready = async () => controller.ended() !== undefined || serves();
  await waitFor(ready, { timeout: 60_000, what: "haproxy-ingress to serve" });
  if (controller.ended() !== undefined) throw new Error(`haproxy-ingress ${controller.ended()}: ${log()}`);
  return { http: http ?? 0, https: https ?? 0, configuration, log };
}

const NAMESPACE = "ingress-controller";

async function createObjects(bed: Pick<ControlPlane, "adminConnection">, data: Readonly<Record<string, string>>) {
  const client = apiClient(bed.adminConnection);
  const create = async (path: string, object: object) => {
    const { status, body } = await client.request("POST", path, object);
    if (status >= 300 && status !== 404) throw new Error(`POST ${path}: ${status} ${JSON.stringify(body)}`);
  };
  try {
    await create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
    const settings = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" }, data };
    await create(`/api/v1/namespaces/${NAMESPACE}/configmaps`, settings);
    await create("/apis/networking.k8s.io/v1/ingressclasses", {
      apiVersion: "networking.k8s.io/v1",
      kind: "IngressClass",
      metadata: { name: INGRESS_CLASS },
      spec: { controller: CONTROLLER },
    });
    // Answers 404 where Gateway API is not installed.
    await create("/apis/gateway.networking.k8s.io/v1/gatewayclasses", {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "GatewayClass",
      metadata: { name: GATEWAY_CLASS },
      spec: { controllerName: CONTROLLER },
    });
  } finally {
    await client.close();
  }
}
