type Flags = Readonly<Record<string, string | number | boolean>>;

const line = (flags: Flags) => Object.entries(flags).map(([name, value]) => `--${name}=${value}`);

/** Sockets in the working folder: no port is taken. Its data is thrown away, so nothing need be durable. */
export function etcdFlags(): string[] {
  return line({
    name: "bed",
    "data-dir": "etcd",
    "unsafe-no-fsync": true,
    // A thousand practices, made and deleted several times within the five minutes of a compaction, need more than 2 GiB.
    "quota-backend-bytes": 8 * 2 ** 30,
    "log-level": "warn",
    "listen-client-urls": "unix://bed:0",
    "advertise-client-urls": "unix://bed:0",
    "listen-peer-urls": "unix://bed:1",
    "initial-advertise-peer-urls": "unix://bed:1",
    "initial-cluster": "bed=unix://bed:1",
  });
}

export function apiServerFlags(port: number): string[] {
  return line({
    "etcd-servers": "unix://bed:0",
    "secure-port": port,
    "bind-address": "127.0.0.1",
    "advertise-address": "127.0.0.1",
    "endpoint-reconciler-type": "none",
    "service-cluster-ip-range": "10.96.0.0/16",
    "tls-cert-file": "pki/apiserver.crt",
    "tls-private-key-file": "pki/apiserver.key",
    "client-ca-file": "pki/ca.crt",
    "service-account-issuer": "https://kubernetes.default.svc",
    "service-account-signing-key-file": "pki/tokens.key",
    "service-account-key-file": "pki/tokens.crt",
    "authorization-mode": "Node,RBAC",
    "enable-admission-plugins": "NodeRestriction",
    // As on every real cluster: else privilege is refused before a policy is asked.
    "allow-privileged": true,
    "audit-policy-file": "audit-policy.json",
    "audit-log-path": "audit.jsonl",
    "audit-log-maxsize": 10_000, // MB; else what was recorded is put aside after 100, in the middle of a test
    profiling: false,
  });
}

// With a client's usual 20 requests a second the controller-manager needs 9 s to be ready instead of 4.
const eager = { "kube-api-qps": 500, "kube-api-burst": 1000, "leader-elect": false, "secure-port": 0 };

const workloads = ["deployment", "replicaset", "statefulset", "daemonset", "job", "cronjob"];

/** Without `withWorkloads` nothing makes pods; garbage collection and the rest stay. */
export function controllerManagerFlags(withWorkloads: boolean): string[] {
  const off = withWorkloads ? [] : workloads.map((name) => `-${name}-controller`);
  return line({
    kubeconfig: "controller-manager.kubeconfig",
    controllers: ["*", ...off].join(","),
    "use-service-account-credentials": true,
    "service-account-private-key-file": "pki/tokens.key",
    "root-ca-file": "pki/ca.crt",
    "cluster-signing-cert-file": "pki/ca.crt",
    "cluster-signing-key-file": "pki/ca.key",
    ...eager,
  });
}

export function schedulerFlags(): string[] {
  return line({ kubeconfig: "scheduler.kubeconfig", ...eager });
}
