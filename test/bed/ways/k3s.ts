import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GenericContainer, Wait, type StartedTestContainer } from "testcontainers";
import { parse } from "yaml";
import type { SharedBed } from "../../support/shared-bed.ts";
import type { Connection } from "../api.ts";
import { auditPolicy } from "../audit.ts";
import { createAuthority } from "../pki.ts";
import { kubernetesVersion } from "../versions.ts";

// Never run by us: no machine of ours had a Docker daemon. The tag follows K3s's scheme; no registry was asked for it.
const image = `rancher/k3s:v${kubernetesVersion}-k3s1`;
const port = 6443;

async function startContainer(folder: string): Promise<StartedTestContainer> {
  const audit = ["audit-policy-file=/bed/audit-policy.json", "audit-log-path=/bed/audit.jsonl"];
  const flags = audit.map((flag) => `--kube-apiserver-arg=${flag}`);
  try {
    return await new GenericContainer(image)
      .withPrivilegedMode()
      .withBindMounts([{ source: folder, target: "/bed" }])
      .withCommand(["server", "--disable=traefik,servicelb,metrics-server", "--tls-san=127.0.0.1", ...flags])
      .withExposedPorts(port)
      .withWaitStrategy(Wait.forLogMessage(/Node controller sync successful/))
      .withStartupTimeout(180_000)
      .start();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `K3s could not be started in Docker (${reason}). Start the Docker daemon and see that it can pull ${image}, ` +
        "or leave out `--bed docker`: the tests then bring a control plane of their own.",
      { cause: error },
    );
  }
}

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: { readonly "certificate-authority-data": string } }];
  readonly users: readonly [{ readonly user: Readonly<Record<"client-certificate-data" | "client-key-data", string>> }];
}

/** The administrator's connection that a K3s kubeconfig holds, for another address of the same server. */
export function connectionOf(kubeconfig: string, server: string): Connection {
  const { clusters, users } = parse(kubeconfig) as Kubeconfig;
  const decode = (base64: string) => Buffer.from(base64, "base64").toString("utf8");
  return {
    server,
    ca: decode(clusters[0].cluster["certificate-authority-data"]),
    cert: decode(users[0].user["client-certificate-data"]),
    key: decode(users[0].user["client-key-data"]),
  };
}

/** Starts K3s in a container, with the same audit log, for whoever asks for `--bed docker`. */
export async function startK3s(): Promise<SharedBed & { readonly stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "telehealth-k3s-"));
  await writeFile(join(folder, "audit-policy.json"), JSON.stringify(auditPolicy));
  const container = await startContainer(folder);
  const server = `https://127.0.0.1:${container.getMappedPort(port)}`;
  const { output } = await container.exec(["cat", "/etc/rancher/k3s/k3s.yaml"]);
  const connection = connectionOf(output, server);
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, output.replace(`https://127.0.0.1:${port}`, server), { mode: 0o600 });
  await writeFile(join(folder, "kubectl"), `#!/bin/sh\nexec docker exec -i ${container.getId()} kubectl "$@"\n`);
  await chmod(join(folder, "kubectl"), 0o755);
  // K3s keeps the key of its own server; a proxy in front of it gets one that the tests trust as well.
  const authority = await createAuthority();
  const serverIdentity = await authority.issue({ user: "k3s", dnsNames: ["localhost"], addresses: ["127.0.0.1"] });
  const adminConnection = { ...connection, ca: connection.ca + authority.cert };
  const stop = async () => {
    await container.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { adminConnection, serverIdentity, kubeconfig, binaries: folder, auditLog: join(folder, "audit.jsonl"), stop };
}
