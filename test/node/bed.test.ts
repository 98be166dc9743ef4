import { readFile } from "node:fs/promises";
import { afterAll, describe, expect, it } from "vitest";
import { INTERNET_ADDRESS, METADATA_ADDRESS } from "../bed/node/addresses.ts";
import { waitFor } from "../bed/wait.ts";
import { kubectl, kubectlApply } from "../support/bed.ts";
import { hand, node, runAt } from "./support/node.ts";
import { PLAIN, serverPod, startPods, tryEdge } from "./support/pods.ts";

afterAll(() => hand.close());

const denyAll = (namespace: string) => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "deny", namespace },
  spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
});

describe("the node of the tests", () => {
  it("runs pods under Pod Security restricted, and drops what no policy allows", async () => {
    const namespace = await hand.namespace(PLAIN);
    const [, server = ""] = await startPods(
      namespace,
      serverPod(namespace, "client"),
      serverPod(namespace, "server", { app: "server" }),
    );
    const client = { namespace, pod: "client" };
    const edges = () =>
      Promise.all([
        tryEdge(client, "TCP", server, 8080),
        tryEdge(client, "UDP", server, 8081),
        tryEdge("outside", "TCP", server, 8080),
        tryEdge(client, "TCP", INTERNET_ADDRESS, 80),
        tryEdge(client, "TCP", METADATA_ADDRESS, 80),
      ]);
    expect(await edges()).toEqual(Array(5).fill("open"));
    await kubectlApply(denyAll(namespace));
    await waitFor(async () => (await edges()).every((edge) => edge === "closed"), { what: "the policy to hold" });
    // The kubelet's own traffic is not judged: no cluster could probe a pod otherwise.
    expect(await tryEdge("node", "TCP", server, 8080)).toBe("open");
  });

  it("finds Services by name and answers at the node's port", async () => {
    const namespace = await hand.namespace(PLAIN);
    await startPods(namespace, serverPod(namespace, "server", { app: "server" }), serverPod(namespace, "client"));
    await kubectlApply({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "server", namespace },
      spec: {
        type: "NodePort",
        selector: { app: "server" },
        ports: [{ port: 80, targetPort: 8080, nodePort: 30_080 }],
      },
    });
    const get = (url: string) => [process.execPath, "-e", `fetch("${url}").then((r) => r.text()).then(console.log)`];
    const inside = `fetch("http://server.${namespace}.svc.cluster.local").then((r) => r.text()).then(console.log)`;
    const asked = () => kubectl(["-n", namespace, "exec", "client", "--", "node", "-e", inside]);
    expect(await waitFor(asked, { what: "the Service by its name" })).toBe("server\n");
    const answered = () => runAt("outside", ...get("http://10.200.0.1:30080"));
    expect(await waitFor(answered, { what: "the port of the node" })).toBe("server\n");
  });

  it("is nowhere on the machine but in its folder", async () => {
    expect(await readFile("/proc/mounts", "utf8")).not.toContain(node.directory);
    expect(await readFile("/proc/net/dev", "utf8")).not.toMatch(/eth0@|cable|veth/);
  });
});
