import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { KubeConfig } from "@kubernetes/client-node";
import { systemClock } from "./clock.ts";

/** Where the API server is and how we prove who we are. */
export interface Connection {
  /** `https://10.96.0.1:443` */
  readonly server: string;
  /** PEM. */
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  /** The name in the server's certificate, where it differs from the host. */
  readonly serverName?: string;
  /** True only when the kubeconfig says `insecure-skip-tls-verify`. */
  readonly skipTlsVerify?: boolean;
  /** The context's namespace, or the pod's own. */
  readonly namespace?: string;
  /** The `Authorization` header; `fresh` asks for a new one because the old one was refused. */
  authorization(fresh?: boolean): Promise<string | undefined>;
}

const MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
/** The kubelet replaces the mounted token long before it expires. */
const TOKEN_AGE_MS = 60_000;

/**
 * Inside a cluster the pod's ServiceAccount, unless a context or kubeconfig is asked for; else the kubeconfig.
 * @throws Error with a sentence that says what to do.
 */
export async function connect(
  options: {
    readonly context?: string;
    /** A path, or several joined by colons. */
    readonly kubeconfig?: string;
    /** Another environment than the process's own (tests). */
    readonly env?: Readonly<Record<string, string | undefined>>;
  } = {},
): Promise<Connection> {
  const { env = process.env } = options;
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  const wantsFile = options.context !== undefined || options.kubeconfig !== undefined;
  if (!wantsFile && host && existsSync(`${MOUNT}/token`)) return inCluster(host, port ?? "443");
  return fromKubeconfig(
    options.kubeconfig ?? env["KUBECONFIG"] ?? `${env["HOME"] ?? ""}/.kube/config`,
    options.context,
  );
}

/** @param mount the folder of the ServiceAccount; another one in tests. */
export async function inCluster(host: string, port: string, mount = MOUNT, clock = systemClock): Promise<Connection> {
  const [ca, namespace] = await Promise.all([readFile(`${mount}/ca.crt`), readFile(`${mount}/namespace`, "utf8")]);
  let token = "";
  let readAt = Number.NEGATIVE_INFINITY;
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    ca,
    namespace: namespace.trim(),
    async authorization(fresh = false) {
      if (fresh || clock.now() - readAt > TOKEN_AGE_MS) {
        token = (await readFile(`${mount}/token`, "utf8")).trim();
        readAt = clock.now();
      }
      return `Bearer ${token}`;
    },
  };
}

async function fromKubeconfig(path: string, context: string | undefined): Promise<Connection> {
  const config = await loadKubeconfig(path);
  if (context !== undefined) {
    const known = config.getContexts().map(({ name }) => name);
    if (!known.includes(context)) {
      throw new Error(`The kubeconfig has no context "${context}". It has: ${known.join(", ") || "none"}.`);
    }
    config.setCurrentContext(context);
  }
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error(`The kubeconfig ${path} has no current context. Choose one with --context.`);
  const { tls } = await askForCredentials(config);
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace;
  return {
    server: cluster.server.replace(/\/+$/, ""),
    ...tls,
    ...(cluster.tlsServerName ? { serverName: cluster.tlsServerName } : {}),
    ...(cluster.skipTLSVerify ? { skipTlsVerify: true } : {}),
    ...(namespace ? { namespace } : {}),
    // The client caches exec and OIDC tokens itself and renews them when they expire.
    authorization: async () => (await askForCredentials(config)).authorization,
  };
}

async function loadKubeconfig(path: string): Promise<KubeConfig> {
  const files = path.split(":").filter((part) => part !== "" && existsSync(part));
  if (files.length === 0) {
    throw new Error(`There is no kubeconfig at ${path}. Set KUBECONFIG or pass --kubeconfig with the path to yours.`);
  }
  // Half a second and 55 MB: only where a kubeconfig has to be understood.
  const { KubeConfig } = await import("@kubernetes/client-node");
  // Not `loadFromDefault`, which falls back to http://localhost:8080.
  const config = new KubeConfig();
  try {
    for (const file of files) {
      const part = new KubeConfig();
      part.loadFromFile(file);
      config.mergeConfig(part, Boolean(config.getCurrentContext()));
    }
  } catch (error) {
    throw new Error(`The kubeconfig ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  return config;
}

interface Credentials {
  readonly tls: Pick<Connection, "ca" | "cert" | "key">;
  readonly authorization: string | undefined;
}

interface HttpsOptions {
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  auth?: string;
  headers?: Record<string, string>;
}

async function askForCredentials(config: KubeConfig): Promise<Credentials> {
  const options: HttpsOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, auth, headers } = options;
  const basic = auth === undefined ? undefined : `Basic ${Buffer.from(auth).toString("base64")}`;
  return {
    tls: { ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) },
    authorization: headers?.["Authorization"] ?? basic,
  };
}
