import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apiClient, type Connection } from "./api.ts";
import { auditPolicy, readAuditLog, type AuditEvent } from "./audit.ts";
import { apiServerFlags, controllerManagerFlags, etcdFlags, schedulerFlags } from "./flags.ts";
import { writeIdentities } from "./identities.ts";
import { createAuthority, type KeyPair } from "./pki.ts";
import { freePort } from "./ports.ts";
import { processGroup, type ProcessGroup } from "./processes.ts";
import { provisionControlPlane } from "./provision.ts";
import { waitFor } from "./wait.ts";

export interface ControlPlaneOptions {
  /** Folder with the programs; provisioned if not given. */
  readonly binaries?: string;
  /** Off: no pods are made of Deployments, StatefulSets, DaemonSets and Jobs. On if not given. */
  readonly workloadControllers?: boolean;
  readonly scheduler?: boolean;
}

/** A Kubernetes without nodes: etcd, kube-apiserver and kube-controller-manager as plain processes on loopback. */
export interface ControlPlane {
  /** Everything it owns; gone after `stop`. */
  readonly directory: string;
  /** Folder of its programs, `kubectl` among them. */
  readonly binaries: string;
  readonly server: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly adminConnection: Connection;
  /** What the API server shows its clients: a proxy in front of it shows the same. */
  readonly serverIdentity: KeyPair;
  /** Path of the audit log; one JSON object per line. */
  readonly auditLog: string;
  readonly auditEvents: (select?: (event: AuditEvent) => boolean) => Promise<AuditEvent[]>;
  /** For further programs that shall end with the control plane. */
  readonly group: ProcessGroup;
  /** SIGKILL and a new start on the same port and data; returns when it is ready again. */
  readonly restartApiServer: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** The API server of a group, with what it takes to start it again. */
function apiServerOf(group: ProcessGroup, binaries: string, port: number, answers: (path: string) => Promise<boolean>) {
  const name = "kube-apiserver";
  const launch = () => group.start(name, join(binaries, name), apiServerFlags(port));
  let program = launch();
  const ready = async () => {
    const settled = () => program.ended() !== undefined || answers("/readyz");
    await waitFor(settled, { timeout: 90_000, what: "the API server to be ready" });
    if (program.ended() !== undefined) throw new Error(`${name} ${program.ended()}: ${group.tail(name)}`);
  };
  const restart = async () => {
    await program.kill();
    program = launch();
    await ready();
  };
  return { ready, restart };
}

/**
 * Starts a control plane and returns once it answers and its controller-manager works, after about 4 s.
 * Needs no root and nothing but the programs. Two of them never meet: own folder, own free port, sockets for etcd.
 * Nothing of it outlives this process, however that ends.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const binaries = options.binaries ?? (await provisionControlPlane());
  const directory = await mkdtemp(join(tmpdir(), "telehealth-bed-"));
  const group = processGroup(directory);
  const port = await freePort();
  const server = `https://127.0.0.1:${port}`;
  const { adminConnection, serverIdentity } = await writeIdentities(directory, await createAuthority(), server);
  await writeFile(join(directory, "audit-policy.json"), JSON.stringify(auditPolicy));
  const client = apiClient(adminConnection);
  const answers = async (path: string) => (await client.request("GET", path)).status === 200;
  const stop = async () => {
    await client.close();
    await group.stop();
  };
  try {
    const launch = (name: string, flags: string[]) => group.start(name, join(binaries, name), flags);
    launch("etcd", etcdFlags());
    const apiServer = apiServerOf(group, binaries, port, answers);
    launch("kube-controller-manager", controllerManagerFlags(options.workloadControllers ?? true));
    if (options.scheduler) launch("kube-scheduler", schedulerFlags());
    await apiServer.ready();
    const first = "/api/v1/namespaces/default/serviceaccounts/default";
    await waitFor(() => answers(first), {
      timeout: 90_000,
      what: "the controller-manager to make the first ServiceAccount",
    });
    const auditLog = join(directory, "audit.jsonl");
    const auditEvents: ControlPlane["auditEvents"] = (select) => readAuditLog(auditLog, select);
    const kubeconfig = join(directory, "admin.kubeconfig");
    const restartApiServer = apiServer.restart;
    const told = { directory, binaries, server, kubeconfig, adminConnection, serverIdentity, auditLog };
    return { ...told, auditEvents, group, restartApiServer, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
