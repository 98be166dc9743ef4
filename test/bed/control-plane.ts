import { mkdtemp, mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apiClient, type Connection } from "./api.ts";
import { auditPolicy, readAuditLog, type AuditEvent } from "./audit.ts";
import { createAuthority, tokenKeys, type Authority, type KeyPair } from "./pki.ts";
import { freePort } from "./ports.ts";
import { provisionControlPlane } from "./provision.ts";
import { processGroup, type ProcessGroup } from "./processes.ts";
import { waitFor } from "./wait.ts";

export interface ControlPlaneOptions {
  /** Folder with the programs; provisioned if not given. */
  readonly binaries?: string;
  /** Off: no pods are made of Deployments, StatefulSets, DaemonSets and Jobs. Garbage collection stays. */
  readonly workloadControllers?: boolean;
  readonly scheduler?: boolean;
}

/** A Kubernetes without nodes: etcd, kube-apiserver and kube-controller-manager as plain processes on loopback. */
export interface ControlPlane {
  /** Everything it owns; gone after `stop`. */
  readonly directory: string;
  readonly binaries: string;
  readonly server: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly adminConnection: Connection;
  readonly authority: Authority;
  /** Path of the audit log; one JSON object per line. */
  readonly auditLog: string;
  auditEvents(select?: (event: AuditEvent) => boolean): Promise<AuditEvent[]>;
  /** Starts a further program that ends with the control plane. */
  readonly start: ProcessGroup["start"];
  readonly tail: ProcessGroup["tail"];
  /** SIGKILL and a new start on the same port and data; returns when it is ready again. */
  restartApiServer(): Promise<void>;
  stop(): Promise<void>;
}

const serviceRange = "10.96.0.0/16";
const workloadControllers = ["deployment", "replicaset", "statefulset", "daemonset", "job", "cronjob"];

/** Content of a kubeconfig; JSON is YAML. */
export function kubeconfigFor({ server, ca, cert, key }: Connection): string {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "bed",
    clusters: [{ name: "bed", cluster: { server, "certificate-authority-data": base64(ca) } }],
    users: [{ name: "bed", user: { "client-certificate-data": base64(cert), "client-key-data": base64(key) } }],
    contexts: [{ name: "bed", context: { cluster: "bed", user: "bed" } }],
  });
}

async function writePair(directory: string, name: string, pair: KeyPair): Promise<void> {
  await writeFile(join(directory, `${name}.crt`), pair.cert);
  await writeFile(join(directory, `${name}.key`), pair.key, { mode: 0o600 });
}

/** Writes every certificate, key and kubeconfig; returns the administrator's connection. */
async function writeIdentities(directory: string, authority: Authority, server: string): Promise<Connection> {
  await mkdir(join(directory, "pki"));
  const pki = join(directory, "pki");
  await writePair(pki, "ca", authority);
  await writePair(pki, "tokens", tokenKeys());
  const names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
  const addresses = ["127.0.0.1", "10.96.0.1"];
  await writePair(pki, "apiserver", await authority.issue({ user: "kube-apiserver", dnsNames: names, addresses }));
  const connect = async (file: string, user: string, group?: string) => {
    const pair = await authority.issue({ user, ...(group !== undefined && { group }) });
    const connection = { server, ca: authority.cert, ...pair };
    await writeFile(join(directory, `${file}.kubeconfig`), kubeconfigFor(connection), { mode: 0o600 });
    return connection;
  };
  await connect("controller-manager", "system:kube-controller-manager");
  await connect("scheduler", "system:kube-scheduler");
  return connect("admin", "admin", "system:masters");
}

function startEtcd(group: ProcessGroup, binaries: string) {
  // Sockets in the folder: no port is taken. Durability is of no use to a data folder that is thrown away.
  group.start("etcd", join(binaries, "etcd"), [
    ...["--name=bed", "--data-dir=etcd", "--unsafe-no-fsync", "--log-level=warn", "--initial-cluster=bed=unix://bed:1"],
    ...["--listen-client-urls=unix://bed:0", "--advertise-client-urls=unix://bed:0"],
    ...["--listen-peer-urls=unix://bed:1", "--initial-advertise-peer-urls=unix://bed:1"],
  ]);
}

