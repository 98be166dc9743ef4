import { apiClient } from "../../bed/api.ts";
import { installCrds } from "../../bed/crds.ts";
import { certManagerFlags, provisionCertManager } from "../../bed/cert-manager.ts";
import type { StartedNode } from "../../bed/node/start.ts";
import { join } from "node:path";

/** A ClusterIssuer whose authority is made for each run. */
export const ISSUER = "bed";

const group = "/apis/cert-manager.io/v1";
const metadata = { name: ISSUER, namespace: "cert-manager" };
const objects: readonly (readonly [string, object])[] = [
  ["/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: metadata.namespace } }],
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

/** Runs cert-manager's controllers as a program of the node, with the issuer `bed`. No wall is judged by them. */
export async function startCertificates({ data, start }: StartedNode): Promise<void> {
  const folder = await provisionCertManager();
  await installCrds(data.adminConnection, "cert-manager");
  const client = apiClient(data.adminConnection);
  try {
    for (const [path, object] of objects) {
      const { status, body } = await client.request("POST", path, object);
      if (status !== 201) throw new Error(`${path}: ${JSON.stringify(body)}`);
    }
  } finally {
    await client.close();
  }
  await start("cert-manager", join(folder, "cert-manager"), certManagerFlags(join(data.directory, "admin.kubeconfig")));
}
