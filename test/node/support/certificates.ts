import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { type ApiClient, apiClient } from "../../bed/api.ts";
import { certManagerFlags, provisionCertManager } from "../../bed/cert-manager.ts";
import { installCrds } from "../../bed/crds.ts";
import { API_PORT, INTERNET_ADDRESS } from "../../bed/node/addresses.ts";
import { SOLVER_IMAGE } from "../../bed/node/images.ts";
import { OUTSIDE } from "../../bed/node/places.ts";
import { preparePebble } from "../../bed/pebble.ts";
import type { NodeData, StartedNode } from "../../bed/node/start.ts";

/** A ClusterIssuer whose authority is made for each run. */
export const ISSUER = "bed";

const group = "/apis/cert-manager.io/v1";
/** As everywhere: the chart's admission policies know cert-manager by its ServiceAccount. */
const ACCOUNT = { name: "cert-manager", namespace: "cert-manager" };
const metadata = { name: ISSUER, namespace: ACCOUNT.namespace };
const rbac = "rbac.authorization.k8s.io";
const objects: readonly (readonly [string, object])[] = [
  ["/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: metadata.namespace } }],
  [
    `/api/v1/namespaces/${ACCOUNT.namespace}/serviceaccounts`,
    { apiVersion: "v1", kind: "ServiceAccount", metadata: ACCOUNT },
  ],
  [
    `/apis/${rbac}/v1/clusterrolebindings`,
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: ACCOUNT.name },
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "cluster-admin" },
      subjects: [{ kind: "ServiceAccount", ...ACCOUNT }],
    },
  ],
  [`${group}/namespaces/${metadata.namespace}/issuers`, issuer("Issuer", metadata, { selfSigned: {} })],
  [
    `${group}/namespaces/${metadata.namespace}/certificates`,
    {
      apiVersion: "cert-manager.io/v1",
      kind: "Certificate",
      metadata,
      spec: {
        isCA: true,
        commonName: "test bed",
        secretName: ISSUER,
        privateKey: { algorithm: "ECDSA", size: 256 },
        issuerRef: { name: ISSUER },
      },
    },
  ],
  [`${group}/clusterissuers`, issuer("ClusterIssuer", { name: ISSUER }, { ca: { secretName: ISSUER } })],
];

function issuer(kind: string, metadata: object, spec: object) {
  return { apiVersion: "cert-manager.io/v1", kind, metadata, spec };
}

async function must(client: ApiClient, path: string, object: object): Promise<unknown> {
  const { status, body } = await client.request("POST", path, object);
  if (status !== 201) throw new Error(`${path}: ${JSON.stringify(body)}`);
  return body;
}

/** Writes the kubeconfig with which cert-manager works inside of the node; returns its path. */
async function identity({ directory, adminConnection }: NodeData, client: ApiClient): Promise<string> {
  const path = `/api/v1/namespaces/${ACCOUNT.namespace}/serviceaccounts/${ACCOUNT.name}/token`;
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 86_400 } };
  const { status } = (await must(client, path, request)) as { status: { token: string } };
  const ca = Buffer.from(adminConnection.ca).toString("base64");
  const cluster = { server: `https://127.0.0.1:${API_PORT}`, "certificate-authority-data": ca };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "bed",
    clusters: [{ name: "bed", cluster }],
    users: [{ name: "bed", user: { token: status.token } }],
    contexts: [{ name: "bed", context: { cluster: "bed", user: "bed" } }],
  };
  const file = join(directory, "cert-manager.kubeconfig");
  await writeFile(file, stringify(config), { mode: 0o600 });
  return file;
}

/** An ACME server on the internet, for `spec.certificates.acme`. */
export interface AcmeServer {
  readonly directory: string;
  /** Where it tells the PEM of the root of what it issues, and path of the PEM that says who it is. */
  readonly rootUrl: string;
  readonly trust: string;
}

/**
 * Runs cert-manager's controllers as a program of the node, with the issuer `bed`, and an ACME server for which every name
 * leads to `hostsAt`. No wall is judged by them, but by the pods that answer challenges.
 */
export async function startCertificates({ data, start }: StartedNode, hostsAt: string): Promise<AcmeServer> {
  const folder = await provisionCertManager();
  await installCrds(data.adminConnection, "cert-manager");
  const { programs, nameserver, ...acme } = await preparePebble(data.directory, { address: INTERNET_ADDRESS, hostsAt });
  const withEnv = (env: Readonly<Record<string, string>>) =>
    Object.entries(env).map(([key, value]) => `${key}=${value}`);
  for (const { name, command, args, env } of programs) {
    await start(name, "env", [...withEnv(env), "nsenter", ...OUTSIDE, command, ...args]);
  }
  const client = apiClient(data.adminConnection);
  try {
    for (const [path, object] of objects) await must(client, path, object);
    const flags = certManagerFlags(await identity(data, client), {
      solverImage: SOLVER_IMAGE,
      nameservers: [nameserver],
    });
    const env = withEnv({ SSL_CERT_FILE: acme.trust });
    await start("cert-manager", "env", [...env, join(folder, "cert-manager"), ...flags]);
  } finally {
    await client.close();
  }
  return acme;
}
