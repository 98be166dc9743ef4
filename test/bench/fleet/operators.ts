import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { freePort } from "../../bed/ports.ts";
import { waitFor } from "../../bed/wait.ts";
import { cacheEntry, kept } from "../../bed/cache.ts";
import { goEnvironment, needGo } from "../../bed/go.ts";
import type { ProcessGroup } from "../../bed/processes.ts";
import { run } from "../../bed/run.ts";
import { withProgress } from "../../bed/progress.ts";
import { podFlags } from "../pod-flags.ts";
import { liveHeapMiB } from "./live-heap.ts";
import type { Stage } from "./stage.ts";

/** An operator that waits for practices: its caches are filled. */
export interface Operator {
  readonly pid: number;
  /** What it tells at `/metrics`. */
  metrics(): Promise<string>;
  stop(): Promise<void>;
}

export interface OurOperator extends Operator {
  /** What it cannot let go of. */
  liveHeapMiB(): Promise<number>;
  leads(): Promise<boolean>;
}

const source = join(import.meta.dirname, "..", "go");

/** Builds the Go operator; its go.mod and go.sum are the lock. @returns the program's path. */
async function provisionGo(): Promise<string> {
  await needGo();
  const inputs = ["main.go", "go.mod", "go.sum"].map((file) => readFileSync(join(source, file), "utf8"));
  const folder = await kept(cacheEntry("bench-go", inputs), (into) =>
    withProgress("building the operator on controller-runtime (cold up to 8 min)", async () => {
      const flags = ["-mod=readonly", "-ldflags", "-s -w", "-o", join(into, "operator")];
      await run("go", ["build", ...flags, "."], { cwd: source, env: goEnvironment });
    }),
  );
  return join(folder, "operator");
}

export async function startGo(
  group: ProcessGroup,
  options: { readonly kubeconfig: string; readonly objects: string; readonly workers: number },
): Promise<Operator> {
  const program = await provisionGo();
  const [metrics, probes] = [await freePort(), await freePort()];
  const running = group.start(
    "bench-go",
    program,
    [
      `--objects=${options.objects}`,
      `--workers=${options.workers}`,
      `--metrics=127.0.0.1:${metrics}`,
      `--probes=127.0.0.1:${probes}`,
    ],
    { KUBECONFIG: options.kubeconfig },
  );
  const ready = async () => {
    if (running.ended() !== undefined) return true;
    return (await fetch(`http://127.0.0.1:${probes}/readyz`)).ok;
  };
  await waitFor(ready, { timeout: 120_000, interval: 50, what: "the Go operator to be ready" });
  if (running.ended() !== undefined) throw new Error(`The Go operator ${running.ended()}: ${group.tail("bench-go")}`);
  return {
    pid: running.pid,
    metrics: () => read(metrics),
    async stop() {
      if (running.ended() === undefined) process.kill(running.pid, "SIGTERM");
      await waitFor(() => running.ended() !== undefined, { timeout: 60_000, what: "the Go operator to stop" });
    },
  };
}

/**
 * The real operator as it runs in its pod: as a ServiceAccount whose token is mounted, in a mount namespace of its own. A
 * kubeconfig would cost it half a second and 55 MB that it does not need there.
 * @param until resolves when it leads, or, for one that is to stand by, when its caches are filled.
 */
export async function startOurs(
  stage: Stage,
  server: string,
  until: "it leads" | "caches are filled" = "it leads",
): Promise<OurOperator> {
  const [port, inspector] = [await freePort(), await freePort()];
  const config = {
    leaderElection: { enabled: true, namespace: "default" },
    telemetry: { host: "127.0.0.1", port },
    logLevel: "warn",
    // Nobody runs here who could try walls.
    probe: { everyHours: 0 },
  };
  const { group, directory, adminConnection } = stage.plane;
  // Of this one alone: another may run, and read its own.
  const own = await mkdtemp(join(directory, "ours-"));
  const account = join(own, "account");
  await mkdir(account);
  await writeFile(join(account, "ca.crt"), adminConnection.ca);
  await writeFile(join(account, "namespace"), "default");
  await writeFile(join(account, "token"), await stage.token());
  const file = join(own, "config.yaml");
  await writeFile(file, stringify(config));
  const mounts = [`mount -t tmpfs none /run`, `mkdir -p ${MOUNT}`, `mount --bind "${account}" ${MOUNT}`];
  const flags = [...podFlags(stage.namespaces.length), `--inspect-port=127.0.0.1:${inspector}`];
  const program = `exec "${process.execPath}" ${flags.join(" ")} "${MAIN}" operator --config "${file}"`;
  const script = [...mounts, program].join(" && ");
  const { hostname, port: serverPort } = new URL(server);
  const environment = {
    KUBERNETES_SERVICE_HOST: hostname,
    KUBERNETES_SERVICE_PORT: serverPort,
    // In the image it is filled from the start, here from the first run on, which is not measured.
    NODE_COMPILE_CACHE: join(directory, "compiled"),
  };
  const name = basename(own);
  const running = group.start(name, "unshare", ["--map-root-user", "--mount", "sh", "-c", script], environment);
  const leads = async () => /^leader_election_master_status\{[^}]*\} 1$/m.test(await read(port));
  const isReady = async () => {
    if (!(await fetch(`http://127.0.0.1:${port}/readyz`)).ok) return false;
    return until === "caches are filled" || leads();
  };
  const ready = () => running.ended() !== undefined || isReady();
  // As seldom as the Go operator is asked: each look takes from its own processor.
  await waitFor(ready, { timeout: 120_000, interval: 50, what: "the operator to be ready" }).catch((error: unknown) => {
    throw new Error(`The operator is not ready: ${group.tail(name)}`, { cause: error });
  });
  if (running.ended() !== undefined) throw new Error(`The operator ${running.ended()}: ${group.tail(name)}`);
  return {
    pid: running.pid,
    metrics: () => read(port),
    liveHeapMiB: () => liveHeapMiB(running.pid, inspector),
    leads,
    async stop() {
      if (running.ended() === undefined) process.kill(running.pid, "SIGTERM");
      await waitFor(() => running.ended() !== undefined, { timeout: 60_000, what: "the operator to stop" });
    },
  };
}

const MAIN = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));
const MOUNT = "/run/secrets/kubernetes.io/serviceaccount";

async function read(port: number): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
}
