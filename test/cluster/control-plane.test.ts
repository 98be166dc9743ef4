import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import type { LiveObject } from "../../src/manifest.ts";
import { apiClient } from "../bed/api.ts";
import { startControlPlane } from "../bed/control-plane.ts";
import { installCrds } from "../bed/crds.ts";
import { startKwok } from "../bed/kwok.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";

const labels = { app: "web" };
const template = { metadata: { labels }, spec: { containers: [{ name: "web", image: "web" }] } };
const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: { selector: { matchLabels: labels }, template },
};

/** Starts a control plane in another process and returns that with what it tells about itself. */
async function startElsewhere() {
  const module = JSON.stringify(join(import.meta.dirname, "../bed/control-plane.ts"));
  const script = `import { startControlPlane } from ${module};
    const { directory, group, server } = await startControlPlane({ binaries: ${JSON.stringify(bed.binaries)} });
    const { pid } = group.start("sleep", "sleep", ["1000"]);
    console.log(JSON.stringify({ directory, server, pid }));
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { child, ...(JSON.parse(line) as { directory: string; server: string; pid: number }) };
}

const isAlive = (pid: number) => existsSync(`/proc/${pid}/exe`);

describe("a control plane", () => {
  it.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)("does not outlive a caller that ends by %s", async (signal) => {
    const { child, directory, server, pid } = await startElsewhere();
    expect([existsSync(directory), isAlive(pid)]).toEqual([true, true]);
    child.kill(signal);
    await waitFor(() => !existsSync(directory) && !isAlive(pid), { timeout: 10_000, what: "everything to be gone" });
    await expect(fetch(server)).rejects.toThrow("fetch failed");
  });

  it("keeps its data over a restart of the API server", async () => {
    const own = await startControlPlane({ binaries: bed.binaries });
    const client = apiClient(own.adminConnection);
    const settings = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" } };
    await client.request("POST", "/api/v1/namespaces/default/configmaps", settings);
    await own.restartApiServer();
    expect((await client.request("GET", "/api/v1/namespaces/default/configmaps/settings")).status).toBe(200);
    await client.close();
    await own.stop();
    expect(existsSync(own.directory)).toBe(false);
  });

  it("makes no pods without the workload controllers", async () => {
    const own = await startControlPlane({ binaries: bed.binaries, workloadControllers: false });
    const client = apiClient(own.adminConnection);
    await client.request("POST", "/apis/apps/v1/namespaces/default/deployments", deployment);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const { body } = await client.request("GET", "/apis/apps/v1/namespaces/default/replicasets");
    expect((body as { items: LiveObject[] }).items).toEqual([]);
    await client.close();
    await own.stop();
  });

  it("serves other projects' kinds, and shows simulated pods as ready", async () => {
    const own = await startControlPlane({ binaries: bed.binaries, scheduler: true });
    const client = apiClient(own.adminConnection);
    const served = async (group: string) => (await client.request("GET", `/apis/${group}`)).status === 200;
    expect(await served("cert-manager.io")).toBe(false);
    await installCrds(own.adminConnection, "cert-manager");
    await installCrds(own.adminConnection, "gateway-api");
    await waitFor(() => served("cert-manager.io"));
    await waitFor(() => served("gateway.networking.k8s.io"));

    await startKwok(own);
    await client.request("POST", "/apis/apps/v1/namespaces/default/deployments", deployment);
    await waitFor(async () => {
      const { body } = await client.request("GET", "/apis/apps/v1/namespaces/default/deployments/web");
      return (body as { status?: { readyReplicas?: number } }).status?.readyReplicas === 1;
    });
    await client.close();
    await own.stop();
  });
});