function startApiServer(group: ProcessGroup, binaries: string, port: number) {
  return group.start("kube-apiserver", join(binaries, "kube-apiserver"), [
    ...["--etcd-servers=unix://bed:0", `--secure-port=${port}`, "--bind-address=127.0.0.1"],
    ...[
      "--advertise-address=127.0.0.1",
      "--endpoint-reconciler-type=none",
      `--service-cluster-ip-range=${serviceRange}`,
    ],
    ...["--tls-cert-file=pki/apiserver.crt", "--tls-private-key-file=pki/apiserver.key"],
    ...["--client-ca-file=pki/ca.crt", "--service-account-issuer=https://kubernetes.default.svc"],
    ...["--service-account-signing-key-file=pki/tokens.key", "--service-account-key-file=pki/tokens.crt"],
    ...["--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--profiling=false"],
    ...["--audit-policy-file=audit-policy.json", "--audit-log-path=audit.jsonl"],
  ]);
}

function startControllerManager(group: ProcessGroup, binaries: string, withWorkloads: boolean) {
  const left = withWorkloads ? [] : workloadControllers.map((name) => `-${name}-controller`);
  group.start("kube-controller-manager", join(binaries, "kube-controller-manager"), [
    ...["--kubeconfig=controller-manager.kubeconfig", "--use-service-account-credentials", "--leader-elect=false"],
    ...["--service-account-private-key-file=pki/tokens.key", "--root-ca-file=pki/ca.crt", "--secure-port=0"],
    ...["--cluster-signing-cert-file=pki/ca.crt", "--cluster-signing-key-file=pki/ca.key"],
    // With its usual 20 requests a second it needs 9 s to be ready instead of 4.
    ...["--kube-api-qps=500", "--kube-api-burst=1000", `--controllers=${["*", ...left].join(",")}`],
  ]);
}

function startScheduler(group: ProcessGroup, binaries: string) {
  group.start("kube-scheduler", join(binaries, "kube-scheduler"), [
    ...["--kubeconfig=scheduler.kubeconfig", "--leader-elect=false", "--secure-port=0"],
    ...["--kube-api-qps=500", "--kube-api-burst=1000"],
  ]);
}

/**
 * Starts a control plane and returns once it answers and its controller-manager works, after about 4 s.
 * Needs no root and nothing but the binaries. Two of them do not meet: own folder, own free port, sockets for etcd.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const binaries = options.binaries ?? (await provisionControlPlane());
  const directory = await mkdtemp(join(tmpdir(), "telehealth-bed-"));
  const group = processGroup(directory);
  const port = await freePort();
  const server = `https://127.0.0.1:${port}`;
  const authority = await createAuthority();
  const adminConnection = await writeIdentities(directory, authority, server);
  await writeFile(join(directory, "audit-policy.json"), JSON.stringify(auditPolicy));
  const client = apiClient(adminConnection);
  const answers = async (path: string) => (await client.request("GET", path)).status === 200;

  let apiServer = startApiServer(group, binaries, port);
  const ready = async () => {
    const up = () => apiServer.ended() !== undefined || answers("/readyz");
    await waitFor(up, { timeout: 90_000, what: "the API server to be ready" });
    if (apiServer.ended()) throw new Error(`kube-apiserver ${apiServer.ended()}: ${group.tail("kube-apiserver")}`);
  };
  const stop = async () => {
    await client.close();
    await group.stop();
  };
  try {
    startEtcd(group, binaries);
    startControllerManager(group, binaries, options.workloadControllers ?? true);
    if (options.scheduler) startScheduler(group, binaries);
    await ready();
    await waitFor(() => answers("/api/v1/namespaces/default/serviceaccounts/default"), {
      what: "the controller-manager to make the first ServiceAccount",
    });
  } catch (error) {
    await stop();
    throw error;
  }
  const auditLog = join(directory, "audit.jsonl");
  return {
    ...{ directory, binaries, server, adminConnection, authority, auditLog, stop },
    kubeconfig: join(directory, "admin.kubeconfig"),
    start: group.start,
    tail: group.tail,
    auditEvents: (select) => readAuditLog(auditLog, select),
    restartApiServer: async () => {
      await apiServer.kill();
      apiServer = startApiServer(group, binaries, port);
      await ready();
    },
  };
}
