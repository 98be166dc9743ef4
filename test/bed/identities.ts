import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Connection } from "./api.ts";
import { tokenKeys, type Authority, type KeyPair } from "./pki.ts";

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

/**
 * Writes the certificates and keys of a control plane into `pki/` and `admin`, `controller-manager` and
 * `scheduler.kubeconfig` beside it. Returns the administrator's connection and what the API server shows its clients:
 * it is itself at loopback, at its Service's address and at `moreAddresses`.
 */
export async function writeIdentities(
  directory: string,
  authority: Authority,
  server: string,
  moreAddresses: readonly string[] = [],
) {
  const pki = join(directory, "pki");
  await mkdir(pki);
  const writePair = async (name: string, pair: KeyPair) => {
    await writeFile(join(pki, `${name}.crt`), pair.cert);
    await writeFile(join(pki, `${name}.key`), pair.key, { mode: 0o600 });
  };
  const connect = async (file: string, user: string, group?: string): Promise<Connection> => {
    const connection = { server, ca: authority.cert, ...(await authority.issue({ user, ...(group && { group }) })) };
    await writeFile(join(directory, `${file}.kubeconfig`), kubeconfigFor(connection), { mode: 0o600 });
    return connection;
  };
  await writePair("ca", authority);
  await writePair("tokens", tokenKeys());
  const dnsNames = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
  const addresses = ["127.0.0.1", "10.96.0.1", ...moreAddresses];
  const serverIdentity = await authority.issue({ user: "kube-apiserver", dnsNames, addresses });
  await writePair("apiserver", serverIdentity);
  await connect("controller-manager", "system:kube-controller-manager");
  await connect("scheduler", "system:kube-scheduler");
  return { serverIdentity, adminConnection: await connect("admin", "admin", "system:masters") };
}
